// Our appointments' twins in outside calendars, every id they have had there, and where the two disagree.
import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  foreignKey,
  index,
  integer,
  jsonb,
  pgEnum,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { instant, organizationId } from '../columns.ts'
import { appointments } from './appointments.ts'
import { integrations } from './integrations.ts'

/** PENDING: the calendar has to follow. SYNCED: it shows the present state. FAILED: it refused; nothing is tried again by itself. */
export const syncStatus = pgEnum('sync_status', ['PENDING', 'SYNCED', 'FAILED'])

/** In the order in which a booking goes through them over there: whatever order it is told in, it never goes back. */
export const remoteState = pgEnum('remote_state', ['REQUESTED', 'ACCEPTED', 'ENDED'])

export const conflictKind = pgEnum('conflict_kind', [
  /** The calendar says that the time of our appointment is taken. */
  'TAKEN_THERE',
  /** It answered with a booking that is not ours. */
  'FOREIGN_ANSWER',
  /** It booked ours at another time than asked. */
  'OTHER_TIME',
  /** The twin was called off there while we changed ours. */
  'ENDED_THERE',
  /** A booking made there overlaps one of ours. */
  'OVERLAP',
])

export const externalBookings = pgTable(
  'external_bookings',
  {
    organizationId: organizationId(),
    integrationId: uuid('integration_id').notNull(),
    appointmentId: uuid('appointment_id').notNull(),
    status: syncStatus().notNull(),
    /** Grows with every wish that the calendar follow: whoever finishes sees whether there is a newer one. */
    revision: integer().notNull(),
    /** Its present id there; earlier ones are in `external_ids`. */
    externalId: text('external_id'),
    /** What the calendar shows, as far as it was verified. Null: nothing. */
    externalStartsAt: instant('external_starts_at'),
    externalEventTypeId: bigint('external_event_type_id', { mode: 'number' }),
    /** A write was begun whose answer is not known: look before the next one. */
    unansweredSince: instant('unanswered_since'),
    /** The start that was asked with it; null: a cancellation. */
    unansweredStartsAt: instant('unanswered_starts_at'),
    /** Since the last success. */
    attempts: integer().notNull().default(0),
    lastSyncedAt: instant('last_synced_at'),
    lastError: text('last_error'),
    /** The worker that is at it; free again when it is done, dead, or this has passed. */
    leasedBy: text('leased_by'),
    leasedUntil: instant('leased_until'),
  },
  (table) => [
    primaryKey({
      name: 'external_bookings_pkey',
      columns: [table.organizationId, table.integrationId, table.appointmentId],
    }),
    foreignKey({
      name: 'external_bookings_integration_fkey',
      columns: [table.organizationId, table.integrationId],
      foreignColumns: [integrations.organizationId, integrations.id],
    }),
    foreignKey({
      name: 'external_bookings_appointment_fkey',
      columns: [table.organizationId, table.appointmentId],
      foreignColumns: [appointments.organizationId, appointments.id],
    }),
    index('external_bookings_appointment_idx').on(table.organizationId, table.appointmentId),
    index('external_bookings_unfinished_idx')
      .on(table.organizationId, table.integrationId)
      .where(sql`status <> 'SYNCED'`),
  ],
)

/** Every booking of an outside calendar that we have heard of, by its id there: present, former and foreign ones. */
export const externalIds = pgTable(
  'external_ids',
  {
    organizationId: organizationId(),
    integrationId: uuid('integration_id').notNull(),
    externalId: text('external_id').notNull(),
    state: remoteState().notNull(),
    /** Null: it takes the time as a busy interval, or is none of ours. */
    appointmentId: uuid('appointment_id'),
    /** We wrote it: what comes back is our own echo. */
    ours: boolean().notNull(),
    startsAt: instant('starts_at').notNull(),
    endsAt: instant('ends_at').notNull(),
    /** What it was moved to. */
    successorId: text('successor_id'),
    seenAt: instant('seen_at').notNull().default(sql`clock_timestamp()`),
  },
  (table) => [
    primaryKey({
      name: 'external_ids_pkey',
      columns: [table.organizationId, table.integrationId, table.externalId],
    }),
    foreignKey({
      name: 'external_ids_integration_fkey',
      columns: [table.organizationId, table.integrationId],
      foreignColumns: [integrations.organizationId, integrations.id],
    }),
    index('external_ids_appointment_idx').on(table.organizationId, table.appointmentId),
    index('external_ids_start_idx').on(table.organizationId, table.integrationId, table.startsAt),
  ],
)

export const calendarConflicts = pgTable(
  'calendar_conflicts',
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    integrationId: uuid('integration_id').notNull(),
    kind: conflictKind().notNull(),
    /** The appointment of ours that it is about. */
    appointmentId: uuid('appointment_id'),
    externalId: text('external_id'),
    startsAt: instant('starts_at').notNull(),
    endsAt: instant('ends_at').notNull(),
    message: text().notNull(),
    /** Starts near the wish that were open when it was found, best first. */
    suggestedStarts: jsonb('suggested_starts').$type<number[]>().notNull().default([]),
    detectedAt: instant('detected_at').notNull().default(sql`clock_timestamp()`),
    resolvedAt: instant('resolved_at'),
  },
  (table) => [
    primaryKey({ name: 'calendar_conflicts_pkey', columns: [table.organizationId, table.id] }),
    foreignKey({
      name: 'calendar_conflicts_integration_fkey',
      columns: [table.organizationId, table.integrationId],
      foreignColumns: [integrations.organizationId, integrations.id],
    }),
    uniqueIndex('calendar_conflicts_one_open')
      .on(
        table.organizationId,
        table.integrationId,
        table.kind,
        sql`coalesce(appointment_id, '00000000-0000-0000-0000-000000000000')`,
        sql`coalesce(external_id, '')`,
      )
      .where(sql`resolved_at is null`),
    index('calendar_conflicts_age_idx').on(table.resolvedAt),
    index('calendar_conflicts_appointment_idx').on(table.organizationId, table.appointmentId),
  ],
)

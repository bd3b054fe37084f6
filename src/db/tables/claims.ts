// Who is taken: the one table behind every hold and appointment, and the busy intervals of outside calendars.
import { sql } from 'drizzle-orm'
import {
  boolean,
  check,
  foreignKey,
  index,
  pgTable,
  primaryKey,
  smallint,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { instant, instantRange, organizationId } from '../columns.ts'
import { resources } from './resources.ts'

/** How long a claim may be. */
export const LONGEST_CLAIM_MS = 4 * 86_400_000

/**
 * Read by `starts_at` and `ends_at`: under row-level security an index answers only leakproof operators, which comparisons
 * of instants are and `&&` of ranges is not.
 *
 * Guarded by the exclusion constraint `claims_no_overlap` (see the migration that protects it): no two active
 * claims of one resource overlap. An expired hold's claim is dead at `expires_at` by the database's clock, whether
 * or not it is still marked active.
 */
export const claims = pgTable(
  'claims',
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    resourceId: uuid('resource_id').notNull(),
    /** Buffers included. */
    during: instantRange().notNull(),
    startsAt: instant('starts_at').notNull().generatedAlwaysAs(sql`lower(during)`),
    endsAt: instant('ends_at').notNull().generatedAlwaysAs(sql`upper(during)`),
    segmentPosition: smallint('segment_position').notNull(),
    groupPosition: smallint('group_position').notNull(),
    holdId: uuid('hold_id'),
    appointmentId: uuid('appointment_id'),
    active: boolean().notNull().default(true),
    /** Long past: as active as before, but out of the index that refuses overlaps. No new claim begins there. */
    archived: boolean().notNull().default(false),
    expiresAt: instant('expires_at'),
  },
  (table) => [
    primaryKey({ name: 'claims_pkey', columns: [table.organizationId, table.id] }),
    foreignKey({
      name: 'claims_resource_fkey',
      columns: [table.organizationId, table.resourceId],
      foreignColumns: [resources.organizationId, resources.id],
    }),
    uniqueIndex('claims_one_per_start').on(table.organizationId, table.resourceId, table.startsAt).where(sql`active`),
    index('claims_hold_idx').on(table.organizationId, table.holdId).where(sql`active and hold_id is not null`),
    index('claims_appointment_idx')
      .on(table.organizationId, table.appointmentId)
      .where(sql`appointment_id is not null`),
    // What a resource no longer serves: kept in its calendar feed as cancelled. Written only when an appointment lets go.
    index('claims_left_idx')
      .on(table.organizationId, table.resourceId, table.startsAt)
      .where(sql`not active and appointment_id is not null`),
    index('claims_ended_idx').on(table.expiresAt).where(sql`not active and appointment_id is null`),
    index('claims_expiry_idx').on(table.expiresAt).where(sql`active and expires_at is not null`),
    check('claims_length_check', sql`upper(during) - lower(during) <= interval '4 days'`),
    check('claims_owner_check', sql`hold_id is not null or appointment_id is not null`),
    check('claims_expiry_check', sql`appointment_id is null or expires_at is null`),
  ],
)

/** Taken according to an outside calendar. They may overlap each other and our claims. */
export const busyIntervals = pgTable(
  'busy_intervals',
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    resourceId: uuid('resource_id').notNull(),
    during: instantRange().notNull(),
    startsAt: instant('starts_at').notNull().generatedAlwaysAs(sql`lower(during)`),
    endsAt: instant('ends_at').notNull().generatedAlwaysAs(sql`upper(during)`),
    source: text().notNull(),
    externalId: text('external_id').notNull(),
    createdAt: instant('created_at').notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ name: 'busy_intervals_pkey', columns: [table.organizationId, table.id] }),
    foreignKey({
      name: 'busy_intervals_resource_fkey',
      columns: [table.organizationId, table.resourceId],
      foreignColumns: [resources.organizationId, resources.id],
    }),
    uniqueIndex('busy_intervals_external_key').on(
      table.organizationId,
      table.source,
      table.externalId,
      table.resourceId,
    ),
    index('busy_intervals_end_idx').on(table.organizationId, table.resourceId, table.endsAt),
    index('busy_intervals_age_idx').on(table.endsAt),
    index('busy_intervals_source_idx').on(table.organizationId, table.source, table.endsAt),
  ],
)

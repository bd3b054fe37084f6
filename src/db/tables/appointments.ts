// Appointments and their append-only history.
import { sql } from 'drizzle-orm'
import {
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
import { instant, organizationId, transactionId } from '../columns.ts'
import type { ClaimedSegment } from '../shapes.ts'
import { customers } from './customers.ts'
import { services } from './services.ts'

export const appointmentStatus = pgEnum('appointment_status', ['CONFIRMED', 'CANCELLED', 'COMPLETED', 'NO_SHOW'])
export const origin = pgEnum('origin', ['API', 'STAFF', 'VOICE_AGENT', 'CALENDAR'])
export const appointmentEventKind = pgEnum('appointment_event_kind', [
  'BOOKED',
  'RESCHEDULED',
  'CANCELLED',
  'COMPLETED',
  'NO_SHOW',
  'NOTES_CHANGED',
])

/** What the guest gave when booking; all that a publishable key or a manage token ever sees of the customer. */
export interface GuestDetails {
  name: string
  phone: string | null
  email: string | null
}

export const appointments = pgTable(
  'appointments',
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    status: appointmentStatus().notNull(),
    version: integer().notNull(),
    serviceId: uuid('service_id').notNull(),
    customerId: uuid('customer_id').notNull(),
    guest: jsonb().$type<GuestDetails>(),
    startsAt: instant('starts_at').notNull(),
    endsAt: instant('ends_at').notNull(),
    segments: jsonb().$type<ClaimedSegment[]>().notNull(),
    notes: text(),
    origin: origin().notNull(),
    holdId: uuid('hold_id'),
    rescheduleCount: integer('reschedule_count').notNull().default(0),
    createdAt: instant('created_at').notNull().default(sql`now()`),
    updatedAt: instant('updated_at').notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ name: 'appointments_pkey', columns: [table.organizationId, table.id] }),
    foreignKey({
      name: 'appointments_service_fkey',
      columns: [table.organizationId, table.serviceId],
      foreignColumns: [services.organizationId, services.id],
    }),
    foreignKey({
      name: 'appointments_customer_fkey',
      columns: [table.organizationId, table.customerId],
      foreignColumns: [customers.organizationId, customers.id],
    }),
    uniqueIndex('appointments_one_per_hold').on(table.organizationId, table.holdId).where(sql`hold_id is not null`),
    index('appointments_start_idx').on(table.organizationId, table.startsAt, table.id),
    index('appointments_customer_idx').on(table.organizationId, table.customerId, table.startsAt, table.id),
  ],
)

export const appointmentEvents = pgTable(
  'appointment_events',
  {
    organizationId: organizationId(),
    appointmentId: uuid('appointment_id').notNull(),
    version: integer().notNull(),
    kind: appointmentEventKind().notNull(),
    at: instant().notNull().default(sql`clock_timestamp()`),
    actor: text().notNull(),
    origin: origin().notNull(),
    previousStartsAt: instant('previous_starts_at'),
    startsAt: instant('starts_at'),
    reason: text(),
    policyVersion: integer('policy_version'),
    policyScopeId: uuid('policy_scope_id'),
    /** True: the policy forbade the change and the caller was entitled to make it all the same. */
    policyOverridden: boolean('policy_overridden').notNull().default(false),
    xid: transactionId().notNull().default(sql`pg_current_xact_id()`),
  },
  (table) => [
    primaryKey({
      name: 'appointment_events_pkey',
      columns: [table.organizationId, table.appointmentId, table.version],
    }),
    foreignKey({
      name: 'appointment_events_appointment_fkey',
      columns: [table.organizationId, table.appointmentId],
      foreignColumns: [appointments.organizationId, appointments.id],
    }),
    index('appointment_events_xid_idx').on(table.xid),
    // What one organization missed, however much the others have changed.
    index('appointment_events_organization_xid_idx').on(table.organizationId, table.xid),
  ],
)

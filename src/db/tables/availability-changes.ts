// Versions of subject-days and the append-only log of what changed: the source of every live update and resume.
import { sql } from 'drizzle-orm'
import { date, index, integer, jsonb, pgTable, primaryKey, uuid } from 'drizzle-orm/pg-core'
import { instant, organizationId, transactionId } from '../columns.ts'
import type { Claim } from '../shapes.ts'

/**
 * One step of a subject-day's version. `added` and `removed` hold whole claims, so that a step can be undone as well
 * as applied; a claim whose expiry moved is in both. `redefined`: the schedule or the service definition changed and
 * has to be read again. `busy`: the same for busy intervals of the day.
 */
export interface AvailabilityDelta {
  added?: Claim[]
  removed?: Claim[]
  redefined?: true
  busy?: true
}

/** The subject is a resource on one UTC date, or, on the date 0001-01-01, a resource's schedule or a service. */
export const resourceDays = pgTable(
  'resource_days',
  {
    organizationId: organizationId(),
    subjectId: uuid('subject_id').notNull(),
    day: date({ mode: 'string' }).notNull(),
    version: integer().notNull(),
  },
  (table) => [
    primaryKey({ name: 'resource_days_pkey', columns: [table.organizationId, table.subjectId, table.day] }),
    index('resource_days_age_idx').on(table.day),
  ],
)

export const availabilityChanges = pgTable(
  'availability_changes',
  {
    organizationId: organizationId(),
    subjectId: uuid('subject_id').notNull(),
    day: date({ mode: 'string' }).notNull(),
    version: integer().notNull(),
    /** A sequence is no commit order; with the transaction id a PostgreSQL snapshot says exactly what is new. */
    xid: transactionId().notNull().default(sql`pg_current_xact_id()`),
    at: instant().notNull().default(sql`clock_timestamp()`),
    delta: jsonb().$type<AvailabilityDelta>().notNull(),
  },
  (table) => [
    primaryKey({
      name: 'availability_changes_pkey',
      columns: [table.organizationId, table.subjectId, table.day, table.version],
    }),
    index('availability_changes_xid_idx').on(table.xid),
  ],
)

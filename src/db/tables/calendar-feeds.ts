// Calendar feeds: unguessable addresses under which a resource's or one appointment's time can be subscribed to.
import { sql } from 'drizzle-orm'
import { boolean, check, foreignKey, index, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { instant, organizationId } from '../columns.ts'
import { appointments } from './appointments.ts'
import { resources } from './resources.ts'

export const calendarFeeds = pgTable(
  'calendar_feeds',
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    /** SHA-256 of the token in the address, hex. The token itself is shown once, when it is made. */
    tokenHash: text('token_hash').notNull(),
    resourceId: uuid('resource_id'),
    appointmentId: uuid('appointment_id'),
    showsCustomers: boolean('shows_customers').notNull(),
    createdAt: instant('created_at').notNull().default(sql`now()`),
    revokedAt: instant('revoked_at'),
  },
  (table) => [
    primaryKey({ name: 'calendar_feeds_pkey', columns: [table.organizationId, table.id] }),
    foreignKey({
      name: 'calendar_feeds_resource_fkey',
      columns: [table.organizationId, table.resourceId],
      foreignColumns: [resources.organizationId, resources.id],
    }),
    foreignKey({
      name: 'calendar_feeds_appointment_fkey',
      columns: [table.organizationId, table.appointmentId],
      foreignColumns: [appointments.organizationId, appointments.id],
    }),
    uniqueIndex('calendar_feeds_token_key').on(table.tokenHash),
    index('calendar_feeds_appointment_idx').on(table.organizationId, table.appointmentId),
    check('calendar_feeds_subject_check', sql`num_nonnulls(resource_id, appointment_id) = 1`),
  ],
)

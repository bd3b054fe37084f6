// The inbox: deliveries received from outside, each recorded in the transaction that applied it.
import { sql } from 'drizzle-orm'
import { foreignKey, index, integer, jsonb, pgEnum, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { instant, organizationId } from '../columns.ts'
import { integrations } from './integrations.ts'

/** APPLIED: it had its effect. IGNORED: there is nothing to do for it. FAILED: it could not be applied; kept to be replayed. */
export const inboxOutcome = pgEnum('inbox_outcome', ['APPLIED', 'IGNORED', 'FAILED'])

export const inbox = pgTable(
  'inbox',
  {
    organizationId: organizationId(),
    integrationId: uuid('integration_id').notNull(),
    /** What makes two deliveries the same, by the provider's rules. Never a signature: a retry may be signed afresh. */
    key: text().notNull(),
    event: text().notNull(),
    outcome: inboxOutcome().notNull(),
    /** Why it failed. */
    error: text(),
    /** What the effect led to, for duplicates that need the same answer. */
    result: jsonb().$type<Record<string, unknown>>(),
    /** As received; the first delivery's, or the newest one's where the newest counts. */
    body: text().notNull(),
    deliveries: integer().notNull().default(1),
    receivedAt: instant('received_at').notNull().default(sql`clock_timestamp()`),
    lastReceivedAt: instant('last_received_at').notNull().default(sql`clock_timestamp()`),
  },
  (table) => [
    primaryKey({ name: 'inbox_pkey', columns: [table.organizationId, table.integrationId, table.key] }),
    foreignKey({
      name: 'inbox_integration_fkey',
      columns: [table.organizationId, table.integrationId],
      foreignColumns: [integrations.organizationId, integrations.id],
    }),
    index('inbox_age_idx').on(table.receivedAt),
    index('inbox_failed_idx')
      .on(table.organizationId, table.integrationId, table.receivedAt)
      .where(sql`outcome = 'FAILED'`),
  ],
)

// How an outside calendar is doing: its circuit, its pauses, its last reconciliation.
import { foreignKey, integer, jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { instant, organizationId } from '../columns.ts'
import { integrations } from './integrations.ts'

export const calendarSyncs = pgTable(
  'calendar_syncs',
  {
    organizationId: organizationId(),
    integrationId: uuid('integration_id').notNull(),
    /** In a row; 0: the circuit is closed. */
    failures: integer().notNull().default(0),
    /** The circuit is open until then; after it one attempt probes. */
    openUntil: instant('open_until'),
    probingUntil: instant('probing_until'),
    /** It asked for a pause. */
    pausedUntil: instant('paused_until'),
    polledAt: instant('polled_at'),
    pollLeasedUntil: instant('poll_leased_until'),
    lastPoll: jsonb('last_poll').$type<Record<string, number>>(),
    lastError: text('last_error'),
  },
  (table) => [
    primaryKey({ name: 'calendar_syncs_pkey', columns: [table.organizationId, table.integrationId] }),
    foreignKey({
      name: 'calendar_syncs_integration_fkey',
      columns: [table.organizationId, table.integrationId],
      foreignColumns: [integrations.organizationId, integrations.id],
    }),
  ],
)

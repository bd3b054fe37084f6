// Receives a delivery: recorded and applied in one transaction, once however often it comes.
import type { Database } from '../../db/client.ts'
import type { Lock } from '../../db/locks.ts'
import { inTransaction, type Tx } from '../../db/transaction.ts'
import * as metrics from '../../metrics/series.ts'

export interface Delivery {
  integration: { organizationId: string; id: string }
  /** What makes two deliveries the same, by the provider's rules. */
  key: string
  event: string
  body: string
  locks?: Lock[]
  /** Every delivery under the key is applied, e.g. because the newest counts. */
  repeats?: boolean
}

export interface Effect {
  outcome: 'APPLIED' | 'IGNORED'
  /** Told to duplicates. */
  result?: Record<string, unknown>
}

export interface Received {
  isDuplicate: boolean
  outcome: 'APPLIED' | 'IGNORED' | 'FAILED'
  result: Record<string, unknown> | null
}

/**
 * A concurrent duplicate waits for the first in the inbox's key and then finds its result. Whatever fails between the
 * two writes takes both along: the delivery is as if it had never come, and the provider's retry starts afresh.
 */
export async function receive(
  db: Database,
  { integration, key, event, body, locks = [], repeats = false }: Delivery,
  effect: (tx: Tx) => Promise<Effect>,
): Promise<Received> {
  return inTransaction(
    db,
    integration.organizationId,
    async (tx) => {
      const [row] = await tx.sql<[{ deliveries: number; outcome: Received['outcome']; result: Received['result'] }]>`
        insert into inbox as i (organization_id, integration_id, key, event, outcome, body)
        values (${tx.organizationId}, ${integration.id}, ${key}, ${event}, 'IGNORED', ${body})
        on conflict (organization_id, integration_id, key)
          do update set deliveries = i.deliveries + 1, last_received_at = clock_timestamp()
        returning deliveries, outcome, result`
      if (row.deliveries > 1) metrics.repeatedDeliveries.inc()
      if (row.deliveries > 1 && !repeats) return { isDuplicate: true, outcome: row.outcome, result: row.result }
      const { outcome, result = null } = await effect(tx)
      await tx.sql`
        update inbox set outcome = ${outcome}, result = ${result && JSON.stringify(result)}::jsonb, body = ${body}
        where organization_id = ${tx.organizationId} and integration_id = ${integration.id} and key = ${key}`
      return { isDuplicate: false, outcome, result }
    },
    { locks },
  )
}

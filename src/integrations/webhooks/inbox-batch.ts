// Receives several deliveries in one transaction, each in a savepoint: one that cannot be applied is kept with its reason.
import { isLockTimeout, isRetriableConflict } from '../../db/errors.ts'
import { inSavepoint } from '../../db/savepoints.ts'
import type { Tx } from '../../db/transaction.ts'
import type { Received } from './inbox.ts'

export interface BatchItem {
  key: string
  event: string
  /** Enough to apply it again. */
  body: string
}

export interface ReceivedItem extends Received {
  error: string | null
}

/** Ends the transaction for a fresh attempt, instead of being the item's fault. */
type IsTransient = (error: unknown) => boolean

/**
 * An item that was received before is not applied again, unless it failed then: that is the replay. What `effect` throws is the
 * item's own failure; its traces are gone, the rest goes on.
 */
export async function receiveEach<Item extends BatchItem>(
  tx: Tx,
  { integrationId, items, isTransient }: { integrationId: string; items: Item[]; isTransient: IsTransient },
  effect: (item: Item) => Promise<{ outcome: 'APPLIED' | 'IGNORED'; result?: Record<string, unknown> }>,
): Promise<ReceivedItem[]> {
  const received: ReceivedItem[] = []
  for (const item of items) {
    const { key, event, body } = item
    const [row] = await tx.sql<[{ deliveries: number; outcome: Received['outcome']; result: Received['result'] }]>`
      insert into inbox as i (organization_id, integration_id, key, event, outcome, body)
      values (${tx.organizationId}, ${integrationId}, ${key}, ${event}, 'IGNORED', ${body})
      on conflict (organization_id, integration_id, key)
        do update set deliveries = i.deliveries + 1, last_received_at = clock_timestamp()
      returning deliveries, outcome, result`
    if (row.deliveries > 1 && row.outcome !== 'FAILED') {
      received.push({ isDuplicate: true, outcome: row.outcome, result: row.result, error: null })
      continue
    }
    const done = await inSavepoint(tx, () => effect(item)).then(
      ({ outcome, result = null }) => ({ outcome, result, error: null }),
      (error: unknown) => {
        if (isTransient(error) || isRetriableConflict(error) || isLockTimeout(error)) throw error
        const message = error instanceof Error ? error.message : String(error)
        return { outcome: 'FAILED' as const, result: null, error: message.slice(0, 1000) }
      },
    )
    await tx.sql`
      update inbox set outcome = ${done.outcome}, result = ${done.result && JSON.stringify(done.result)}::jsonb,
        error = ${done.error}
      where organization_id = ${tx.organizationId} and integration_id = ${integrationId} and key = ${key}`
    received.push({ isDuplicate: false, ...done })
  }
  return received
}

// Forgets deliveries that were settled a month ago: no provider sends anything again after that.
import type { Database } from '../../db/client.ts'
import { asSystem } from '../../db/transaction.ts'

const KEPT_DAYS = 30
const BATCH_LIMIT = 1000

/** A bounded number a turn; what could not be applied stays until it is. Returns how many went. */
export async function pruneInbox(db: Database): Promise<number> {
  const pruned = await asSystem(
    db,
    (tx) => tx.sql`
      delete from inbox where (organization_id, integration_id, key) in (
        select organization_id, integration_id, key from inbox
        where received_at < now() - make_interval(days => ${KEPT_DAYS})
          and last_received_at < now() - make_interval(days => ${KEPT_DAYS}) and outcome <> 'FAILED'
        limit ${BATCH_LIMIT})`,
  )
  return pruned.count
}

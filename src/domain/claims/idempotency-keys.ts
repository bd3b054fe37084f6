// Idempotency keys are kept for a day after the effect they name.
import type { Database } from '../../db/client.ts'
import { asSystem } from '../../db/transaction.ts'

const KEPT_HOURS = 24
const BATCH_LIMIT = 5000

/** Removes what is older, a bounded number a turn. Returns how many went. */
export async function pruneIdempotencyKeys(db: Database): Promise<number> {
  const pruned = await asSystem(
    db,
    (tx) => tx.sql`
      delete from idempotency_keys where (organization_id, caller, key) in (
        select organization_id, caller, key from idempotency_keys
        where created_at < now() - make_interval(hours => ${KEPT_HOURS}) limit ${BATCH_LIMIT})`,
  )
  return pruned.count
}

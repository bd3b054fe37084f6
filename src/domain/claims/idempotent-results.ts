// What an idempotency key has led to, for callers who have to know before they ask again.
import type { IdempotentResult } from '../../db/tables/keys.ts'
import type { Tx } from '../../db/transaction.ts'
import type { Caller } from '../people/callers.ts'

/** Null: the key has led to nothing; a refusal keeps no key. */
export async function findIdempotentResult(tx: Tx, caller: Caller, key: string): Promise<IdempotentResult | null> {
  const [row] = await tx.sql<{ result: IdempotentResult }[]>`
    select result from idempotency_keys
    where organization_id = ${tx.organizationId} and caller = ${caller.id} and key = ${key}`
  return row?.result ?? null
}

// The live holds of a session: what a conversation has been promised.
import type { Tx } from '../../db/transaction.ts'
import type { Caller } from '../people/callers.ts'
import { type HoldRecord, holdColumns } from './holds.ts'

/** Newest first. */
export async function listSessionHolds(
  tx: Tx,
  { caller, sessionKey }: { caller: Caller; sessionKey: string },
): Promise<HoldRecord[]> {
  return tx.sql<HoldRecord[]>`
    select ${holdColumns(tx)} from holds
    where organization_id = ${tx.organizationId} and caller = ${caller.id} and network = '' and session_key = ${sessionKey}
      and status = 'ACTIVE' and expires_at > clock_timestamp()
    order by created_at desc, id desc`
}

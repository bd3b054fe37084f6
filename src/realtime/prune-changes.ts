// Keeps the change log short: what is older than any gap it has to bridge goes.
import type { Database } from '../db/client.ts'
import { DEFAULT_KEPT } from '../db/pruning.ts'
import { asSystem } from '../db/transaction.ts'

/**
 * Removes the rows of transactions older than every row that has to stay, and says so in the same transaction: whoever
 * has not seen all of them is given a snapshot instead of changes. Returns how many rows went.
 */
export async function pruneChanges(db: Database, { keepSeconds = DEFAULT_KEPT.changes } = {}): Promise<number> {
  return asSystem(db, async (tx) => {
    const [{ count, last }] = await tx.sql<[{ count: number; last: string | null }]>`
      with removed as (
        delete from availability_changes
        where xid < least(
          pg_snapshot_xmin(pg_current_snapshot()),
          (select xid from availability_changes
           where at >= clock_timestamp() - make_interval(secs => ${keepSeconds}) order by xid limit 1))
        returning xid
      )
      select count(*)::int, (select xid from removed order by xid desc limit 1)::text as last from removed`
    await tx.sql`
      insert into change_log_epoch (pruned_below) values (${String(Number(last ?? -1) + 1)}::text::xid8)
      on conflict (id) do update set pruned_below = greatest(change_log_epoch.pruned_below, excluded.pruned_below)`
    return count
  })
}

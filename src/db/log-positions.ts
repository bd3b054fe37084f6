// Where a transaction stands: its snapshot, the incarnation of the change log it reads, and the database's clock.
import type { Database } from './client.ts'
import type { Instant } from './shapes.ts'
import { asSystem, type Tx } from './transaction.ts'

export interface LogPosition {
  /** `xmin:xmax:xip_list` of PostgreSQL: exactly which transactions are seen. */
  snapshot: string
  /** Snapshots of different epochs must not be compared. Empty: the database has just recovered from a crash. */
  epoch: string
  /** Log rows of transactions below this id may be gone. */
  prunedBelow: number
  now: Instant
}

/** In a snapshot transaction the position is the one that all its statements see. */
export async function readLogPosition(tx: Tx): Promise<LogPosition> {
  const [row] = await tx.sql<[LogPosition & { prunedBelow: string | null }]>`
    select pg_current_snapshot()::text as snapshot, clock_timestamp() as now, pruned_below::text as "prunedBelow",
      coalesce(left(md5(system_identifier || ':' || d.oid || ':' || epoch), 12), '') as epoch
    from pg_control_system() join pg_database d on d.datname = current_database() left join change_log_epoch on true`
  return { ...row, prunedBelow: Number(row.prunedBelow ?? 0) }
}

/** Starts a new epoch if a crash has ended the last one. */
export async function startEpoch(db: Database): Promise<void> {
  await asSystem(db, (tx) => tx.sql`insert into change_log_epoch default values on conflict do nothing`)
}

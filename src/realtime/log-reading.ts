// Reads from the change log exactly the steps that a snapshot does not see.
import { DEFINITION_DAY } from '../db/changes.ts'
import type { AvailabilityDelta } from '../db/tables/availability-changes.ts'
import type { Tx } from '../db/transaction.ts'
import type { Snapshot } from './snapshots.ts'

export interface LoggedChange {
  organizationId: string
  subjectId: string
  day: string
  version: number
  xid: number
  delta: AvailabilityDelta
}

interface Since {
  snapshot: Snapshot
  /** Transactions that are known already though the snapshot does not see them. */
  except: readonly number[]
}

/**
 * What the organizations' committed transactions have changed since, in no particular order. A transaction that the
 * snapshot does not see is one at or above its xmax or one that was running: two index ranges, however old the oldest
 * running transaction is.
 */
export async function readChangesSince(
  tx: Tx,
  { organizationIds, since }: { organizationIds: readonly string[]; since: Since },
): Promise<LoggedChange[]> {
  if (organizationIds.length === 0) return []
  // Materialized: the planner would rather read all of an organization's log by the primary key.
  const rows = await tx.sql<LoggedChange[]>`
    with change as materialized (select * from availability_changes where ${unseen(tx, since)})
    select organization_id as "organizationId", subject_id as "subjectId", day::text, version, xid::text, delta
    from change where organization_id = any(${organizationIds as string[]}::uuid[])`
  return rows.map((row) => ({ ...row, xid: Number(row.xid) }))
}

/**
 * The same for a few subjects of one organization: the definitions of some, and the days of others from `first` to
 * `last`. At most `limit` rows.
 */
export async function readSubjectChangesSince(
  tx: Tx,
  input: {
    organizationId: string
    definitionIds: readonly string[]
    resourceIds: readonly string[]
    days: { first: string; last: string }
    since: Since
    limit: number
  },
): Promise<LoggedChange[]> {
  const { organizationId, days, since, limit } = input
  const rows = await tx.sql<LoggedChange[]>`
    select organization_id as "organizationId", subject_id as "subjectId", day::text, version, xid::text, delta
    from availability_changes
    where ${unseen(tx, since)} and organization_id = ${organizationId}
      and (day = ${DEFINITION_DAY} and subject_id = any(${input.definitionIds as string[]}::uuid[])
        or day between ${days.first}::date and ${days.last}::date
          and subject_id = any(${input.resourceIds as string[]}::uuid[]))
    limit ${limit}`
  return rows.map((row) => ({ ...row, xid: Number(row.xid) }))
}

/** A condition on a column `xid`. */
export function unseen(tx: Tx, { snapshot, except }: Since) {
  const running = [...snapshot.running].map(String)
  return tx.sql`(xid >= ${String(snapshot.xmax)}::text::xid8 or xid = any(${running}::text[]::xid8[]))
    and xid <> all(${except.map(String)}::text[]::xid8[])`
}

// Who is taken when: the claims and busy intervals of resources in a range, from one snapshot.
import { LONGEST_CLAIM_MS } from '../db/tables/claims.ts'
import type { Tx } from '../db/transaction.ts'
import { loadSchedules } from './definitions.ts'
import type { BusyInterval, Claim, Instant, Interval, ResourceSchedule, ResourceState } from './types.ts'

/**
 * The states of the resources that exist among `resourceIds`, with everything that touches `window`. In a snapshot
 * transaction all parts are of one moment.
 */
export async function loadResourceStates(
  tx: Tx,
  { resourceIds, window }: { resourceIds: string[]; window: Interval },
): Promise<Map<string, ResourceState>> {
  const [schedules, taken] = await Promise.all([loadSchedules(tx, resourceIds), loadTaken(tx, { resourceIds, window })])
  return statesOf(schedules, taken)
}

/** Claims and busy intervals of resources that are not asked for are left out. */
export function statesOf(
  schedules: ReadonlyMap<string, ResourceSchedule>,
  { claims, busy }: { claims: readonly Claim[]; busy: readonly BusyInterval[] },
): Map<string, ResourceState> {
  const states = new Map<string, ResourceState>()
  for (const [id, schedule] of schedules) states.set(id, { schedule, claims: [], busy: [] })
  for (const claim of claims) states.get(claim.resourceId)?.claims.push(claim)
  for (const interval of busy) states.get(interval.resourceId)?.busy.push(interval)
  return states
}

/** Active claims (dead holds among them: compare `expiresAt` with the database's clock) and busy intervals. */
export async function loadTaken(
  tx: Tx,
  { resourceIds, window }: { resourceIds: string[]; window: Interval },
): Promise<{ claims: Claim[]; busy: BusyInterval[] }> {
  const [claims, busy] = await Promise.all([
    tx.sql<Claim[]>`
      select id, resource_id as "resourceId", starts_at as start, ends_at as "end",
        hold_id as "holdId", appointment_id as "appointmentId", expires_at as "expiresAt"
      from claims
      where organization_id = ${tx.organizationId} and resource_id = any(${resourceIds}::uuid[]) and active
        and starts_at > ${window.start - LONGEST_CLAIM_MS}::timestamptz and starts_at < ${window.end}::timestamptz
        and ends_at > ${window.start}::timestamptz`,
    tx.sql<BusyInterval[]>`
      select id, resource_id as "resourceId", starts_at as start, ends_at as "end"
      from busy_intervals
      where organization_id = ${tx.organizationId} and resource_id = any(${resourceIds}::uuid[])
        and ends_at > ${window.start}::timestamptz and starts_at < ${window.end}::timestamptz`,
  ])
  return { claims, busy }
}

/** The database's clock, which alone decides what has expired or passed. */
export async function readClock(tx: Tx): Promise<Instant> {
  const [row] = await tx.sql<[{ now: Instant }]>`select clock_timestamp() as now`
  return row.now
}

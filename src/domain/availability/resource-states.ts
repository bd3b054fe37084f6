// Who is taken when: the claims and busy intervals of resources in a range, from one snapshot.
import type { Tx } from '../../db/transaction.ts'
import { loadSchedules } from '../catalogue/definitions.ts'
import type { BusyInterval, Claim, Instant, Interval, ResourceSchedule, ResourceState } from '../vocabulary/types.ts'

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

export interface Taken {
  claims: Claim[]
  busy: BusyInterval[]
}

/** Active claims (dead holds among them: compare `expiresAt` with the database's clock) and busy intervals. */
export function loadTaken(
  tx: Tx,
  { resourceIds, window }: { resourceIds: string[]; window: Interval },
): Promise<Taken> {
  return loadTakenIn(tx, new Map(resourceIds.map((id) => [id, window])))
}

/**
 * The same with a range of its own for each resource. Active claims of a resource never overlap, so what touches a range
 * begins within it, or is the last that began before: the search does not grow with how much is taken around it.
 *
 * Pairs are compared, because only the index on resource and start can answer that: without fresh statistics PostgreSQL would
 * take the one of the exclusion constraint and read all that the resource ever had. `offset 0` keeps the steps apart.
 */
export async function loadTakenIn(tx: Tx, windows: ReadonlyMap<string, Interval>): Promise<Taken> {
  if (windows.size === 0) return { claims: [], busy: [] }
  const ids = [...windows.keys()]
  const starts = [...windows.values()].map(({ start }) => start)
  const ends = [...windows.values()].map(({ end }) => end)
  const [claims, busy] = await Promise.all([
    tx.sql<Claim[]>`
      select c.*
      from unnest(${ids}::uuid[], ${starts}::timestamptz[], ${ends}::timestamptz[]) as w (resource_id, starts_at, ends_at)
      cross join lateral (
        select coalesce((
          select p.starts_at from claims p
          where p.organization_id = ${tx.organizationId} and p.active
            and (p.resource_id, p.starts_at) >= (w.resource_id, '-infinity')
            and (p.resource_id, p.starts_at) <= (w.resource_id, w.starts_at)
          order by p.resource_id desc, p.starts_at desc limit 1), w.starts_at) as starts_at
        offset 0
      ) as earliest
      cross join lateral (
        select id, resource_id as "resourceId", starts_at as start, ends_at as "end",
          hold_id as "holdId", appointment_id as "appointmentId", expires_at as "expiresAt"
        from claims
        where organization_id = ${tx.organizationId} and active
          and (resource_id, starts_at) >= (w.resource_id, earliest.starts_at)
          and (resource_id, starts_at) < (w.resource_id, w.ends_at) and ends_at > w.starts_at
        order by resource_id, starts_at offset 0
      ) as c`,
    tx.sql<BusyInterval[]>`
      select b.id, b.resource_id as "resourceId", b.starts_at as start, b.ends_at as "end"
      from unnest(${ids}::uuid[], ${starts}::timestamptz[], ${ends}::timestamptz[]) as w (resource_id, starts_at, ends_at)
      join busy_intervals b on b.organization_id = ${tx.organizationId} and b.resource_id = w.resource_id
        and b.ends_at > w.starts_at and b.starts_at < w.ends_at`,
  ])
  return { claims, busy }
}

/** The database's clock, which alone decides what has expired or passed. */
export async function readClock(tx: Tx): Promise<Instant> {
  const [row] = await tx.sql<[{ now: Instant }]>`select clock_timestamp() as now`
  return row.now
}

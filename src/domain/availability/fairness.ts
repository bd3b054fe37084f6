// Fair choice among equals: least booked that day first, then whoever waits longest.
import type { Tx } from '../../db/transaction.ts'
import { isLive } from '../slots/resource-availability.ts'
import { localDayAt, startOfLocalDay } from '../time/zone-offsets.ts'
import type { Instant, ResourceState } from '../vocabulary/types.ts'

const BOOKING_WEIGHT = 2 ** 42

/** By resource, when its last appointment before all that was read of it ended; missing: never. */
export type LastServed = ReadonlyMap<string, Instant>

/**
 * A rank for `chooseAssignment`: lower is chosen first. Counts the appointments and holds of the start's local date. Of
 * those with as many, whoever got theirs earlier waits longer (claim ids are UUIDv7 and carry their instant); of those with
 * none, whoever served last the longest ago.
 */
export function fairnessOf({
  resources,
  lastServed,
  timeZone,
  startsAt,
  now,
}: {
  resources: ReadonlyMap<string, ResourceState>
  lastServed: LastServed
  timeZone: string
  startsAt: Instant
  now: Instant
}): (resourceId: string) => number {
  const day = localDayAt(timeZone, startsAt)
  const start = startOfLocalDay(timeZone, day)
  const end = startOfLocalDay(timeZone, day + 1)
  return (resourceId) => {
    const owners = new Set<string | null>()
    let newest = 0
    let servedAt = lastServed.get(resourceId) ?? 0
    for (const claim of resources.get(resourceId)?.claims ?? []) {
      if (claim.end <= start && claim.appointmentId !== null) servedAt = Math.max(servedAt, claim.end)
      if (claim.start >= end || claim.end <= start || !isLive(claim, now)) continue
      owners.add(claim.appointmentId ?? claim.holdId)
      newest = Math.max(newest, madeAt(claim.id))
    }
    return owners.size * BOOKING_WEIGHT + (owners.size > 0 ? newest : servedAt)
  }
}

/** When each resource last served before an instant of its own. */
export async function readLastServed(
  tx: Tx,
  days: readonly { resourceId: string; before: Instant }[],
): Promise<LastServed> {
  if (days.length === 0) return new Map()
  const rows = await tx.sql<{ resourceId: string; servedAt: Instant }[]>`
    select d.resource_id as "resourceId", served.ends_at as "servedAt"
    from unnest(${days.map((day) => day.resourceId)}::uuid[], ${days.map((day) => day.before)}::timestamptz[])
      as d (resource_id, before)
    cross join lateral (
      select c.ends_at from claims c
      where c.organization_id = ${tx.organizationId} and c.active and c.appointment_id is not null
        and (c.resource_id, c.starts_at) >= (d.resource_id, '-infinity')
        and (c.resource_id, c.starts_at) < (d.resource_id, d.before)
      order by c.resource_id desc, c.starts_at desc limit 1
    ) as served`
  return new Map(rows.map((row) => [row.resourceId, row.servedAt]))
}

/** The instant in a UUIDv7. */
function madeAt(id: string): Instant {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
}

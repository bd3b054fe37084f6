// Fair choice among equals: least booked that day first, then whoever waits longest for a booking.

import { isLive } from './resource-availability.ts'
import type { Instant, ResourceState } from './types.ts'
import { localDayAt, startOfLocalDay } from './zone-offsets.ts'

const BOOKING_WEIGHT = 2 ** 40

/**
 * A rank for `chooseAssignment`: lower is chosen first. Counts the claims of the start's local date; the wait is taken
 * from the newest of them (claim ids are UUIDv7 and carry their instant).
 */
export function fairnessOf({
  resources,
  timeZone,
  startsAt,
  now,
}: {
  resources: ReadonlyMap<string, ResourceState>
  timeZone: string
  startsAt: Instant
  now: Instant
}): (resourceId: string) => number {
  const day = localDayAt(timeZone, startsAt)
  const start = startOfLocalDay(timeZone, day)
  const end = startOfLocalDay(timeZone, day + 1)
  return (resourceId) => {
    let booked = 0
    let newest = 0
    for (const claim of resources.get(resourceId)?.claims ?? []) {
      if (claim.start >= end || claim.end <= start || !isLive(claim, now)) continue
      booked++
      newest = Math.max(newest, madeAt(claim.id))
    }
    return booked * BOOKING_WEIGHT + (newest % BOOKING_WEIGHT)
  }
}

/** The instant in a UUIDv7. */
function madeAt(id: string): Instant {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
}

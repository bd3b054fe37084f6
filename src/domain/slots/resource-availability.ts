// What stands in the way of claiming a resource for one range: the rules of a single resource, judged at one moment.

import { covers } from '../time/intervals.ts'
import { workingIntervals } from '../time/working-hours.ts'
import type { Claim, Instant, Interval, ResourceState } from '../vocabulary/types.ts'
import type { IsFree } from './assignments.ts'

/** A hold's claim is dead at the instant it expires, whether or not anyone has removed it. */
export function isLive(claim: Claim, now: Instant): boolean {
  return claim.expiresAt === null || claim.expiresAt > now
}

/**
 * Judges resources by their loaded states. A resource that isn't loaded is not free. Its own claims can be left out (a reschedule
 * must not be blocked by what it frees).
 */
export function freeByStates(
  resources: ReadonlyMap<string, ResourceState>,
  now: Instant,
  ignores: (claim: Claim) => boolean = () => false,
): IsFree {
  return (resourceId, claimStart, claimEnd, segmentStart, segmentEnd) => {
    const state = resources.get(resourceId)
    if (!state?.schedule.active) return false
    for (const claim of state.claims) {
      if (meets(claim, claimStart, claimEnd) && isLive(claim, now) && !ignores(claim)) return false
    }
    for (const busy of state.busy) if (meets(busy, claimStart, claimEnd)) return false
    for (const timeOff of state.schedule.timeOff) if (meets(timeOff, claimStart, claimEnd)) return false
    return worksDuring(state, segmentStart, segmentEnd)
  }
}

/** Whether the resource's hours cover all of [start, end). */
export function worksDuring(state: ResourceState, start: Instant, end: Instant): boolean {
  return covers(workingIntervals(state.schedule, start, end), start, end)
}

/** Whether an interval shares time with [start, end); an empty one never does. */
export function meets(interval: Interval, start: Instant, end: Instant): boolean {
  return interval.start < end && start < interval.end && interval.start < interval.end
}

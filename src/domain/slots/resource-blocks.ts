// Why one resource cannot serve one segment: every rule of that resource that says no.

import { workingIntervals } from '../time/working-hours.ts'
import { dayMilliseconds } from '../time/zone-offsets.ts'
import type { Claim, Instant, Interval, ResourceState, SlotBlock, UnavailableReason } from '../vocabulary/types.ts'
import { isLive, meets, worksDuring } from './resource-availability.ts'
import type { SegmentPlan } from './service-plan.ts'

/** How far ahead the next opening is looked for; further off it is of no use to a caller. */
const openingSearchDays = 14

/** Empty exactly if the resource is free. `until`: when this rule no longer says no, or for hours the next opening. */
export function resourceBlocks(input: {
  state: ResourceState
  segment: SegmentPlan
  startsAt: Instant
  now: Instant
  ignores?: ((claim: Claim) => boolean) | undefined
}): SlotBlock[] {
  const { state, segment, startsAt, now, ignores } = input
  const { resourceId, name, active, timeOff } = state.schedule
  const claimStart = startsAt + segment.claimStart
  const claimEnd = startsAt + segment.claimEnd
  const claims = state.claims.filter((claim) => isLive(claim, now) && !ignores?.(claim))
  const blocks: SlotBlock[] = []
  const add = (reason: UnavailableReason, message: string, until: Instant | null) =>
    blocks.push({ reason, message, resourceId, until })
  const addTaken = (reason: UnavailableReason, message: string, taken: readonly Interval[]) => {
    const ends = taken.filter((each) => meets(each, claimStart, claimEnd)).map((each) => each.end)
    if (ends.length > 0) add(reason, message, Math.max(...ends))
  }
  if (!active) add('INACTIVE', `${name} takes no bookings at the moment.`, null)
  const segmentStart = startsAt + segment.segmentStart
  if (!worksDuring(state, segmentStart, startsAt + segment.segmentEnd)) {
    add('OUTSIDE_HOURS', `${name} does not work for all of this time.`, nextOpeningAfter(state, segmentStart))
  }
  addTaken('TIME_OFF', `${name} is away at this time.`, timeOff)
  addTaken(
    'ALREADY_BOOKED',
    `${name} is already booked at this time.`,
    claims.filter((claim) => claim.expiresAt === null),
  )
  const holds = claims.filter((claim) => claim.expiresAt !== null && meets(claim, claimStart, claimEnd))
  if (holds.length > 0) {
    const until = Math.max(...holds.map((claim) => claim.expiresAt as Instant))
    add('HELD', `${name} is being held for someone else at this time.`, until)
  }
  addTaken('EXTERNAL_BUSY', `${name} is busy at this time according to an outside calendar.`, state.busy)
  return blocks
}

function nextOpeningAfter(state: ResourceState, instant: Instant): Instant | null {
  const hours = workingIntervals(state.schedule, instant, instant + openingSearchDays * dayMilliseconds)
  // The first interval may be a shift that is under way; it then begins at the instant asked for.
  return hours.find((interval) => interval.start > instant)?.start ?? null
}

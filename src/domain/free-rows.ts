// For each candidate of each segment one row over all starts: 1 where it is free. Filled range by range, never start by start.

import { isLive } from './resource-availability.ts'
import type { SegmentPlan, ServicePlan } from './service-plan.ts'
import type { Instant, Interval, ResourceState } from './types.ts'
import { workingIntervals } from './working-hours.ts'

/** What is known of one resource, shared by the segments it can serve. Taken intervals may overlap, in any order. */
interface Occupation {
  hours: Interval[]
  taken: Interval[]
}

/**
 * Rows by segment, group and candidate. Each interval is turned into the range of starts it opens or closes, so the cost
 * follows the number of claims and not claims times starts; claims need no sorting or merging.
 */
export function freeRows(
  plan: ServicePlan,
  resources: ReadonlyMap<string, ResourceState>,
  starts: readonly Instant[],
  now: Instant,
): Uint8Array[][][] {
  const occupations = new Map<string, Occupation>()
  const blocked = new Uint8Array(starts.length)
  const occupationOf = (id: string) => {
    const known = occupations.get(id)
    if (known) return known
    const state = resources.get(id)
    if (!state?.schedule.active) return null
    const occupation = occupationDuring(plan, state, starts, now)
    occupations.set(id, occupation)
    return occupation
  }
  return plan.segments.map((segment) => {
    const rowByResource = new Map<string, Uint8Array>()
    return segment.groups.map((candidateIds) =>
      candidateIds.map((id) => {
        const occupation = occupationOf(id)
        const row = rowByResource.get(id) ?? (occupation ? freeRow(segment, occupation, starts) : blocked)
        rowByResource.set(id, row)
        return row
      }),
    )
  })
}

function occupationDuring(
  plan: ServicePlan,
  { schedule, claims, busy }: ResourceState,
  starts: readonly Instant[],
  now: Instant,
): Occupation {
  const first = starts[0] as Instant
  const last = starts[starts.length - 1] as Instant
  return {
    hours: workingIntervals(schedule, first, last + plan.durationMilliseconds),
    taken: [...claims.filter((claim) => isLive(claim, now)), ...busy, ...schedule.timeOff],
  }
}

function freeRow(segment: SegmentPlan, { hours, taken }: Occupation, starts: readonly Instant[]): Uint8Array {
  const row = new Uint8Array(starts.length)
  for (const { start, end } of hours) {
    row.fill(1, firstAtOrAfter(starts, start - segment.segmentStart), firstAfter(starts, end - segment.segmentEnd))
  }
  for (const { start, end } of taken) {
    if (start >= end) continue
    row.fill(0, firstAfter(starts, start - segment.claimEnd), firstAtOrAfter(starts, end - segment.claimStart))
  }
  return row
}

function firstAfter(starts: readonly Instant[], instant: Instant): number {
  const index = firstAtOrAfter(starts, instant)
  return starts[index] === instant ? index + 1 : index
}

/** Guesses from the grid's step, which is right but near a transition, and else halves. */
function firstAtOrAfter(starts: readonly Instant[], instant: Instant): number {
  let low = 0
  let high = starts.length
  const first = starts[0] as Instant
  if (instant <= first) return 0
  const step = (starts[1] ?? first + 1) - first
  const guess = Math.ceil((instant - first) / step)
  if (guess < high && (starts[guess] as Instant) >= instant && (starts[guess - 1] as Instant) < instant) return guess
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((starts[middle] as Instant) >= instant) high = middle
    else low = middle + 1
  }
  return low
}

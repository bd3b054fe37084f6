// For each candidate of each segment one row over all starts: 1 where it is free. Filled range by range, never start by start.

import { workingIntervals } from '../time/working-hours.ts'
import type { Instant, Interval, ResourceState } from '../vocabulary/types.ts'
import { isLive } from './resource-availability.ts'
import type { SegmentPlan, ServicePlan } from './service-plan.ts'

/** By segment and group, the row of each candidate. */
export type FreeRows = readonly (readonly (readonly Uint8Array[])[])[]

/** The grid starts that are judged; `step` is their usual distance. */
interface Starts {
  at: readonly Instant[]
  first: Instant
  step: number
}

/**
 * Each interval is turned into the range of starts it opens or closes, so the cost follows the number of claims and not claims
 * times starts; claims may overlap and come in any order. A person shared by a chain is free where it is free for all of its segments.
 */
export function freeRows(
  plan: ServicePlan,
  resources: ReadonlyMap<string, ResourceState>,
  starts: readonly Instant[],
  now: Instant,
): FreeRows {
  const first = starts[0] as Instant
  const last = starts[starts.length - 1] as Instant
  const grid: Starts = { at: starts, first, step: (starts[1] ?? first + 1) - first }
  const knownHours = new Map<ResourceState, Interval[]>()
  const hoursOf = (state: ResourceState) => {
    const known = knownHours.get(state)
    if (known) return known
    const hours = workingIntervals(state.schedule, first, last + plan.durationMilliseconds)
    knownHours.set(state, hours)
    return hours
  }
  const rowsBySegment = plan.segments.map((segment) => {
    const rows = new Map<string, Uint8Array>()
    for (const id of new Set(segment.groups.flat())) {
      const row = new Uint8Array(starts.length)
      const state = resources.get(id)
      if (state?.schedule.active) fillRow(row, segment, state, hoursOf(state), grid, now)
      rows.set(id, row)
    }
    return rows
  })
  const shared = sharedRows(plan, rowsBySegment, starts.length)
  return plan.segments.map((segment, index) =>
    segment.groups.map((candidateIds, group) => {
      const rows =
        (group === segment.staffGroup && shared.get(index)) || (rowsBySegment[index] as Map<string, Uint8Array>)
      return candidateIds.map((id) => rows.get(id) as Uint8Array)
    }),
  )
}

/** For the segments of chains that share a person: the rows of those who are free for the whole chain. */
function sharedRows(plan: ServicePlan, rowsBySegment: readonly Map<string, Uint8Array>[], length: number) {
  const shared = new Map<number, Map<string, Uint8Array>>()
  for (const chain of plan.chains) {
    if (!chain.sharesPerson) continue
    const people = new Map<string, Uint8Array>()
    for (const index of chain.segmentIndexes) shared.set(index, people)
    const staff = chain.segmentIndexes.map((index) => {
      const segment = plan.segments[index] as SegmentPlan
      return { rows: rowsBySegment[index] as Map<string, Uint8Array>, ids: new Set(segment.groups[segment.staffGroup]) }
    })
    for (const id of new Set(staff.flatMap(({ ids }) => [...ids]))) {
      const common = new Uint8Array(length)
      people.set(id, common)
      if (!staff.every(({ ids }) => ids.has(id))) continue
      common.fill(1)
      for (const { rows } of staff) {
        const row = rows.get(id) as Uint8Array
        for (let at = 0; at < length; at++) common[at] = (common[at] as number) & (row[at] as number)
      }
    }
  }
  return shared
}

function fillRow(
  row: Uint8Array,
  segment: SegmentPlan,
  { schedule, claims, busy }: ResourceState,
  hours: readonly Interval[],
  starts: Starts,
  now: Instant,
): void {
  for (const { start, end } of hours) {
    row.fill(1, firstAtOrAfter(starts, start - segment.segmentStart), firstAfter(starts, end - segment.segmentEnd))
  }
  for (const claim of claims) if (isLive(claim, now)) close(row, segment, claim, starts)
  for (const interval of busy) close(row, segment, interval, starts)
  for (const interval of schedule.timeOff) close(row, segment, interval, starts)
}

function close(row: Uint8Array, segment: SegmentPlan, { start, end }: Interval, starts: Starts): void {
  if (start >= end) return
  const until = firstAtOrAfter(starts, end - segment.claimStart)
  // A claim spans few starts: a loop beats the call of fill.
  for (let index = firstAfter(starts, start - segment.claimEnd); index < until; index++) row[index] = 0
}

function firstAfter(starts: Starts, instant: Instant): number {
  const index = firstAtOrAfter(starts, instant)
  return starts.at[index] === instant ? index + 1 : index
}

/** Guesses from the step, which is right until the first gap or transition, and else halves. */
function firstAtOrAfter({ at, first, step }: Starts, instant: Instant): number {
  if (instant <= first) return 0
  let low = 0
  let high = at.length
  const guess = Math.ceil((instant - first) / step)
  if (guess < high && (at[guess] as Instant) >= instant && (at[guess - 1] as Instant) < instant) return guess
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((at[middle] as Instant) >= instant) high = middle
    else low = middle + 1
  }
  return low
}

// The open slots of a service: the one function behind the query, the live views, the alternatives and the booking.

import { localDayAt, minuteMilliseconds, startOfLocalDay } from '../time/zone-offsets.ts'
import type { Instant, Interval, ResourceState, ServiceDefinition, Slot } from '../vocabulary/types.ts'
import { candidatesBySegment } from './assignment-search.ts'
import { bookingWindow, horizonReachesAt } from './booking-window.ts'
import { type FreeRows, freeRows } from './free-rows.ts'
import { isLive } from './resource-availability.ts'
import { narrowToResources, planOf, type ServicePlan } from './service-plan.ts'
import { gridStarts } from './slot-grid.ts'

export interface SlotSearch {
  service: ServiceDefinition
  /** States that cover `claimWindow(service, from, to)`; a resource that is missing serves nobody. */
  resources: ReadonlyMap<string, ResourceState>
  /** Inclusive, on the start. */
  from: Instant
  /** Exclusive, on the start. */
  to: Instant
  now: Instant
  /** Only slots served by these. Their states must be loaded too, also of those that are no candidates: the kind counts. */
  resourceIds?: readonly string[] | null
}

/** For each segment everyone who takes part in at least one complete way to serve a start; immutable. */
export type Candidates = readonly (readonly string[])[]

/** Open starts, ascending, and the candidates of each; neighbouring starts share theirs. */
export interface Openings {
  starts: Instant[]
  candidates: Candidates[]
}

/** Ascending by start. Neighbouring slots may share their lists of candidates: treat the answer as immutable. */
export function findSlots({ resourceIds, ...search }: SlotSearch): Slot[] {
  const { resources, service } = search
  const offered = narrowToResources(service, resourceIds ?? [], (id) => resources.get(id)?.schedule.kind)
  if (!offered) return []
  const { starts, candidates } = findOpenings({ ...search, service: offered })
  return starts.map((startsAt, index) => slotAt(offered, startsAt, candidates[index] as Candidates))
}

/** The same without a slot for each: for whoever keeps many. The service is narrowed to whom it asks for already. */
export function findOpenings({ service, resources, from, to, now }: Omit<SlotSearch, 'resourceIds'>): Openings {
  const found: Openings = { starts: [], candidates: [] }
  if (!service.active || service.segments.length === 0) return found
  const { earliestAt, latestAt } = bookingWindow(service, now)
  const starts = gridStarts(
    service.timeZone,
    service.slotIntervalMinutes,
    Math.max(from, earliestAt),
    Math.min(to, latestAt),
  )
  if (starts.length === 0) return found
  const plan = planOf(service)
  const rows = freeRows(plan, resources, starts, now)
  let candidates: Candidates | null = null
  for (const [index, startsAt] of starts.entries()) {
    if (index === 0 || changesAt(rows, index)) candidates = candidatesAt(plan, rows, index)
    if (!candidates) continue
    found.starts.push(startsAt)
    found.candidates.push(candidates)
  }
  return found
}

/** The range of claims, busy intervals and time off that must be loaded to judge all starts in [from, to). */
export function claimWindow(service: ServiceDefinition, from: Instant, to: Instant): Interval {
  const { segments, durationMilliseconds } = planOf(service)
  return {
    start: from + Math.min(0, ...segments.map((segment) => segment.claimStart)),
    end: to + Math.max(durationMilliseconds, ...segments.map((segment) => segment.claimEnd)),
  }
}

/**
 * The first instant after `now` at which the answer for [from, to) can differ though nothing was written: the first slot drops out of
 * notice, a hold expires, or a local midnight moves the horizon. Null if time alone changes nothing. `slots` is the answer at `now`.
 */
export function nextChangeAt(search: SlotSearch & { slots: readonly Slot[] }): Instant | null {
  const { service, resources, from, to, now, slots } = search
  if (!service.active) return null
  const moments: Instant[] = []
  const first = slots[0]
  // The slot is still open at the instant itself and closed a millisecond later.
  if (first) moments.push(first.startsAt - service.minimumNoticeMinutes * minuteMilliseconds + 1)
  const { latestAt } = bookingWindow(service, now)
  if (latestAt < to) {
    const tomorrow = startOfLocalDay(service.timeZone, localDayAt(service.timeZone, now) + 1)
    moments.push(Math.max(tomorrow, horizonReachesAt(service, from)))
  }
  const window = claimWindow(service, from, to)
  const candidateIds = new Set(service.segments.flatMap((s) => s.resourceGroups.flatMap((g) => g.candidateIds)))
  for (const id of candidateIds) {
    for (const claim of resources.get(id)?.claims ?? []) {
      if (claim.expiresAt === null || !isLive(claim, now)) continue
      if (claim.start < window.end && window.start < claim.end) moments.push(claim.expiresAt)
    }
  }
  return moments.length > 0 ? moments.reduce((a, b) => Math.min(a, b)) : null
}

function changesAt(rows: FreeRows, index: number): boolean {
  for (const groups of rows) {
    for (const group of groups) for (const row of group) if (row[index] !== row[index - 1]) return true
  }
  return false
}

function candidatesAt(plan: ServicePlan, rows: FreeRows, index: number): string[][] | null {
  const free: string[][][] = []
  for (const [segmentIndex, segment] of plan.segments.entries()) {
    const groups: string[][] = []
    for (const [group, candidateIds] of segment.groups.entries()) {
      const ids = freeIds(candidateIds, rows[segmentIndex]?.[group] ?? [], index)
      if (ids.length === 0) return null
      groups.push(ids)
    }
    free.push(groups)
  }
  // No two groups compete and the rows of shared people agree already: all who are free take part.
  if (plan.groupsAreDisjoint)
    return free.map((groups) => (groups.length === 1 ? (groups[0] as string[]) : groups.flat()))
  return candidatesBySegment(plan, free)
}

function freeIds(candidateIds: readonly string[], rows: readonly Uint8Array[], index: number): string[] {
  const ids: string[] = []
  for (let candidate = 0; candidate < candidateIds.length; candidate++) {
    if ((rows[candidate] as Uint8Array)[index] === 1) ids.push(candidateIds[candidate] as string)
  }
  return ids
}

/** The slot of an open start. */
export function slotAt(service: ServiceDefinition, startsAt: Instant, candidates: Candidates): Slot {
  const plan = planOf(service)
  return {
    startsAt,
    endsAt: startsAt + plan.durationMilliseconds,
    segments: plan.segments.map((segment, index) => ({
      name: segment.definition.name,
      startsAt: startsAt + segment.segmentStart,
      endsAt: startsAt + segment.segmentEnd,
      candidateIds: (candidates[index] ?? []) as string[],
    })),
  }
}

// Views: the open slots of one service and certain people, for everybody who watches them, whatever the range.
import type { Candidates } from '../domain/slots/slots.ts'
import type { Claim, Instant, Interval, ResourceState, ServiceDefinition, Slot } from '../domain/vocabulary/types.ts'
import { availabilityScope, sortedIds, type ViewSubject } from './cursors.ts'
import { DAY_MS, dayNumber } from './day-reading.ts'
import type { DayState } from './day-states.ts'
import { createSlotDay, type SlotDay } from './slot-days.ts'
import type { Snapshot } from './snapshots.ts'
import type { StreamSource, UpdateStream } from './update-stream.ts'
import type { ViewPlan } from './view-plans.ts'

/** One message of a live view. The same frozen object goes to everybody whose range shows the same of it. */
export interface AvailabilityUpdate {
  readonly kind: 'SNAPSHOT' | 'CHANGE'
  readonly opened: readonly Slot[]
  readonly closed: readonly Slot[]
  readonly cursor: string
}

/** What of a view one subscriber sees, by start: `from` is in, `to` is not. */
export interface ViewRange {
  from: Instant
  to: Instant
  /** The UTC dates that the view keeps for it, both in. */
  firstDay: number
  lastDay: number
}

export type AvailabilityStream = UpdateStream<AvailabilityUpdate, ViewRange>

export interface AvailabilityView {
  subject: ViewSubject
  scope: string
  /** Null until it was read for the first time. */
  plan: ViewPlan | null
  /** The dates of the starts that it keeps, by number. */
  days: Map<number, SlotDay>
  /** Their numbers, ascending. */
  order: number[]
  /** The resource-days that it stands on, by resource and number. */
  states: Map<string, Map<number, DayState<AvailabilityView>>>
  /** What its slots are slots of. */
  judgedBy: ServiceDefinition | null
  /** Its slots are those of this instant. */
  at: Instant
  /** Until then time alone changes nothing. */
  nextAt: Instant
  /** Starts to judge again. Null: nothing has changed. */
  stale: Interval[] | 'all' | null
  /** Lists of candidates that were met, so that equal ones are one. */
  lists: Map<string, Candidates>
  /** Transactions applied to its days that `aheadOf` does not see. */
  ahead: number[]
  aheadOf: Snapshot | null
  members: Set<AvailabilityStream>
  source: StreamSource<AvailabilityUpdate, ViewRange> | null
  /** How many wait to become members. */
  waiting: number
  /** Snapshots of the present slots that were made already, by what they show. */
  snapshots: Map<string, AvailabilityUpdate>
  /** Since when nothing has touched it, neither a transaction nor the clock. Null: it was touched in this turn. */
  quietSince: { snapshot: Snapshot; epoch: string; at: Instant } | null
}

export function createView(subject: ViewSubject): AvailabilityView {
  return {
    subject: { ...subject, resourceIds: sortedIds(subject.resourceIds) },
    scope: availabilityScope(subject),
    plan: null,
    days: new Map(),
    order: [],
    states: new Map(),
    judgedBy: null,
    at: Number.NEGATIVE_INFINITY,
    nextAt: Number.POSITIVE_INFINITY,
    stale: null,
    lists: new Map(),
    ahead: [],
    aheadOf: null,
    members: new Set(),
    source: null,
    waiting: 0,
    snapshots: new Map(),
    quietSince: null,
  }
}

/** The dates of a range. What lies before yesterday can never be offered again, so nobody keeps it. */
export function rangeOf({ from, to }: { from: Instant; to: Instant }, now: Instant): ViewRange {
  return { from, to, firstDay: Math.max(dayNumber(from), dayNumber(now) - 1), lastDay: dayNumber(to - 1) }
}

/** Keeps the dates for one more. False: some of them have to be read first. */
export function watchRange(view: AvailabilityView, { firstDay, lastDay }: ViewRange, nowMs: number): boolean {
  let isRead = view.plan !== null
  for (let number = firstDay; number <= lastDay; number++) {
    let day = view.days.get(number)
    if (!day) {
      day = createSlotDay()
      view.days.set(number, day)
      view.order = [...view.days.keys()].sort((a, b) => a - b)
    }
    if (day.watchers++ === 0) day.watchedSinceMs = nowMs
    isRead &&= day.isJudged
  }
  return isRead
}

/** A claim came or went: the starts that it can reach have to be judged again. */
export function markStale(view: AvailabilityView, claim: Claim): void {
  if (view.stale === 'all' || !view.plan) return
  view.stale ??= []
  view.stale.push(reachedStarts(view.plan, claim))
  if (claim.expiresAt !== null && claim.expiresAt > view.at) view.nextAt = Math.min(view.nextAt, claim.expiresAt)
}

export function reachedStarts(plan: ViewPlan, { start, end }: Interval): Interval {
  return { start: start - plan.reachAfter, end: end + plan.reachBefore }
}

/** The parts of a range that lie in dates whose states are known, each as long as possible. */
export function* runsWithin(view: AvailabilityView, { start, end }: Interval): Generator<Interval> {
  let run = null as Interval | null
  for (const number of view.order) {
    const from = Math.max(start, number * DAY_MS)
    const to = Math.min(end, (number + 1) * DAY_MS)
    if (from >= to || !view.days.get(number)?.isRead) continue
    if (run?.end === from) run.end = to
    else {
      if (run) yield run
      run = { start: from, end: to }
    }
  }
  if (run) yield run
}

/** Claims that touch two dates are in both, and then here twice: taken is taken. */
export function statesBetween(
  view: AvailabilityView,
  plan: ViewPlan,
  { start, end }: Interval,
  counts: (claim: Claim) => boolean = () => true,
): Map<string, ResourceState> {
  const first = dayNumber(start - plan.reachBefore)
  const last = dayNumber(end + plan.reachAfter - 1)
  const states = new Map<string, ResourceState>()
  for (const [id, schedule] of plan.schedules) {
    const state: ResourceState = { schedule, claims: [], busy: [] }
    const days = view.states.get(id)
    for (let number = first; days && number <= last; number++) {
      const day = days.get(number)
      if (!day) continue
      for (const claim of day.claims.values()) if (counts(claim)) state.claims.push(claim)
      for (const busy of day.busy) state.busy.push(busy)
    }
    states.set(id, state)
  }
  return states
}

/** Of all its days. */
export function* expiringClaims(view: AvailabilityView): Generator<Claim> {
  for (const days of view.states.values()) {
    for (const { claims } of days.values()) {
      for (const claim of claims.values()) if (claim.expiresAt !== null) yield claim
    }
  }
}

/** Sorted and merged, the empty ones left out. */
export function disjoint(ranges: readonly Interval[]): Interval[] {
  const merged: Interval[] = []
  for (const range of [...ranges].sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1)
    if (range.start >= range.end) continue
    if (last && range.start <= last.end) last.end = Math.max(last.end, range.end)
    else merged.push({ ...range })
  }
  return merged
}

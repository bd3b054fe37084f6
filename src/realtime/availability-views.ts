// Views: the open slots of one question, kept up to date by judging again only what a change or the clock can reach.
import { bookingWindow } from '../domain/slots/booking-window.ts'
import { diffSlots, type SlotChanges } from '../domain/slots/slot-diff.ts'
import { findSlots, nextChangeAt } from '../domain/slots/slots.ts'
import type { Claim, Instant, Interval, ResourceState, Slot } from '../domain/vocabulary/types.ts'
import { type AvailabilityQuestion, availabilityScope, sortedIds } from './cursors.ts'
import { dayNumber } from './day-reading.ts'
import type { DayState } from './day-states.ts'
import type { Snapshot } from './snapshots.ts'
import type { StreamSource, UpdateStream } from './update-stream.ts'
import type { ViewPlan } from './view-plans.ts'

/** One message of a live view. The same frozen object goes to every subscriber. */
export interface AvailabilityUpdate {
  readonly kind: 'SNAPSHOT' | 'CHANGE'
  readonly opened: readonly Slot[]
  readonly closed: readonly Slot[]
  readonly cursor: string
}

export interface AvailabilityView {
  question: AvailabilityQuestion
  scope: string
  /** Null until it was read for the first time. */
  plan: ViewPlan | null
  /** The watched days of each offered resource, from `plan.firstDay` on. */
  days: Map<string, DayState<AvailabilityView>[]>
  /** What the members know, as judged at `at`. */
  slots: readonly Slot[]
  at: Instant
  /** Until then time alone changes nothing. */
  nextAt: Instant
  /** Starts to judge again. Null: nothing has changed. */
  stale: Interval[] | 'all' | null
  /** Transactions applied to its days that `aheadOf` does not see. */
  ahead: number[]
  aheadOf: Snapshot | null
  members: Set<UpdateStream<AvailabilityUpdate>>
  /** What its members have in common. Null until the first one. */
  source: StreamSource<AvailabilityUpdate> | null
  /** How many wait to become members. */
  waiting: number
  /** Cursors that were given out for exactly the present slots. */
  cursors: Set<string>
  snapshot: { update: AvailabilityUpdate; position: Snapshot } | null
}

export function createView(question: AvailabilityQuestion): AvailabilityView {
  return {
    question: { ...question, resourceIds: sortedIds(question.resourceIds) },
    scope: availabilityScope(question),
    plan: null,
    days: new Map(),
    slots: [],
    at: Number.NEGATIVE_INFINITY,
    nextAt: Number.POSITIVE_INFINITY,
    stale: 'all',
    ahead: [],
    aheadOf: null,
    members: new Set(),
    source: null,
    waiting: 0,
    cursors: new Set(),
    snapshot: null,
  }
}

/** A claim came or went: the starts that it can reach have to be judged again. */
export function markStale(view: AvailabilityView, claim: Claim): void {
  if (view.stale === 'all' || !view.plan) return
  view.stale ??= []
  view.stale.push(reachedStarts(view, view.plan, claim))
  if (claim.expiresAt !== null && claim.expiresAt > view.at) view.nextAt = Math.min(view.nextAt, claim.expiresAt)
}

/**
 * Brings the slots to the present states and to `now`, and returns the difference. Equal to judging the whole question
 * anew: outside the stale ranges neither the states nor, before `nextAt`, the clock can have changed anything.
 */
export function refreshView(view: AvailabilityView, plan: ViewPlan, now: Instant): SlotChanges {
  const { stale } = view
  const before = view.slots
  view.stale = null
  if (stale === 'all' || now < view.at) {
    const resources = statesBetween(view, plan, view.question.from, view.question.to)
    view.slots = findSlots({ ...searchOf(view, plan), resources, now })
    view.at = now
    view.nextAt = nextAlarm(view, plan, now)
    return diffSlots(before, view.slots)
  }
  const isDue = now >= view.nextAt
  const ranges = isDue ? [...(stale ?? []), ...rangesOfTime(view, plan, now)] : (stale ?? [])
  const changes = isDue ? dropPassed(view, plan, now) : { opened: [], closed: [] }
  for (const range of disjoint(ranges)) {
    const part = judgeRange(view, plan, range, now)
    changes.opened.push(...part.opened)
    changes.closed.push(...part.closed)
  }
  view.at = now
  view.nextAt = isDue ? nextAlarm(view, plan, now) : Math.min(view.nextAt, noticeEndsAt(view, plan))
  return changes
}

/** The slots that were open for other claims at another time, e.g. in the past. */
export function slotsAt(
  view: AvailabilityView,
  plan: ViewPlan,
  { now, claimsOf }: { now: Instant; claimsOf: (day: DayState<AvailabilityView>) => Iterable<Claim> },
): Slot[] {
  const resources = statesBetween(view, plan, view.question.from, view.question.to, claimsOf)
  return findSlots({ ...searchOf(view, plan), resources, now })
}

function searchOf({ question }: AvailabilityView, { service }: ViewPlan) {
  return { service, from: question.from, to: question.to, resourceIds: question.resourceIds }
}

function judgeRange(view: AvailabilityView, plan: ViewPlan, range: Interval, now: Instant): SlotChanges {
  const resources = statesBetween(view, plan, range.start, range.end)
  const found = findSlots({ ...searchOf(view, plan), resources, from: range.start, to: range.end, now })
  const first = firstFrom(view.slots, range.start)
  const end = firstFrom(view.slots, range.end)
  const changes = diffSlots(view.slots.slice(first, end), found)
  if (changes.opened.length + changes.closed.length > 0) view.slots = view.slots.toSpliced(first, end - first, ...found)
  return changes
}

/** Slots whose notice has run out, from the front. */
function dropPassed(view: AvailabilityView, plan: ViewPlan, now: Instant): SlotChanges {
  const passed = firstFrom(view.slots, bookingWindow(plan.service, now).earliestAt)
  const closed = view.slots.slice(0, passed)
  if (passed > 0) view.slots = view.slots.slice(passed)
  return { opened: [], closed }
}

/** What the clock has changed since the view was judged: holds that expired, and the days that came within the horizon. */
function rangesOfTime(view: AvailabilityView, plan: ViewPlan, now: Instant): Interval[] {
  const { from, to } = view.question
  const ranges: Interval[] = []
  for (const days of view.days.values()) {
    for (const { claims } of days) {
      for (const claim of claims.values()) {
        const hasExpired = claim.expiresAt !== null && claim.expiresAt > view.at && claim.expiresAt <= now
        if (hasExpired) ranges.push(reachedStarts(view, plan, claim))
      }
    }
  }
  const reached = bookingWindow(plan.service, view.at).latestAt
  const reaches = bookingWindow(plan.service, now).latestAt
  if (reached < reaches) ranges.push({ start: Math.max(reached, from), end: Math.min(reaches, to) })
  return ranges
}

function nextAlarm(view: AvailabilityView, plan: ViewPlan, now: Instant): Instant {
  const resources = statesBetween(view, plan, view.question.from, view.question.to, function* ({ claims }) {
    for (const claim of claims.values()) if (claim.expiresAt !== null) yield claim
  })
  return nextChangeAt({ ...searchOf(view, plan), resources, now, slots: view.slots }) ?? Number.POSITIVE_INFINITY
}

function noticeEndsAt({ slots }: AvailabilityView, { service }: ViewPlan): Instant {
  return slots[0] ? slots[0].startsAt - service.minimumNoticeMinutes * 60_000 + 1 : Number.POSITIVE_INFINITY
}

/** Claims that touch two dates are in both, and then here twice: taken is taken. */
function statesBetween(
  view: AvailabilityView,
  plan: ViewPlan,
  from: Instant,
  to: Instant,
  claimsOf: (day: DayState<AvailabilityView>) => Iterable<Claim> = ({ claims }) => claims.values(),
): Map<string, ResourceState> {
  const first = Math.max(dayNumber(from - plan.reachBefore) - plan.firstDay, 0)
  const last = dayNumber(to + plan.reachAfter - 1) - plan.firstDay
  const states = new Map<string, ResourceState>()
  for (const [id, schedule] of plan.schedules) {
    const state: ResourceState = { schedule, claims: [], busy: [] }
    const days = view.days.get(id) ?? []
    for (let index = first; index <= last; index++) {
      const day = days[index]
      if (!day) continue
      for (const claim of claimsOf(day)) state.claims.push(claim)
      for (const busy of day.busy) state.busy.push(busy)
    }
    states.set(id, state)
  }
  return states
}

function reachedStarts({ question }: AvailabilityView, plan: ViewPlan, { start, end }: Interval): Interval {
  return {
    start: Math.max(start - plan.reachAfter, question.from),
    end: Math.min(end + plan.reachBefore, question.to),
  }
}

/** Sorted and merged, the empty ones left out. */
function disjoint(ranges: readonly Interval[]): Interval[] {
  const merged: Interval[] = []
  for (const range of [...ranges].sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1)
    if (range.start >= range.end) continue
    if (last && range.start <= last.end) last.end = Math.max(last.end, range.end)
    else merged.push({ ...range })
  }
  return merged
}

/** The index of the first slot that starts at or after `instant`. */
function firstFrom(slots: readonly Slot[], instant: Instant): number {
  let low = 0
  let high = slots.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((slots[middle] as Slot).startsAt < instant) low = middle + 1
    else high = middle
  }
  return low
}

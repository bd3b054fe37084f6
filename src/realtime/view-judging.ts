// Keeps the slots of a view up to date by judging again only what a change or the clock can reach.
import { bookingWindow } from '../domain/slots/booking-window.ts'
import { diffSlots, type SlotChanges } from '../domain/slots/slot-diff.ts'
import { type Candidates, findOpenings, nextChangeAt, type Openings, slotAt } from '../domain/slots/slots.ts'
import type { Instant, Interval, ResourceState, ServiceDefinition, Slot } from '../domain/vocabulary/types.ts'
import {
  type AvailabilityView,
  disjoint,
  expiringClaims,
  reachedStarts,
  runsWithin,
  statesBetween,
} from './availability-views.ts'
import { DAY_MS, dayNumber } from './day-reading.ts'
import { diffOpenings, replaceOpenings, type SlotDay, shareLists, sliceOpenings } from './slot-days.ts'
import type { ViewPlan } from './view-plans.ts'

const ALWAYS: Interval = { start: Number.NEGATIVE_INFINITY, end: Number.POSITIVE_INFINITY }

/**
 * Brings the slots to the present states and to `now`, and returns the difference. Equal to judging everything anew:
 * outside the stale ranges neither the states nor, before `nextAt`, the clock can have changed anything. Dates that are
 * judged for the first time are no difference: nobody has been told of them.
 */
export function refreshView(view: AvailabilityView, plan: ViewPlan, now: Instant): SlotChanges {
  const { stale } = view
  view.stale = null
  if (stale === 'all' || now < view.at) return judgeAll(view, plan, now)
  const changes: SlotChanges = { opened: [], closed: [] }
  const isDue = now >= view.nextAt
  if (isDue) dropPassed(view, plan, now, changes)
  const ranges = isDue ? [...(stale ?? []), ...rangesOfTime(view, plan, view.at, now)] : (stale ?? [])
  for (const range of disjoint(ranges)) judge(view, plan, range, now, changes)
  const hasGrown = judgeNewDays(view, plan, now)
  view.at = now
  view.nextAt = isDue || hasGrown ? nextAlarm(view, plan, now) : Math.min(view.nextAt, noticeEndsAt(view, plan))
  return changes
}

/** What the clock changes between two instants: holds that expire, and the days that come within the horizon. */
export function rangesOfTime(view: AvailabilityView, plan: ViewPlan, since: Instant, now: Instant): Interval[] {
  const ranges: Interval[] = []
  for (const claim of expiringClaims(view)) {
    const expiresAt = claim.expiresAt as Instant
    if (expiresAt > since && expiresAt <= now) ranges.push(reachedStarts(plan, claim))
  }
  const reached = bookingWindow(plan.service, since).latestAt
  const reaches = bookingWindow(plan.service, now).latestAt
  if (reached < reaches) ranges.push({ start: reached, end: reaches })
  return ranges
}

/** The slots with a start in [from, to). */
export function slotsBetween(view: AvailabilityView, from: Instant, to: Instant): Slot[] {
  const { judgedBy } = view
  if (!judgedBy) return []
  const { starts, candidates } = openingsBetween(view, { start: from, end: to })
  return starts.map((start, index) => slotAt(judgedBy, start, candidates[index] as Candidates))
}

/** The same, packed. */
export function openingsBetween({ days, order }: AvailabilityView, { start, end }: Interval): Openings {
  const found: Openings = { starts: [], candidates: [] }
  for (const number of order) {
    if ((number + 1) * DAY_MS <= start || number * DAY_MS >= end) continue
    const { starts, candidates } = sliceOpenings(days.get(number) as SlotDay, start, end)
    for (const one of starts) found.starts.push(one)
    for (const one of candidates) found.candidates.push(one)
  }
  return found
}

/** What would be open in the run for these states. */
export function openingsIn(
  { offered }: ViewPlan,
  { start, end }: Interval,
  resources: ReadonlyMap<string, ResourceState>,
  now: Instant,
): Openings {
  if (!offered) return { starts: [], candidates: [] }
  return findOpenings({ service: offered, resources, from: start, to: end, now })
}

function judgeAll(view: AvailabilityView, plan: ViewPlan, now: Instant): SlotChanges {
  const before = slotsBetween(view, ALWAYS.start, ALWAYS.end)
  const known = new Set(view.order.filter((number) => view.days.get(number)?.isJudged))
  for (const day of view.days.values()) day.isJudged = false
  view.lists.clear()
  view.judgedBy = plan.offered
  judgeNewDays(view, plan, now)
  view.at = now
  view.nextAt = nextAlarm(view, plan, now)
  const after = slotsBetween(view, ALWAYS.start, ALWAYS.end)
  return diffSlots(
    before,
    after.filter(({ startsAt }) => known.has(dayNumber(startsAt))),
  )
}

/** Whether there were any. */
function judgeNewDays(view: AvailabilityView, plan: ViewPlan, now: Instant): boolean {
  const isNew = ({ isRead, isJudged }: SlotDay) => isRead && !isJudged
  const numbers = view.order.filter((number) => isNew(view.days.get(number) as SlotDay))
  const ranges = numbers.map((number) => ({ start: number * DAY_MS, end: (number + 1) * DAY_MS }))
  for (const range of disjoint(ranges)) judge(view, plan, range, now, null)
  for (const number of numbers) (view.days.get(number) as SlotDay).isJudged = true
  view.judgedBy = plan.offered
  return numbers.length > 0
}

function judge(
  view: AvailabilityView,
  plan: ViewPlan,
  range: Interval,
  now: Instant,
  changes: SlotChanges | null,
): void {
  for (const run of runsWithin(view, range)) {
    const found = openingsIn(plan, run, statesBetween(view, plan, run), now)
    shareLists(view.lists, found)
    for (let number = dayNumber(run.start); number * DAY_MS < run.end; number++) {
      const day = view.days.get(number) as SlotDay
      const from = Math.max(run.start, number * DAY_MS)
      const to = Math.min(run.end, (number + 1) * DAY_MS)
      const part = sliceOpenings(found, from, to)
      const isTold = changes && plan.offered && day.isJudged
      if (isTold && !note(changes, plan.offered as ServiceDefinition, sliceOpenings(day, from, to), part)) continue
      replaceOpenings(day, from, to, part)
    }
  }
}

/** False: there is no difference. */
function note(changes: SlotChanges, service: ServiceDefinition, before: Openings, after: Openings): boolean {
  const { opened, closed } = diffOpenings(before, after)
  const slotOf = ({ starts, candidates }: Openings, index: number) =>
    slotAt(service, starts[index] as Instant, candidates[index] as Candidates)
  for (const index of opened) changes.opened.push(slotOf(after, index))
  for (const index of closed) changes.closed.push(slotOf(before, index))
  return opened.length + closed.length > 0
}

/** Slots whose notice has run out, from the front. */
function dropPassed(view: AvailabilityView, plan: ViewPlan, now: Instant, changes: SlotChanges): void {
  const { earliestAt } = bookingWindow(plan.service, now)
  changes.closed.push(...slotsBetween(view, ALWAYS.start, earliestAt))
  const nothing: Openings = { starts: [], candidates: [] }
  for (const number of view.order) {
    if (number * DAY_MS >= earliestAt) break
    replaceOpenings(view.days.get(number) as SlotDay, ALWAYS.start, earliestAt, nothing)
  }
}

function nextAlarm(view: AvailabilityView, plan: ViewPlan, now: Instant): Instant {
  const [first, last] = [view.order[0], view.order.at(-1)]
  if (first === undefined || last === undefined) return Number.POSITIVE_INFINITY
  const resources = new Map<string, ResourceState>()
  for (const [id, schedule] of plan.schedules) resources.set(id, { schedule, claims: [], busy: [] })
  for (const claim of expiringClaims(view)) resources.get(claim.resourceId)?.claims.push(claim)
  const search = { service: plan.service, resources, from: first * DAY_MS, to: (last + 1) * DAY_MS, now }
  const start = firstStart(view)
  const slots = start && plan.offered ? [slotAt(plan.offered, start, [])] : []
  return nextChangeAt({ ...search, slots }) ?? Number.POSITIVE_INFINITY
}

function noticeEndsAt(view: AvailabilityView, { service }: ViewPlan): Instant {
  const start = firstStart(view)
  return start === undefined ? Number.POSITIVE_INFINITY : start - service.minimumNoticeMinutes * 60_000 + 1
}

function firstStart(view: AvailabilityView): Instant | undefined {
  for (const number of view.order) {
    const start = view.days.get(number)?.starts[0]
    if (start !== undefined) return start
  }
  return undefined
}

// All that this process watches: its views, the states they stand on, and the transactions applied ahead of the log.
import type { AvailabilityDelta } from '../db/tables/availability-changes.ts'
import type { AvailabilityView } from './availability-views.ts'
import { markStale } from './availability-views.ts'
import { applyClaims, netChanges } from './claim-deltas.ts'
import { DAY_MS, dayNumber, dayText } from './day-reading.ts'
import { createDayStates, type DayState, type DayStates } from './day-states.ts'
import type { ViewPlan } from './view-plans.ts'

export interface WatchedViews {
  states: DayStates<AvailabilityView>
  /** By scope. */
  views: Map<string, AvailabilityView>
  /** Applied though the last turn's snapshot does not see them. */
  ahead: Set<number>
}

export function createWatchedViews(): WatchedViews {
  return { states: createDayStates(), views: new Map(), ahead: new Set() }
}

/** Takes the next step of a day, and tells which views it touches. */
export function stepDay(day: DayState<AvailabilityView>, version: number, delta: AvailabilityDelta) {
  const net = netChanges(delta)
  day.version = version
  applyClaims(day.claims, net)
  for (const view of day.views) {
    for (const claim of net.removed) markStale(view, claim)
    for (const claim of net.added) markStale(view, claim)
  }
  return day.views
}

/** The dates of the claims that can reach a start on one of these dates. */
export function claimDays({ reachBefore, reachAfter }: ViewPlan, dates: Iterable<number>): Set<number> {
  const numbers = new Set<number>()
  for (const date of dates) {
    const last = dayNumber((date + 1) * DAY_MS + reachAfter - 1)
    for (let number = dayNumber(date * DAY_MS - reachBefore); number <= last; number++) numbers.add(number)
  }
  return numbers
}

/**
 * The view stands on this plan and keeps these dates from now on; resource-days that nobody watched before have to be
 * filled. Another plan than before means to judge it all anew.
 */
export function standOn({ states }: WatchedViews, view: AvailabilityView, plan: ViewPlan, dates: number[]): void {
  const { organizationId } = view.subject
  const dropped = view.plan
  const numbers = claimDays(plan, dates)
  const kept = new Map<string, Map<number, DayState<AvailabilityView>>>()
  for (const id of plan.offeredIds) {
    const days = new Map<number, DayState<AvailabilityView>>()
    for (const number of numbers) days.set(number, states.watchDay(organizationId, id, dayText(number), view))
    kept.set(id, days)
  }
  for (const [id, days] of view.states) {
    for (const number of days.keys()) {
      if (!kept.get(id)?.has(number)) states.unwatchDay(organizationId, id, dayText(number), view)
    }
  }
  view.states = kept
  for (const date of dates) {
    const day = view.days.get(date)
    if (day) day.isRead = true
  }
  if (dropped === plan) return
  for (const [id, version] of definitionsOf(plan)) {
    states.watchDefinition(organizationId, id, view).version = version
  }
  view.plan = plan
  view.stale = 'all'
  if (dropped) unwatchDefinitions(states, view, dropped, plan)
}

/** The dates that nobody sees and that need not be kept any longer. Null: no date is left. */
export function forgetDates(watched: WatchedViews, view: AvailabilityView, nowMs: number): 'none left' | 'some left' {
  let forgotten = 0
  for (const [number, day] of view.days) {
    if (day.watchers > 0 || day.keptUntilMs > nowMs) continue
    view.days.delete(number)
    forgotten++
  }
  if (forgotten > 0) view.order = [...view.days.keys()].sort((a, b) => a - b)
  if (view.days.size === 0) return 'none left'
  if (forgotten > 0 && view.plan) {
    standOn(watched, view, view.plan, readDates(view))
    view.snapshots.clear()
  }
  return 'some left'
}

function readDates(view: AvailabilityView): number[] {
  return view.order.filter((number) => view.days.get(number)?.isRead)
}

export function forgetView({ states, views }: WatchedViews, view: AvailabilityView): void {
  if (views.get(view.scope) === view) views.delete(view.scope)
  const { organizationId } = view.subject
  for (const [id, days] of view.states) {
    for (const number of days.keys()) states.unwatchDay(organizationId, id, dayText(number), view)
  }
  if (view.plan) unwatchDefinitions(states, view, view.plan, null)
  view.plan = null
  view.states = new Map()
  view.days = new Map()
  view.order = []
}

function unwatchDefinitions(
  states: DayStates<AvailabilityView>,
  view: AvailabilityView,
  old: ViewPlan,
  kept: ViewPlan | null,
): void {
  const definitions = kept ? definitionsOf(kept) : new Map<string, number>()
  for (const id of definitionsOf(old).keys()) {
    if (!definitions.has(id)) states.unwatchDefinition(view.subject.organizationId, id, view)
  }
}

function definitionsOf({ service, schedules }: ViewPlan): Map<string, number> {
  return new Map([
    [service.id, service.definitionVersion],
    ...[...schedules].map(([id, schedule]): [string, number] => [id, schedule.scheduleVersion]),
  ])
}

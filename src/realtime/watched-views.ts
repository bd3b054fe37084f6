// All that this process watches: its views, the states they stand on, and the transactions applied ahead of the log.
import type { AvailabilityDelta } from '../db/tables/availability-changes.ts'
import type { AvailabilityView } from './availability-views.ts'
import { markStale } from './availability-views.ts'
import { applyClaims, netChanges } from './claim-deltas.ts'
import { dayText } from './day-reading.ts'
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

/** The view stands on this plan from now on; days that nobody watched before have to be filled. */
export function adoptPlan({ states }: WatchedViews, view: AvailabilityView, plan: ViewPlan): void {
  const { organizationId } = view.question
  const dropped = view.plan
  const days = new Map<string, DayState<AvailabilityView>[]>()
  for (const id of plan.offeredIds) {
    const ofResource: DayState<AvailabilityView>[] = []
    for (let day = plan.firstDay; day <= plan.lastDay; day++) {
      ofResource.push(states.watchDay(organizationId, id, dayText(day), view))
    }
    days.set(id, ofResource)
  }
  for (const [id, version] of definitionsOf(plan)) {
    states.watchDefinition(organizationId, id, view).version = version
  }
  view.plan = plan
  view.days = days
  view.stale = 'all'
  if (dropped) unwatch(states, view, dropped, plan)
}

export function forgetView({ states, views }: WatchedViews, view: AvailabilityView): void {
  views.delete(view.scope)
  if (view.plan) unwatch(states, view, view.plan, null)
  view.plan = null
  view.days = new Map()
}

function unwatch(
  states: DayStates<AvailabilityView>,
  view: AvailabilityView,
  old: ViewPlan,
  kept: ViewPlan | null,
): void {
  const { organizationId } = view.question
  const offered = new Set(kept?.offeredIds)
  for (const id of old.offeredIds) {
    for (let day = old.firstDay; day <= old.lastDay; day++) {
      if (kept && offered.has(id) && day >= kept.firstDay && day <= kept.lastDay) continue
      states.unwatchDay(organizationId, id, dayText(day), view)
    }
  }
  const definitions = kept ? definitionsOf(kept) : new Map<string, number>()
  for (const id of definitionsOf(old).keys()) {
    if (!definitions.has(id)) states.unwatchDefinition(organizationId, id, view)
  }
}

function definitionsOf({ service, schedules }: ViewPlan): Map<string, number> {
  return new Map([
    [service.id, service.definitionVersion],
    ...[...schedules].map(([id, schedule]): [string, number] => [id, schedule.scheduleVersion]),
  ])
}

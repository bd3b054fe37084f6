// What a view needs to know: its service, the schedules, and which resource-days it watches.
import type { Tx } from '../db/transaction.ts'
import { candidatesOf, loadSchedules, loadServices } from '../domain/definitions.ts'
import { narrowToResources } from '../domain/service-plan.ts'
import { claimWindow } from '../domain/slots.ts'
import type { ResourceSchedule, ServiceDefinition } from '../domain/types.ts'
import type { AvailabilityQuestion } from './cursors.ts'
import { dayNumber } from './day-reading.ts'

export interface ViewPlan {
  service: ServiceDefinition
  /** Of all candidates and of all named resources (their kind counts). */
  schedules: Map<string, ResourceSchedule>
  /** The resources whose claims matter. */
  offeredIds: string[]
  /** Day numbers of the UTC dates that matter, both in. */
  firstDay: number
  lastDay: number
  /** A claim matters to the starts from its start less `reachAfter` to its end plus `reachBefore`; milliseconds. */
  reachBefore: number
  reachAfter: number
}

interface Viewed {
  question: AvailabilityQuestion
}

/** The plans as of the transaction's snapshot; a view whose service does not exist has none. */
export async function readPlans<View extends Viewed>(tx: Tx, views: Iterable<View>): Promise<Map<View, ViewPlan>> {
  const byOrganization = Map.groupBy(views, (view) => view.question.organizationId)
  const plans = await Promise.all(
    [...byOrganization].map(([id, own]) => readOwnPlans({ ...tx, organizationId: id }, own)),
  )
  return new Map(plans.flat())
}

async function readOwnPlans<View extends Viewed>(tx: Tx, views: View[]): Promise<[View, ViewPlan][]> {
  const services = await loadServices(tx, [...new Set(views.map(({ question }) => question.serviceId))])
  const known = views.flatMap((view) => {
    const service = services.get(view.question.serviceId)
    return service ? [{ view, service, ids: [...candidatesOf(service), ...(view.question.resourceIds ?? [])] }] : []
  })
  const schedules = await loadSchedules(tx, [...new Set(known.flatMap(({ ids }) => ids))])
  return known.map(({ view, service, ids }) => [view, toPlan(view.question, service, pick(schedules, ids))])
}

function toPlan(
  { from, to, resourceIds }: AvailabilityQuestion,
  service: ServiceDefinition,
  schedules: Map<string, ResourceSchedule>,
): ViewPlan {
  const window = claimWindow(service, from, to)
  return {
    service,
    schedules,
    offeredIds: offeredResources(service, schedules, resourceIds),
    firstDay: dayNumber(window.start),
    lastDay: dayNumber(window.end - 1),
    reachBefore: from - window.start,
    reachAfter: window.end - to,
  }
}

function offeredResources(
  service: ServiceDefinition,
  schedules: Map<string, ResourceSchedule>,
  resourceIds: readonly string[] | null,
): string[] {
  const offered = narrowToResources(service, resourceIds ?? [], (id) => schedules.get(id)?.kind)
  return offered ? candidatesOf(offered).filter((id) => schedules.has(id)) : []
}

function pick<T>(all: Map<string, T>, ids: string[]): Map<string, T> {
  return new Map(ids.flatMap((id) => (all.has(id) ? [[id, all.get(id) as T]] : [])))
}

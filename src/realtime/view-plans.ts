// What a view needs to know: its service, the schedules, and which resource-days it watches.
import type { Tx } from '../db/transaction.ts'
import { candidatesOf, loadSchedules, loadServices } from '../domain/catalogue/definitions.ts'
import { narrowToResources } from '../domain/slots/service-plan.ts'
import { claimWindow } from '../domain/slots/slots.ts'
import type { ResourceSchedule, ServiceDefinition } from '../domain/vocabulary/types.ts'
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

/** What a question names and the organization does not have. */
export type Unknown = 'service' | 'resource'

/** The plans as of the transaction's snapshot. */
export async function readPlans<View extends Viewed>(
  tx: Tx,
  views: Iterable<View>,
): Promise<Map<View, ViewPlan | Unknown>> {
  const byOrganization = Map.groupBy(views, (view) => view.question.organizationId)
  const plans = await Promise.all(
    [...byOrganization].map(([id, own]) => readOwnPlans({ ...tx, organizationId: id }, own)),
  )
  return new Map(plans.flat())
}

async function readOwnPlans<View extends Viewed>(tx: Tx, views: View[]): Promise<[View, ViewPlan | Unknown][]> {
  const services = await loadServices(tx, [...new Set(views.map(({ question }) => question.serviceId))])
  const ids = new Set(views.flatMap(({ question }) => question.resourceIds ?? []))
  for (const service of services.values()) for (const id of candidatesOf(service)) ids.add(id)
  const schedules = await loadSchedules(tx, [...ids])
  return views.map((view) => [view, toPlan(view.question, services, schedules)])
}

function toPlan(
  { serviceId, from, to, resourceIds }: AvailabilityQuestion,
  services: Map<string, ServiceDefinition>,
  schedules: Map<string, ResourceSchedule>,
): ViewPlan | Unknown {
  const service = services.get(serviceId)
  if (!service) return 'service'
  if (resourceIds?.some((id) => !schedules.has(id))) return 'resource'
  const window = claimWindow(service, from, to)
  return {
    service,
    schedules: pick(schedules, [...candidatesOf(service), ...(resourceIds ?? [])]),
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

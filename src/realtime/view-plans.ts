// What a view needs to know besides its dates: its service, the schedules, and whose claims matter.
import type { Tx } from '../db/transaction.ts'
import { candidatesOf, loadSchedules, loadServices } from '../domain/catalogue/definitions.ts'
import { narrowToResources } from '../domain/slots/service-plan.ts'
import { claimWindow } from '../domain/slots/slots.ts'
import type { ResourceSchedule, ServiceDefinition } from '../domain/vocabulary/types.ts'
import type { ViewSubject } from './cursors.ts'

export interface ViewPlan {
  service: ServiceDefinition
  /** The service as those who are named offer it. Null: they do not. */
  offered: ServiceDefinition | null
  /** Of all candidates and of all named resources (their kind counts). */
  schedules: Map<string, ResourceSchedule>
  /** The resources whose claims matter. */
  offeredIds: string[]
  /** A claim matters to the starts from its start less `reachAfter` to its end plus `reachBefore`; milliseconds. */
  reachBefore: number
  reachAfter: number
}

interface Viewed {
  subject: ViewSubject
}

/** What a subject names and the organization does not have. */
export type Unknown = 'service' | 'resource'

/** The plans as of the transaction's snapshot. */
export async function readPlans<View extends Viewed>(
  tx: Tx,
  views: Iterable<View>,
): Promise<Map<View, ViewPlan | Unknown>> {
  const byOrganization = Map.groupBy(views, (view) => view.subject.organizationId)
  const plans = await Promise.all(
    [...byOrganization].map(([id, own]) => readOwnPlans({ ...tx, organizationId: id }, own)),
  )
  return new Map(plans.flat())
}

async function readOwnPlans<View extends Viewed>(tx: Tx, views: View[]): Promise<[View, ViewPlan | Unknown][]> {
  const services = await loadServices(tx, [...new Set(views.map(({ subject }) => subject.serviceId))])
  const ids = new Set(views.flatMap(({ subject }) => subject.resourceIds ?? []))
  for (const service of services.values()) for (const id of candidatesOf(service)) ids.add(id)
  const schedules = await loadSchedules(tx, [...ids])
  return views.map((view) => [view, toPlan(view.subject, services, schedules)])
}

/** Of what was read; more services and schedules than are needed do no harm. */
export function toPlan(
  { serviceId, resourceIds }: ViewSubject,
  services: Map<string, ServiceDefinition>,
  schedules: Map<string, ResourceSchedule>,
): ViewPlan | Unknown {
  const service = services.get(serviceId)
  if (!service) return 'service'
  if (resourceIds?.some((id) => !schedules.has(id))) return 'resource'
  const offered = narrowToResources(service, resourceIds ?? [], (id) => schedules.get(id)?.kind)
  const reach = claimWindow(service, 0, 0)
  return {
    service,
    offered,
    schedules: pick(schedules, [...candidatesOf(service), ...(resourceIds ?? [])]),
    offeredIds: offered ? candidatesOf(offered).filter((id) => schedules.has(id)) : [],
    reachBefore: -reach.start,
    reachAfter: reach.end,
  }
}

function pick<T>(all: Map<string, T>, ids: string[]): Map<string, T> {
  return new Map(ids.flatMap((id) => (all.has(id) ? [[id, all.get(id) as T]] : [])))
}

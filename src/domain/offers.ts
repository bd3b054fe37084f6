// What a request is judged by before it reaches the locks: a service and the schedules of everyone who may serve it.
import type { Database } from '../db/client.ts'
import { inSnapshot } from '../db/transaction.ts'
import { candidatesOf, lastReadSchedule, lastReadService, loadSchedules, loadServices } from './definitions.ts'
import { NotFoundError } from './refusals.ts'
import type { ResourceSchedule, ServiceDefinition } from './types.ts'

export interface Offer {
  service: ServiceDefinition
  schedules: Map<string, ResourceSchedule>
}

/**
 * The offer as last read, without a round trip where possible: the versions in it are compared under the locks, and a
 * request that was judged by an old one is judged again with `fresh`.
 */
export async function findOffer(
  db: Database,
  { organizationId, serviceId, fresh }: { organizationId: string; serviceId: string; fresh: boolean },
): Promise<Offer> {
  return (fresh ? null : lastReadOffer(organizationId, serviceId)) ?? readOffer(db, organizationId, serviceId)
}

function lastReadOffer(organizationId: string, serviceId: string): Offer | null {
  const service = lastReadService(organizationId, serviceId)
  if (!service) return null
  const schedules = new Map<string, ResourceSchedule>()
  for (const id of candidatesOf(service)) {
    const schedule = lastReadSchedule(organizationId, id)
    if (!schedule) return null
    schedules.set(id, schedule)
  }
  return { service, schedules }
}

async function readOffer(db: Database, organizationId: string, serviceId: string): Promise<Offer> {
  return inSnapshot(db, organizationId, async (tx) => {
    const service = (await loadServices(tx, [serviceId])).get(serviceId)
    if (!service) throw new NotFoundError('service')
    return { service, schedules: await loadSchedules(tx, candidatesOf(service)) }
  })
}

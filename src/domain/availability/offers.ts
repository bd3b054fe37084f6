// What a request is judged by before it reaches the locks: a service and the schedules of everyone who may serve it.
import type { Database } from '../../db/client.ts'
import { inSnapshot } from '../../db/transaction.ts'
import { candidatesOf, loadSchedules, loadServices } from '../catalogue/definitions.ts'
import { NotFoundError } from '../vocabulary/refusals.ts'
import type { ResourceSchedule, ServiceDefinition } from '../vocabulary/types.ts'

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
  const key = organizationId + serviceId
  const known = kept.get(key)
  if (known && !fresh) return known
  const offer = await inSnapshot(db, organizationId, async (tx) => {
    const service = (await loadServices(tx, [serviceId])).get(serviceId)
    if (!service) throw new NotFoundError('service')
    return { service, schedules: await loadSchedules(tx, candidatesOf(service)) }
  })
  if (kept.size >= KEPT_LIMIT) kept.delete(kept.keys().next().value as string)
  kept.set(key, offer)
  return offer
}

const KEPT_LIMIT = 5000
const kept = new Map<string, Offer>()

// Why a start can or cannot be booked now: every rule that says no, from one moment.
import type { Tx } from '../db/transaction.ts'
import type { SlotWish } from './claim-requests.ts'
import { candidatesOf, loadServices } from './definitions.ts'
import { NotFoundError } from './refusals.ts'
import { loadResourceStates, readClock } from './resource-states.ts'
import { explainStart } from './slot-explanation.ts'
import { claimWindow } from './slots.ts'
import type { SlotBlock } from './types.ts'

/** No blocks: the start is bookable. Throws NotFoundError for an unknown service. */
export async function explainSlot(tx: Tx, { serviceId, startsAt, resourceIds }: SlotWish): Promise<SlotBlock[]> {
  const [services, now] = await Promise.all([loadServices(tx, [serviceId]), readClock(tx)])
  const service = services.get(serviceId)
  if (!service) throw new NotFoundError('service')
  const named = resourceIds.filter((id) => id !== null)
  const resources = await loadResourceStates(tx, {
    resourceIds: [...new Set([...candidatesOf(service), ...named])],
    window: claimWindow(service, startsAt, startsAt),
  })
  return explainStart({ service, resources, startsAt, now, pinned: resourceIds })
}

// Why a start can or cannot be booked now: every rule that says no, from one moment.
import type { Tx } from '../../db/transaction.ts'
import { candidatesOf, loadServices } from '../catalogue/definitions.ts'
import type { SlotWish } from '../claims/claim-requests.ts'
import { explainStart } from '../slots/slot-explanation.ts'
import { claimWindow } from '../slots/slots.ts'
import { NotFoundError } from '../vocabulary/refusals.ts'
import type { SlotBlock } from '../vocabulary/types.ts'
import { loadResourceStates, readClock } from './resource-states.ts'

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

// Alternatives on request: open slots nearest to a wish, best first.
import type { Tx } from '../../db/transaction.ts'
import { candidatesOf, loadServices } from '../catalogue/definitions.ts'
import { rankAlternatives } from '../slots/alternative-ranking.ts'
import { claimWindow, findSlots } from '../slots/slots.ts'
import { InvalidInputError, NotFoundError } from '../vocabulary/refusals.ts'
import type { Instant, Slot } from '../vocabulary/types.ts'
import { DEFAULT_WITHIN_MINUTES, readOwnAppointments } from './alternative-search.ts'
import { loadResourceStates, readClock } from './resource-states.ts'

const MAX_WITHIN_MINUTES = 31 * 24 * 60
const MAX_FIRST = 50

export interface AlternativesWish {
  serviceId: string
  near: Instant
  /** How far to look, both ways; null: seven days. */
  withinMinutes: number | null
  resourceIds: string[] | null
  /** Leaves out what clashes with this customer's own appointments. */
  customerId: string | null
  first: number
}

/** The wish itself is among them if it is open. Throws NotFoundError, InvalidInputError. */
export async function findAlternatives(tx: Tx, wish: AlternativesWish): Promise<Slot[]> {
  const withinMinutes = wish.withinMinutes ?? DEFAULT_WITHIN_MINUTES
  checkWish(wish.first, withinMinutes)
  const [services, now, known] = await Promise.all([
    loadServices(tx, [wish.serviceId]),
    readClock(tx),
    wish.customerId === null
      ? [{}]
      : tx.sql`select from customers where organization_id = ${tx.organizationId} and id = ${wish.customerId}`,
  ])
  const service = services.get(wish.serviceId)
  if (!service) throw new NotFoundError('service')
  if (known.length === 0) throw new NotFoundError('customer')
  const from = wish.near - withinMinutes * 60_000
  const to = wish.near + withinMinutes * 60_000 + 1
  const window = claimWindow(service, from, to)
  const resourceIds = [...new Set([...candidatesOf(service), ...(wish.resourceIds ?? [])])]
  const [resources, [exclude = []]] = await Promise.all([
    loadResourceStates(tx, { resourceIds, window }),
    readOwnAppointments(tx, [{ customerId: wish.customerId, phone: null, window }]),
  ])
  for (const id of wish.resourceIds ?? []) if (!resources.has(id)) throw new NotFoundError('resource')
  const slots = findSlots({ service, resources, from, to, now, resourceIds: wish.resourceIds })
  return rankAlternatives(slots, { near: wish.near, timeZone: service.timeZone, first: wish.first, exclude })
}

function checkWish(first: number, withinMinutes: number): void {
  const issues = []
  if (first < 1 || first > MAX_FIRST) {
    issues.push({ path: ['first'], message: `Must be between 1 and ${MAX_FIRST}.` })
  }
  if (withinMinutes < 1 || withinMinutes > MAX_WITHIN_MINUTES) {
    issues.push({ path: ['withinMinutes'], message: `Must be between 1 and ${MAX_WITHIN_MINUTES} (31 days).` })
  }
  if (issues.length > 0) throw new InvalidInputError(issues)
}

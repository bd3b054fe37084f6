// Availability: the open slots of a service in a range, and the exact moment of the answer.
import { type LogPosition, readLogPosition } from '../../db/log-positions.ts'
import type { Tx } from '../../db/transaction.ts'
import {
  areInForce,
  candidatesOf,
  type Definitions,
  lastReadDefinitions,
  loadServices,
  readDefinitionVersions,
} from '../catalogue/definitions.ts'
import { claimWindow, findSlots } from '../slots/slots.ts'
import { type InputIssue, InvalidInputError, NotFoundError } from '../vocabulary/refusals.ts'
import type { Instant, ResourceState, ServiceDefinition, Slot } from '../vocabulary/types.ts'
import { loadResourceStates, loadTaken, statesOf } from './resource-states.ts'

export const MAX_RANGE_DAYS = 62

export interface AvailabilityWish {
  serviceId: string
  from: Instant
  /** Exclusive; at most 62 days after `from`. */
  to: Instant
  /** Only slots served by these; null: anyone who offers the service. */
  resourceIds: string[] | null
}

export interface AvailabilityAnswer {
  slots: Slot[]
  /** The moment that the answer is of. */
  position: LogPosition
}

/** Call it in a snapshot transaction. Throws NotFoundError for an unknown service, InvalidInputError for a bad range. */
export async function findAvailability(tx: Tx, wish: AvailabilityWish): Promise<AvailabilityAnswer> {
  checkRange(wish)
  const { serviceId, from, to } = wish
  const named = wish.resourceIds ?? []
  const guess = lastReadDefinitions(tx, { serviceId, resourceIds: named })
  const [position, guessed] = await Promise.all([readLogPosition(tx), guess && readGuessed(tx, guess, wish)])
  const { service, resources } = guessed ?? (await readInForce(tx, wish))
  for (const id of named) if (!resources.has(id)) throw new NotFoundError('resource')
  return { slots: findSlots({ service, resources, from, to, now: position.now, resourceIds: named }), position }
}

interface Offered {
  service: ServiceDefinition
  resources: Map<string, ResourceState>
}

/** One round trip where nothing was redefined since the last look; null where something was. */
async function readGuessed(tx: Tx, guess: Definitions, { from, to }: AvailabilityWish): Promise<Offered | null> {
  const { service, schedules } = guess
  const resourceIds = [...schedules.keys()]
  const [versions, taken] = await Promise.all([
    readDefinitionVersions(tx, [service.id, ...resourceIds]),
    loadTaken(tx, { resourceIds, window: claimWindow(service, from, to) }),
  ])
  return areInForce(guess, versions) ? { service, resources: statesOf(schedules, taken) } : null
}

async function readInForce(tx: Tx, { serviceId, from, to, resourceIds }: AvailabilityWish): Promise<Offered> {
  const service = (await loadServices(tx, [serviceId])).get(serviceId)
  if (!service) throw new NotFoundError('service')
  const resources = await loadResourceStates(tx, {
    resourceIds: [...new Set([...candidatesOf(service), ...(resourceIds ?? [])])],
    window: claimWindow(service, from, to),
  })
  return { service, resources }
}

export function checkRange({ from, to }: { from: Instant; to: Instant }): void {
  const issues: InputIssue[] = []
  if (to <= from) issues.push({ path: ['to'], message: 'Must be after from.' })
  if (to - from > MAX_RANGE_DAYS * 86_400_000) {
    issues.push({ path: ['to'], message: `Must be at most ${MAX_RANGE_DAYS} days after from. Ask for several ranges.` })
  }
  if (issues.length > 0) throw new InvalidInputError(issues)
}

// Availability: the open slots of a service in a range, and the exact moment of the answer.
import type { Tx } from '../db/transaction.ts'
import { candidatesOf, loadServices } from './definitions.ts'
import { type InputIssue, InvalidInputError, NotFoundError } from './refusals.ts'
import { loadResourceStates } from './resource-states.ts'
import { claimWindow, findSlots } from './slots.ts'
import type { Instant, Slot } from './types.ts'

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
  /** `pg_current_snapshot()` of the answer. */
  snapshot: string
  now: Instant
}

/** Call it in a snapshot transaction. Throws NotFoundError for an unknown service, InvalidInputError for a bad range. */
export async function findAvailability(tx: Tx, wish: AvailabilityWish): Promise<AvailabilityAnswer> {
  checkRange(wish)
  const [services, moment] = await Promise.all([loadServices(tx, [wish.serviceId]), readMoment(tx)])
  const service = services.get(wish.serviceId)
  if (!service) throw new NotFoundError('service')
  const resourceIds = [...new Set([...candidatesOf(service), ...(wish.resourceIds ?? [])])]
  const window = claimWindow(service, wish.from, wish.to)
  const resources = await loadResourceStates(tx, { resourceIds, window })
  for (const id of wish.resourceIds ?? []) if (!resources.has(id)) throw new NotFoundError('resource')
  const { from, to } = wish
  return {
    slots: findSlots({ service, resources, from, to, now: moment.now, resourceIds: wish.resourceIds }),
    ...moment,
  }
}

export function checkRange({ from, to }: { from: Instant; to: Instant }): void {
  const issues: InputIssue[] = []
  if (to <= from) issues.push({ path: ['to'], message: 'Must be after from.' })
  if (to - from > MAX_RANGE_DAYS * 86_400_000) {
    issues.push({ path: ['to'], message: `Must be at most ${MAX_RANGE_DAYS} days after from. Ask for several ranges.` })
  }
  if (issues.length > 0) throw new InvalidInputError(issues)
}

async function readMoment(tx: Tx): Promise<{ snapshot: string; now: Instant }> {
  const [row] = await tx.sql<[{ snapshot: string; now: Instant }]>`
    select pg_current_snapshot()::text as snapshot, clock_timestamp() as now`
  return row
}

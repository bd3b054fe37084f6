// Asks the gateway itself, as the caller, for what the examples of GraphiQL need: a service and an open slot.

import type { Caller } from '../../domain/people/callers.ts'
import { type Documents, isPrepared, toExecutionArgs } from '../execution/documents.ts'
import type { Operations } from '../execution/operations.ts'
import type { ExampleFacts } from './graphiql-examples.ts'

const SERVICES = '{ services { id durationMinutes slotIntervalMinutes } }'

const SLOTS = `query ($input: AvailabilityInput!) { availability(input: $input) { slots { startsAt } } }`

const HOUR_MS = 3_600_000
/** Far enough that the open slot is still ahead when somebody has looked around for a while. */
const LEAD_MS = 20 * HOUR_MS
const RANGE_MS = 4 * 24 * HOUR_MS

interface Asking {
  documents: Documents
  execute: Operations['execute']
  caller: Caller
  requestId: string
  now: number
}

/** Null: the demo has nothing to book in the next days. */
export async function findExampleFacts(asking: Asking): Promise<ExampleFacts | null> {
  const services = await ask<{ services: { id: string; slotIntervalMinutes: number }[] }>(asking, SERVICES, {})
  const hour = Math.ceil(asking.now / HOUR_MS) * HOUR_MS
  const from = format(hour)
  const to = format(hour + RANGE_MS)
  for (const { id: serviceId, slotIntervalMinutes } of services?.services ?? []) {
    const input = { serviceId, from: format(hour + LEAD_MS), to }
    const answer = await ask<{ availability: { slots: { startsAt: string }[] } }>(asking, SLOTS, { input })
    const starts = answer?.availability.slots.map((slot) => Date.parse(slot.startsAt)) ?? []
    const [startsAt] = starts
    if (startsAt === undefined) continue
    // One step before an opening: on the grid, not open, and what can be had instead is next to it.
    const step = slotIntervalMinutes * 60_000
    const opening = starts.find((start, index) => index > 0 && start - (starts[index - 1] ?? 0) > step) ?? startsAt
    return { serviceId, from, to, startsAt: format(startsAt), refusedStartsAt: format(opening - step) }
  }
  return null
}

async function ask<Data>(asking: Asking, query: string, variables: Record<string, unknown>): Promise<Data | null> {
  const { documents, execute, caller, requestId } = asking
  const prepared = documents.prepare({ query, variables })
  if (!isPrepared(prepared)) return null
  const result = await execute(toExecutionArgs(documents.schema, prepared, { caller, requestId }))
  return (result.data as Data | null | undefined) ?? null
}

function format(at: number): string {
  return new Date(at).toISOString().replace('.000Z', 'Z')
}

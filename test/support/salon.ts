// A salon that is always open, with people and services to book: what the booking tests start from.

import type { Database } from '../../src/db/client.ts'
import {
  type BookAppointmentInput,
  type BookingContext,
  bookAppointment,
} from '../../src/domain/bookings/book-appointment.ts'
import { type PlaceHoldInput, placeHold } from '../../src/domain/bookings/place-hold.ts'
import { WEEKDAYS } from '../../src/domain/catalogue/definitions.ts'
import { type BookingLane, createBookingLane } from '../../src/domain/claims/booking-lane.ts'
import type { Caller } from '../../src/domain/people/callers.ts'
import type { SegmentDefinition } from '../../src/domain/vocabulary/types.ts'
import { addResource, addService, openTenant, type Tenant } from './tenant.ts'

export interface Salon extends Tenant {
  lane: BookingLane
  caller: Caller
  people: string[]
  /** 30 minutes, served by any of `people`, every 15 minutes. */
  cutId: string
}

export const ALWAYS_OPEN = WEEKDAYS.map((weekday) => ({ weekday, opensAt: 0, closesAt: 1440 }))

export async function openSalon({
  people = 2,
  segments,
}: {
  people?: number
  segments?: (ids: string[]) => SegmentDefinition[]
} = {}): Promise<Salon> {
  await using stack = new AsyncDisposableStack()
  const tenant = stack.use(await openTenant())
  const ids: string[] = []
  for (let index = 0; index < people; index++) {
    ids.push((await addResource(tenant, { name: `Person ${index}`, weeklyHours: ALWAYS_OPEN })).id)
  }
  const cut = await addService(tenant, segments?.(ids) ?? [segment({ candidateIds: ids })])
  const lane = stack.use(createBookingLane(tenant.db))
  const opened = stack.move()
  return {
    ...tenant,
    lane,
    caller: secretCaller(tenant.organizationId),
    people: ids,
    cutId: cut.id,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

export function segment({
  candidateIds,
  ...given
}: Partial<SegmentDefinition> & { candidateIds: string[] }): SegmentDefinition {
  return {
    name: 'Cut',
    durationMinutes: 30,
    bufferBeforeMinutes: 0,
    bufferAfterMinutes: 0,
    sameStaffAsPrevious: false,
    resourceGroups: [{ kind: 'STAFF', candidateIds }],
    ...given,
  }
}

export function secretCaller(organizationId: string): Caller {
  return { organizationId, kind: 'SECRET', id: 'key:secret', appointmentId: null, actor: 'secret key', origin: 'API' }
}

export function publishableCaller(organizationId: string): Caller {
  return { ...secretCaller(organizationId), kind: 'PUBLISHABLE', id: 'key:publishable', actor: 'publishable key' }
}

export function guestCaller(organizationId: string, appointmentId: string): Caller {
  return {
    organizationId,
    kind: 'MANAGE',
    id: `manage:${appointmentId}`,
    appointmentId,
    actor: 'guest',
    origin: 'API',
  }
}

const HOUR_MS = 3_600_000
/** Once for the whole run: it must not move on while a test counts from it. */
const SIX_O_CLOCK = Math.floor(Date.now() / (24 * HOUR_MS)) * 24 * HOUR_MS + (3 * 24 + 6) * HOUR_MS

/** So many hours after 06:00 UTC three days ahead, the same at every hour of a day: within every horizon and on every grid. */
export function hourAhead(hours: number): number {
  return SIX_O_CLOCK + hours * HOUR_MS
}

export function hold(
  salon: Pick<Salon, 'lane' | 'caller' | 'cutId'>,
  startsAt: number,
  given: Partial<PlaceHoldInput> = {},
) {
  return placeHold(salon.lane, {
    caller: salon.caller,
    slot: { serviceId: salon.cutId, startsAt, resourceIds: [] },
    ttlSeconds: null,
    sessionKey: null,
    replace: false,
    customerId: null,
    holdAlternative: false,
    idempotencyKey: null,
    ...given,
  })
}

export function book(
  salon: Pick<Salon, 'lane' | 'caller' | 'cutId'>,
  startsAt: number | null,
  given: Partial<BookAppointmentInput> = {},
  context: BookingContext = {},
) {
  const input: BookAppointmentInput = {
    caller: salon.caller,
    holdId: null,
    slot: startsAt === null ? null : { serviceId: salon.cutId, startsAt, resourceIds: [] },
    customerId: null,
    customer: { name: 'Ada', phone: null, email: null },
    notes: null,
    onUnavailable: 'REFUSE',
    alternativeWithinMinutes: null,
    sessionKey: null,
    idempotencyKey: null,
    ...given,
  }
  return bookAppointment(salon.lane, input, context)
}

/** Pairs of active claims of one resource that overlap: the invariant, checked from outside in SQL. */
export async function countOverlaps(db: Database): Promise<number> {
  const [row] = await db.sql<[{ count: number }]>`
    select count(*)::int from claims a join claims b
      on a.organization_id = b.organization_id and a.resource_id = b.resource_id and a.id < b.id and a.during && b.during
    where a.active and b.active`
  return row.count
}

/** Resolved values and the names of the refusals, so that a race can be judged as a whole. */
export async function outcomes<T>(
  attempts: Promise<T>[],
): Promise<{ won: T[]; refusals: Record<string, number>; errors: unknown[] }> {
  const won: T[] = []
  const errors: unknown[] = []
  const refusals: Record<string, number> = {}
  for (const result of await Promise.allSettled(attempts)) {
    if (result.status === 'fulfilled') won.push(result.value)
    else {
      errors.push(result.reason)
      const name = result.reason instanceof Error ? result.reason.constructor.name : String(result.reason)
      refusals[name] = (refusals[name] ?? 0) + 1
    }
  }
  return { won, refusals, errors }
}

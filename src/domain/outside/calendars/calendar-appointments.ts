// What was decided in an outside calendar, as changes of our appointments: parts of a transaction that writes down its changes itself.
import { randomUUIDv7 } from 'node:crypto'
import type { CountryCode } from 'libphonenumber-js/max'
import { claimDeltas, daysOf, type RecordedDelta } from '../../../db/change-log.ts'
import { definitionLock, type Lock, namedLock, resourceDayLock } from '../../../db/locks.ts'
import type { Tx } from '../../../db/transaction.ts'
import type { Offer } from '../../availability/offers.ts'
import { loadTaken } from '../../availability/resource-states.ts'
import { nameOf, readClaims, resourceDaysOfClaim, writeAppointmentChange } from '../../bookings/appointment-changes.ts'
import type { StoredAppointment } from '../../bookings/appointments.ts'
import { offerOf } from '../../bookings/reschedule-appointment.ts'
import { candidatesOf, loadSchedules, loadServices } from '../../catalogue/definitions.ts'
import { claimedSegments, take, type Won } from '../../claims/claim-decisions.ts'
import { deactivateClaims, deltasOf, insertClaims, writeRows } from '../../claims/claim-writing.ts'
import type { Caller } from '../../people/callers.ts'
import { chooseAssignment, type IsFree } from '../../slots/assignments.ts'
import { isLive, meets } from '../../slots/resource-availability.ts'
import { planOf } from '../../slots/service-plan.ts'
import { claimWindow } from '../../slots/slots.ts'
import { OutdatedAttempt } from '../../vocabulary/outdated-attempt.ts'
import { readPhone } from '../../vocabulary/phone-numbers.ts'
import type { Assignment, Claim, Instant, ResourceState, ServiceDefinition } from '../../vocabulary/types.ts'

/** What the caller of these functions has locked: `<resource> <day>`. */
export type LockedDays = ReadonlySet<string>

/** OVERLAP: somebody has the time. UNFIT: it cannot be one of our appointments. */
export type Placed =
  | { kind: 'PLACED'; appointmentId: string; deltas: RecordedDelta[] }
  | { kind: 'OVERLAP' }
  | { kind: 'UNFIT'; reason: string }

export interface CalendarGuest {
  name: string | null
  phone: string | null
  email: string | null
}

interface Placing {
  caller: Caller
  locked: LockedDays
  now: Instant
}

/** The locks for booking a service at a start, or for moving an appointment there; to be taken with the transaction. */
export function placingLocks(service: ServiceDefinition, startsAt: Instant): { locks: Lock[]; days: string[] } {
  const candidates = candidatesOf(service)
  const days = daysOf(claimWindow(service, startsAt, startsAt))
  const resourceDays = candidates.flatMap((resourceId) => days.map((day) => ({ resourceId, day })))
  return {
    locks: [
      ...[service.id, ...candidates].map((id) => definitionLock(id, 'read')),
      ...resourceDays.map(({ resourceId, day }) => resourceDayLock(resourceId, day)),
    ],
    days: resourceDays.map(nameOf),
  }
}

/** The locks for changing an appointment, wherever it goes. */
export async function changingLocks(
  tx: Tx,
  appointment: StoredAppointment,
): Promise<{ locks: Lock[]; days: string[] }> {
  const days = (await readClaims(tx, appointment.id)).flatMap(resourceDaysOfClaim)
  return {
    locks: [
      namedLock('appointment', appointment.id),
      ...days.map(({ resourceId, day }) => resourceDayLock(resourceId, day)),
    ],
    days: days.map(nameOf),
  }
}

/**
 * Hours, notice, horizon and grid are not asked, nor what the calendar says is busy: it was booked there already. Only the time of
 * others is respected.
 */
export async function bookFromCalendar(
  tx: Tx,
  { caller, locked, now }: Placing,
  input: {
    serviceId: string
    resourceId: string
    startsAt: Instant
    endsAt: Instant
    guest: CalendarGuest
    notes: string | null
  },
): Promise<Placed> {
  const { serviceId, resourceId, startsAt, endsAt } = input
  const service = (await loadServices(tx, [serviceId])).get(serviceId)
  if (!service) return { kind: 'UNFIT', reason: 'The service does not exist any more.' }
  if (endsAt - startsAt !== planOf(service).durationMilliseconds) {
    return { kind: 'UNFIT', reason: 'It lasts longer or shorter than the service.' }
  }
  if (!candidatesOf(service).includes(resourceId)) {
    return { kind: 'UNFIT', reason: 'The resource does not serve the service.' }
  }
  const offer = { service, schedules: await loadSchedules(tx, candidatesOf(service)) }
  if (!offer.schedules.get(resourceId)?.active) return { kind: 'UNFIT', reason: 'The resource is not active.' }
  const states = await readStates(tx, offer, startsAt)
  const pinned = pinsFor(service, resourceId)
  const assignment = chooseAssignment({ service, startsAt, isFree: freeOfClaims(states, now), pinned })
  if (!assignment) return { kind: 'OVERLAP' }
  const dead = deadInTheWay(states, assignment, now)
  requireLocked(locked, [...dead, ...assignment.claims])
  const appointmentId = randomUUIDv7()
  const decision: Won = {
    state: 'BOOK',
    request: {
      kind: 'BOOK',
      caller,
      offer,
      idempotency: null,
      extraLocks: [],
      takesAlternative: false,
      allowsCustomerConflict: true,
      alternatives: { first: 0, withinMinutes: 0, customerId: null, phone: null },
      starts: [startsAt],
      wishedAt: null,
      pinned,
      booking: { customerId: null, guest: readGuest(input.guest, service), notes: input.notes?.slice(0, 2000) ?? null },
    },
    booked: {
      appointmentId,
      startsAt,
      endsAt: assignment.endsAt,
      segments: claimedSegments({ offer }, assignment),
      newCustomerId: randomUUIDv7(),
    },
    claims: take({ resources: states }, assignment, { holdId: null, appointmentId, expiresAt: null }),
    dead,
  }
  await writeRows(tx, [decision], now)
  return { kind: 'PLACED', appointmentId, deltas: deltasOf(decision) }
}

/** By whoever serves it already. */
export async function moveFromCalendar(
  tx: Tx,
  { caller, locked, now }: Placing,
  { appointment, startsAt, reason }: { appointment: StoredAppointment; startsAt: Instant; reason: string | null },
): Promise<Placed> {
  const [offer, claims] = await Promise.all([offerOf(tx, appointment), readClaims(tx, appointment.id)])
  const { service } = offer
  const states = await readStates(tx, offer, startsAt)
  const isOwn = (claim: Claim) => claim.appointmentId === appointment.id
  const pinned = appointment.segments.flatMap((segment) => segment.resourceIds)
  const isFree = freeOfClaims(states, now, isOwn)
  const assignment = chooseAssignment({ service, startsAt, isFree, pinned })
  if (!assignment) return { kind: 'OVERLAP' }
  const dead = deadInTheWay(states, assignment, now)
  requireLocked(locked, [...dead, ...claims, ...assignment.claims])
  const taken = take({ resources: states }, assignment, {
    holdId: null,
    appointmentId: appointment.id,
    expiresAt: null,
  })
  await Promise.all([
    deactivateClaims(tx, [...claims, ...dead], now),
    insertClaims(tx, taken),
    writeAppointmentChange(tx, {
      ...UNJUDGED,
      appointment,
      next: {
        startsAt: assignment.startsAt,
        endsAt: assignment.endsAt,
        segments: claimedSegments({ offer }, assignment),
        rescheduleCount: appointment.rescheduleCount + 1,
      },
      kind: 'RESCHEDULED',
      caller,
      reason: reason?.slice(0, 2000) ?? null,
      now,
    }),
  ])
  const deltas = claimDeltas({ removed: [...claims, ...dead], added: taken.map(({ claim }) => claim) })
  return { kind: 'PLACED', appointmentId: appointment.id, deltas }
}

export async function cancelFromCalendar(
  tx: Tx,
  { caller, locked, now }: Placing,
  { appointment, reason }: { appointment: StoredAppointment; reason: string | null },
): Promise<RecordedDelta[]> {
  const claims = await readClaims(tx, appointment.id)
  requireLocked(locked, claims)
  await Promise.all([
    writeAppointmentChange(tx, {
      ...UNJUDGED,
      appointment,
      next: { status: 'CANCELLED' },
      kind: 'CANCELLED',
      caller,
      reason: reason?.slice(0, 2000) ?? null,
      now,
    }),
    deactivateClaims(tx, claims, now),
  ])
  return claimDeltas({ removed: claims })
}

/** It has happened over there: no policy of ours was asked. */
const UNJUDGED = { policy: null, policyOverridden: false, idempotency: null }

// Without the locks of a day that turned out to be needed: whoever called takes them and begins anew.
function requireLocked(locked: LockedDays, claims: Pick<Claim, 'resourceId' | 'start' | 'end'>[]): void {
  const missing = claims
    .flatMap((claim) => daysOf(claim).map((day) => ({ resourceId: claim.resourceId, day })))
    .filter((day) => !locked.has(nameOf(day)))
  if (missing.length > 0) throw new OutdatedAttempt(missing)
}

async function readStates(
  tx: Tx,
  { service, schedules }: Offer,
  startsAt: Instant,
): Promise<Map<string, ResourceState>> {
  const window = claimWindow(service, startsAt, startsAt)
  const { claims } = await loadTaken(tx, { resourceIds: [...schedules.keys()], window })
  const states = new Map<string, ResourceState>()
  for (const [id, schedule] of schedules) states.set(id, { schedule, claims: [], busy: [] })
  for (const claim of claims) states.get(claim.resourceId)?.claims.push(claim)
  return states
}

function freeOfClaims(
  states: Map<string, ResourceState>,
  now: Instant,
  ignores: (claim: Claim) => boolean = () => false,
): IsFree {
  return (id, start, end) => {
    const state = states.get(id)
    const isInTheWay = (claim: Claim) => meets(claim, start, end) && isLive(claim, now) && !ignores(claim)
    return state?.schedule.active === true && !state.claims.some(isInTheWay)
  }
}

function deadInTheWay(states: Map<string, ResourceState>, { claims }: Assignment, now: Instant): Claim[] {
  return claims.flatMap(({ resourceId, start, end }) =>
    (states.get(resourceId)?.claims ?? []).filter((claim) => meets(claim, start, end) && !isLive(claim, now)),
  )
}

/** The person of the booking in every group of people that they can serve; the server picks the rest. */
function pinsFor(service: ServiceDefinition, resourceId: string): (string | null)[] {
  return planOf(service).segments.flatMap(({ groups, staffGroup }) =>
    groups.map((candidates, group) =>
      (group === staffGroup || staffGroup === -1) && candidates.includes(resourceId) ? resourceId : null,
    ),
  )
}

function readGuest({ name, phone, email }: CalendarGuest, { country }: ServiceDefinition) {
  const read = readPhone(phone, country as CountryCode)
  return {
    name: (name ?? '').trim().slice(0, 200) || 'Guest',
    phone: read.issue === null ? read.phone : null,
    email: email === null || email.length > 320 ? null : email.trim() || null,
  }
}

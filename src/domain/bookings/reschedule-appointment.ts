// Moves an appointment: it keeps its id, and the old time is freed only if the new one is taken.
import { claimDeltas, daysOf, recordChanges } from '../../db/change-log.ts'
import { definitionLock } from '../../db/locks.ts'
import type { Tx } from '../../db/transaction.ts'
import { DEFAULT_WITHIN_MINUTES, readOwnAppointments } from '../availability/alternative-search.ts'
import { fairnessOf, type LastServed, readLastServed } from '../availability/fairness.ts'
import type { Offer } from '../availability/offers.ts'
import { loadTaken, statesOf } from '../availability/resource-states.ts'
import { candidatesOf, loadSchedules, loadServices, readDefinitionVersions } from '../catalogue/definitions.ts'
import type { BookingLane } from '../claims/booking-lane.ts'
import { claimedSegments, take } from '../claims/claim-decisions.ts'
import { deactivateClaims, insertClaims } from '../claims/claim-writing.ts'
import { idempotencyFor } from '../claims/idempotency.ts'
import { type Caller, seesCustomers } from '../people/callers.ts'
import { rankAlternatives } from '../slots/alternative-ranking.ts'
import { chooseAssignment } from '../slots/assignments.ts'
import { bookingWindow } from '../slots/booking-window.ts'
import { narrowToPins } from '../slots/pinned-service.ts'
import { freeByStates, isLive, meets } from '../slots/resource-availability.ts'
import { serviceAsBooked } from '../slots/service-as-booked.ts'
import { planOf } from '../slots/service-plan.ts'
import { customerConflicts, explainStart } from '../slots/slot-explanation.ts'
import { isOnGrid } from '../slots/slot-grid.ts'
import { claimWindow, findSlots } from '../slots/slots.ts'
import { localDayAt, startOfLocalDay } from '../time/zone-offsets.ts'
import { OutdatedAttempt } from '../vocabulary/outdated-attempt.ts'
import { NotFoundError, SlotUnavailableError } from '../vocabulary/refusals.ts'
import type { Assignment, Claim, Instant, Interval, ResourceState, SlotBlock } from '../vocabulary/types.ts'
import { changeAppointment, nameOf, resourceDaysOfClaim, writeAppointmentChange } from './appointment-changes.ts'
import type { AppointmentRecord, StoredAppointment } from './appointments.ts'
import { readReason } from './cancel-appointment.ts'
import { type HeldClaims, loadHeldClaims, lockHeldClaims } from './held-claims.ts'
import { statusAt } from './holds.ts'
import { judgeByPolicy } from './policy-rulings.ts'

export interface RescheduleAppointmentInput {
  caller: Caller
  appointmentId: string
  expectedVersion: number
  startsAt: Instant
  /** What it keeps is free for this move, and it ends with it. One that has ended changes nothing. */
  holdId: string | null
  /** As in SlotWish; where the server picks, whoever serves it already is preferred. */
  resourceIds: (string | null)[]
  reason: string | null
  /** The customer may have another appointment then. Left out: no. */
  allowsCustomerConflict?: boolean
  idempotencyKey: string | null
}

/**
 * Throws SlotUnavailableError with alternatives, VersionConflictError, InvalidTransitionError, PolicyViolationError,
 * IdempotencyKeyReusedError, InvalidInputError, NotFoundError, BusyError.
 */
export async function rescheduleAppointment(
  lane: BookingLane,
  input: RescheduleAppointmentInput,
): Promise<AppointmentRecord> {
  const { caller, startsAt, holdId, resourceIds: pinned, idempotencyKey, caller: _, ...asked } = input
  const reason = readReason(input.reason)
  const idempotency = idempotencyFor(idempotencyKey, 'rescheduleAppointment', { ...asked, startsAt, holdId, pinned })
  return changeAppointment(
    lane.db,
    { ...input, idempotency },
    async (tx, appointment) => {
      const offer = await offerOf(tx, appointment)
      const candidates = candidatesOf(offer.service)
      const days = daysOf(claimWindow(offer.service, startsAt, startsAt))
      const held = holdId === null ? [] : (await loadHeldClaims(tx, caller, holdId)).claims
      return {
        offer,
        resourceDays: [
          ...candidates.flatMap((resourceId) => days.map((day) => ({ resourceId, day }))),
          ...held.flatMap(resourceDaysOfClaim),
        ],
        locks: [offer.service.id, ...candidates].map((id) => definitionLock(id, 'read')),
      }
    },
    async (tx, { appointment, claims, now, lockedDays }, { offer }) => {
      const window = dayWindow(offer, startsAt)
      const [held, ruling, resources, lastServed, , own] = await Promise.all([
        holdId === null ? null : lockLiveHold(tx, holdId, now),
        judgeByPolicy(tx, { appointment, caller, change: 'RESCHEDULE', now }),
        readStates(tx, offer, window),
        readLastServed(
          tx,
          [...offer.schedules.keys()].map((resourceId) => ({ resourceId, before: window.start })),
        ),
        checkVersions(tx, offer),
        input.allowsCustomerConflict ? [] : readTakenForCustomer(tx, { caller, appointment, window }),
      ])
      const move: Move = { caller, offer, appointment, held, resources, lastServed, own, startsAt, pinned, now }
      const assignment = findMove(move)
      if (!assignment) throw await refuse(tx, move)
      const freed = [...claims, ...(held?.claims ?? [])]
      const dead = deadInTheWay(resources, assignment, now)
      const missing = dead.flatMap(resourceDaysOfClaim).filter((day) => !lockedDays.has(nameOf(day)))
      if (missing.length > 0) throw new OutdatedAttempt(missing)
      const owner = { holdId: null, appointmentId: appointment.id, expiresAt: null }
      const taken = take({ resources }, assignment, owner)
      const [, , , moved] = await Promise.all([
        deactivateClaims(tx, [...freed, ...dead], now),
        held && markBooked(tx, held.hold.id),
        insertClaims(tx, taken),
        writeAppointmentChange(tx, {
          appointment,
          next: {
            startsAt: assignment.startsAt,
            endsAt: assignment.endsAt,
            segments: claimedSegments({ offer }, assignment),
            rescheduleCount: appointment.rescheduleCount + 1,
          },
          kind: 'RESCHEDULED',
          caller,
          reason,
          ...ruling,
          idempotency,
          now,
        }),
        recordChanges(tx, claimDeltas({ removed: [...freed, ...dead], added: taken.map(({ claim }) => claim) })),
      ])
      return moved
    },
  )
}

interface Move {
  caller: Caller
  lastServed: LastServed
  offer: Offer
  appointment: StoredAppointment
  held: HeldClaims | null
  resources: Map<string, ResourceState>
  /** Other appointments of the customer, which forbid the time. */
  own: Interval[]
  startsAt: Instant
  pinned: (string | null)[]
  now: Instant
}

/** The segments as booked, served by whoever may serve them now or has served them so far. */
export async function offerOf(tx: Tx, appointment: StoredAppointment): Promise<Offer> {
  const present = (await loadServices(tx, [appointment.serviceId])).get(appointment.serviceId)
  if (!present) throw new NotFoundError('service')
  const servedBy = appointment.segments.flatMap((segment) => segment.resourceIds)
  const known = await loadSchedules(tx, [...new Set([...servedBy, ...candidatesOf(present)])])
  const service = serviceAsBooked(present, appointment.segments, (id) => known.get(id)?.kind ?? 'STAFF')
  const candidates = new Set(candidatesOf(service))
  return { service, schedules: new Map([...known].filter(([id]) => candidates.has(id))) }
}

async function checkVersions(tx: Tx, { service, schedules }: Offer): Promise<void> {
  const versions = await readDefinitionVersions(tx, [service.id, ...schedules.keys()])
  const outdated = [...schedules].some(([id, { scheduleVersion }]) => (versions.get(id) ?? 0) !== scheduleVersion)
  if (outdated || (versions.get(service.id) ?? 0) !== service.definitionVersion) throw new OutdatedAttempt()
}

async function readStates(tx: Tx, { schedules }: Offer, window: Interval): Promise<Map<string, ResourceState>> {
  return statesOf(schedules, await loadTaken(tx, { resourceIds: [...schedules.keys()], window }))
}

/** The claims to be judged, and the local day for a fair choice. */
function dayWindow({ service }: Offer, startsAt: Instant): Interval {
  const window = claimWindow(service, startsAt, startsAt)
  const day = localDayAt(service.timeZone, startsAt)
  return {
    start: Math.min(window.start, startOfLocalDay(service.timeZone, day)),
    end: Math.max(window.end, startOfLocalDay(service.timeZone, day + 1)),
  }
}

/** Null: it has ended. */
async function lockLiveHold(tx: Tx, holdId: string, now: Instant): Promise<HeldClaims | null> {
  const held = await lockHeldClaims(tx, holdId)
  return statusAt(held.hold, now) === 'ACTIVE' ? held : null
}

async function markBooked(tx: Tx, holdId: string): Promise<void> {
  await tx.sql`
    update holds set status = 'BOOKED' where organization_id = ${tx.organizationId} and id = ${holdId}`
}

// What the appointment has, and what is held for the move, never blocks it.
function isOwn({ appointment, held }: Move): (claim: Claim) => boolean {
  const heldIds = new Set(held?.claims.map(({ id }) => id))
  return ({ id, appointmentId }) => appointmentId === appointment.id || heldIds.has(id)
}

function conflictsOf({ offer, own, startsAt }: Move): SlotBlock[] {
  return customerConflicts(own, startsAt, startsAt + planOf(offer.service).durationMilliseconds)
}

/** Under the lock of the customer. Not for those whom it would tell of a stranger's appointments. */
async function readTakenForCustomer(
  tx: Tx,
  { caller, appointment, window }: { caller: Caller; appointment: StoredAppointment; window: Interval },
): Promise<Interval[]> {
  if (!seesCustomers(caller)) return []
  const { id: exceptId, customerId } = appointment
  const [, [own = []]] = await Promise.all([
    tx.sql`
      select from customers where organization_id = ${tx.organizationId} and id = ${customerId} for no key update`.execute(),
    readOwnAppointments(tx, [{ customerId, phone: null, window, exceptId }]),
  ])
  return own
}

function findMove(move: Move): Assignment | null {
  const { offer, appointment, held, resources, lastServed, startsAt, pinned, now } = move
  const { service } = offer
  const { earliestAt, latestAt } = bookingWindow(service, now)
  if (startsAt < earliestAt || startsAt >= latestAt) return null
  if (!isOnGrid(startsAt, service.timeZone, service.slotIntervalMinutes)) return null
  if (conflictsOf(move).length > 0) return null
  const isFree = freeByStates(resources, now, isOwn(move))
  const present = appointment.segments.flatMap((segment) => segment.resourceIds)
  const isHeld = held?.hold.serviceId === service.id && held.hold.startsAt === startsAt
  const promised = isHeld ? [held.hold.segments.flatMap((segment) => segment.resourceIds)] : []
  const { positionCount } = planOf(service)
  for (const known of [...promised, present]) {
    const preferred = Array.from({ length: Math.max(positionCount, pinned.length) }, (_, position) => {
      return pinned[position] ?? known[position] ?? null
    })
    const assignment = chooseAssignment({ service, startsAt, isFree, pinned: preferred })
    if (assignment) return assignment
  }
  const fairness = fairnessOf({ resources, lastServed, timeZone: service.timeZone, startsAt, now })
  const prefer = (id: string) => (present.includes(id) ? -1 : fairness(id))
  return chooseAssignment({ service, startsAt, isFree, pinned, prefer })
}

function deadInTheWay(resources: Map<string, ResourceState>, { claims }: Assignment, now: Instant): Claim[] {
  return claims.flatMap(({ resourceId, start, end }) =>
    (resources.get(resourceId)?.claims ?? []).filter((claim) => meets(claim, start, end) && !isLive(claim, now)),
  )
}

async function refuse(tx: Tx, move: Move): Promise<SlotUnavailableError> {
  const { caller, offer, appointment, startsAt, pinned, now } = move
  const { service } = offer
  const ignores = isOwn(move)
  const reasons = [
    ...explainStart({ service, resources: move.resources, startsAt, now, pinned, ignores }),
    ...conflictsOf(move),
  ]
  const from = startsAt - DEFAULT_WITHIN_MINUTES * 60_000
  const to = startsAt + DEFAULT_WITHIN_MINUTES * 60_000 + 1
  const window = claimWindow(service, from, to)
  // What clashes with the customer's other appointments is left out, unless that would tell a stranger about them.
  const customerId = seesCustomers(caller) ? appointment.customerId : null
  const [resources, [exclude = []]] = await Promise.all([
    readStates(tx, offer, window),
    readOwnAppointments(tx, [{ customerId, phone: null, window, exceptId: appointment.id }]),
  ])
  for (const state of resources.values()) state.claims = state.claims.filter((claim) => !ignores(claim))
  const search = (offered: typeof service) =>
    rankAlternatives(findSlots({ service: offered, resources, from, to, now }), {
      near: startsAt,
      timeZone: service.timeZone,
      first: 3,
      exclude,
      excludeStarts: [appointment.startsAt],
    })
  const alternatives = search(narrowToPins(service, pinned))
  return new SlotUnavailableError(reasons, alternatives.length > 0 ? alternatives : search(service))
}

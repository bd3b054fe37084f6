// Books an appointment: from a hold or directly, refusing with alternatives or booking the best of them.
import type { CountryCode } from 'libphonenumber-js/max'
import { DEFAULT_WITHIN_MINUTES } from '../availability/alternative-search.ts'
import { findOffer } from '../availability/offers.ts'
import type { Answer, BookingLane } from '../claims/booking-lane.ts'
import { lockableStarts, type NewBooking, type SlotWish } from '../claims/claim-requests.ts'
import {
  alternativesToFind,
  claim,
  claimAlternative,
  quotasOf,
  shownAlternatives,
  slotUnavailable,
} from '../claims/claiming.ts'
import { idempotencyFor } from '../claims/idempotency.ts'
import type { ClaimingFunction } from '../outside/calls/call-functions.ts'
import { type Caller, seesCustomers } from '../people/callers.ts'
import { createManageToken } from '../people/manage-tokens.ts'
import { readEmail, readName, readNote, refuseIssues } from '../vocabulary/input-issues.ts'
import { readPhone } from '../vocabulary/phone-numbers.ts'
import { HoldExpiredError, type InputIssue, InvalidInputError, NotFoundError } from '../vocabulary/refusals.ts'
import { type AppointmentRecord, loadAppointments } from './appointments.ts'
import { findHeldClaims, type HeldClaims } from './held-claims.ts'

export interface BookAppointmentInput {
  caller: Caller
  /** One of holdId and slot. */
  holdId: string | null
  slot: SlotWish | null
  /** One of customerId and customer. The phone is as written: it is read in the location's country. */
  customerId: string | null
  customer: { name: string; phone: string | null; email: string | null } | null
  notes: string | null
  onUnavailable: 'REFUSE' | 'BOOK_ALTERNATIVE'
  /** Null: seven days. */
  alternativeWithinMinutes: number | null
  sessionKey: string | null
  /** The customer may have another appointment then. Left out: no. */
  allowsCustomerConflict?: boolean
  idempotencyKey: string | null
}

/** What whoever asks for the booking knows already, or does with it. */
export interface BookingContext {
  /** The hold, just read. What it claims never changes, and its state is read again under the locks. */
  held?: HeldClaims | undefined
  inCall?: ClaimingFunction | undefined
}

export interface BookedAppointment {
  appointment: AppointmentRecord
  usedAlternative: boolean
  manageToken: string
}

/**
 * Booking a live hold succeeds: the hold's claims become the appointment's, there is no gap. Throws
 * SlotUnavailableError, HoldExpiredError, HoldNotActiveError, BookingLimitReachedError, IdempotencyKeyReusedError,
 * InvalidInputError, NotFoundError, BusyError; with `inCall` AnsweredBefore.
 */
export async function bookAppointment(
  lane: BookingLane,
  input: BookAppointmentInput,
  context: BookingContext = {},
): Promise<BookedAppointment> {
  if ((input.holdId === null) === (input.slot === null)) {
    throw new InvalidInputError([{ path: ['holdId'], message: 'Give either holdId or slot.' }])
  }
  return input.holdId === null
    ? bookSlot(lane, input, input.slot as SlotWish, context)
    : bookHold(lane, input, {
        ...context,
        held: context.held ?? (await findHeldClaims(lane, input.caller, input.holdId)),
      })
}

async function bookSlot(
  lane: BookingLane,
  input: BookAppointmentInput,
  slot: SlotWish,
  { inCall }: BookingContext,
): Promise<BookedAppointment> {
  const { caller } = input
  const booking = await readBooking(lane, input, slot.serviceId)
  const { idempotencyKey, caller: _, ...asked } = input
  const quotas = await quotasOf(lane, caller)
  const idempotency = idempotencyFor(idempotencyKey, 'bookAppointment', asked)
  const booksAlternative = input.onUnavailable === 'BOOK_ALTERNATIVE'

  const attempt = (starts: number[], wishedAt: number | null) =>
    claim(lane, { caller, serviceId: slot.serviceId }, (offer, extraLocks) => ({
      kind: 'BOOK',
      caller,
      offer,
      starts: lockableStarts(offer, starts),
      wishedAt,
      takesAlternative: booksAlternative && wishedAt === null,
      pinned: slot.resourceIds,
      booking,
      idempotency,
      quotas,
      inCall,
      extraLocks,
      allowsCustomerConflict: input.allowsCustomerConflict ?? false,
      alternatives: {
        first: alternativesToFind(booksAlternative),
        withinMinutes: input.alternativeWithinMinutes ?? DEFAULT_WITHIN_MINUTES,
        ...ownClashes(caller, booking),
      },
    }))

  const answer = await attempt([slot.startsAt], null)
  if (answer.decision.state !== 'LOST') return bookedOf(lane, caller, booking, answer)
  if (booksAlternative) {
    const booked = await claimAlternative(answer, (starts) => attempt(starts, slot.startsAt))
    if (booked) return bookedOf(lane, caller, booking, booked)
  }
  throw slotUnavailable(answer)
}

async function bookHold(
  lane: BookingLane,
  input: BookAppointmentInput,
  { held: { hold, claims }, inCall }: BookingContext & { held: HeldClaims },
): Promise<BookedAppointment> {
  const { caller, sessionKey } = input
  const booking = await readBooking(lane, input, hold.serviceId)
  const { idempotencyKey, caller: _, ...asked } = input
  const quotas = await quotasOf(lane, caller)
  const idempotency = idempotencyFor(idempotencyKey, 'bookAppointment', asked)
  const answer = await claim(lane, { caller, serviceId: hold.serviceId }, (offer, extraLocks) => ({
    kind: 'BOOK_HOLD',
    caller,
    offer,
    holdId: hold.id,
    startsAt: hold.startsAt,
    sessionKey,
    booking,
    held: claims.map(({ resourceId, start, end }) => ({ resourceId, window: { start, end } })),
    idempotency,
    quotas,
    inCall,
    extraLocks,
    allowsCustomerConflict: input.allowsCustomerConflict ?? false,
    alternatives: {
      first: alternativesToFind(false),
      withinMinutes: DEFAULT_WITHIN_MINUTES,
      ...ownClashes(caller, booking),
    },
  }))
  if (answer.decision.state === 'LOST') {
    throw answer.decision.reasons.length > 0 ? slotUnavailable(answer) : new HoldExpiredError(shownAlternatives(answer))
  }
  return bookedOf(lane, caller, booking, answer)
}

async function readBooking(lane: BookingLane, input: BookAppointmentInput, serviceId: string): Promise<NewBooking> {
  const { caller, customer, customerId } = input
  if ((customerId === null) === (customer === null)) {
    throw new InvalidInputError([{ path: ['customer'], message: 'Give either customerId or customer.' }])
  }
  // A publishable key books for whoever gives a name; it cannot know the organization's customers.
  if (customerId !== null && !seesCustomers(caller)) throw new NotFoundError('customer')
  if (!customer) {
    const issues: InputIssue[] = []
    const notes = readNote(issues, ['notes'], input.notes)
    refuseIssues(issues)
    return { customerId, guest: null, notes }
  }
  const { service } = await findOffer(lane.db, { organizationId: caller.organizationId, serviceId, fresh: false })
  const issues: InputIssue[] = []
  const name = readName(issues, ['customer', 'name'], customer.name)
  const email = readEmail(issues, ['customer', 'email'], customer.email)
  const { phone, issue } = readPhone(customer.phone, service.country as CountryCode)
  if (issue !== null) issues.push({ path: ['customer', 'phone'], message: issue })
  const notes = readNote(issues, ['notes'], input.notes)
  refuseIssues(issues)
  return { customerId: null, guest: { name, phone, email }, notes }
}

/** What clashes with the customer's own appointments is left out, unless that would tell a stranger about them. */
function ownClashes(caller: Caller, { customerId, guest }: NewBooking) {
  return seesCustomers(caller) ? { customerId, phone: guest?.phone ?? null } : { customerId: null, phone: null }
}

async function bookedOf(
  lane: BookingLane,
  caller: Caller,
  booking: NewBooking,
  answer: Answer,
): Promise<BookedAppointment> {
  const { decision } = answer
  if (decision.state === 'KNOWN' && decision.appointmentId) {
    const { appointmentId, usedAlternative } = decision
    const known = await lane.read(caller.organizationId, (tx) => loadAppointments(tx, [appointmentId]))
    const appointment = known.get(appointmentId)
    if (!appointment) throw new NotFoundError('appointment')
    return { appointment, usedAlternative, manageToken: await manageToken(lane, caller, appointmentId) }
  }
  if (decision.state !== 'BOOK' && decision.state !== 'BOOK_HOLD') throw new NotFoundError('appointment')
  const { booked, request } = decision
  return {
    appointment: {
      id: booked.appointmentId,
      status: 'CONFIRMED',
      version: 1,
      serviceId: request.offer.service.id,
      customerId: answer.customerId ?? booked.newCustomerId,
      guest: booking.guest,
      startsAt: booked.startsAt,
      endsAt: booked.endsAt,
      segments: booked.segments,
      notes: booking.notes,
      origin: caller.origin,
      createdAt: answer.now,
      updatedAt: answer.now,
    },
    usedAlternative: request.kind === 'BOOK' && request.wishedAt !== null,
    manageToken: await manageToken(lane, caller, booked.appointmentId),
  }
}

function manageToken(lane: BookingLane, { organizationId }: Caller, appointmentId: string): Promise<string> {
  return createManageToken(lane.db, { organizationId, appointmentId })
}

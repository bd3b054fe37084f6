// book_appointment: what the conversation holds, or a start that is named, becomes an appointment; once per call and wish.
import { createHash } from 'node:crypto'
import type { Tx } from '../../../db/transaction.ts'
import { type AppointmentRecord, loadAppointments } from '../../../domain/bookings/appointments.ts'
import { bookAppointment } from '../../../domain/bookings/book-appointment.ts'
import { type HeldClaims, loadHeldClaims } from '../../../domain/bookings/held-claims.ts'
import type { HoldRecord } from '../../../domain/bookings/holds.ts'
import { releaseHold } from '../../../domain/bookings/release-hold.ts'
import { listSessionHolds } from '../../../domain/bookings/session-holds.ts'
import { findIdempotentResult } from '../../../domain/claims/idempotency.ts'
import {
  HoldExpiredError,
  HoldNotActiveError,
  IdempotencyKeyReusedError,
  InvalidInputError,
  Refusal,
  SlotUnavailableError,
} from '../../../domain/vocabulary/refusals.ts'
import type { Instant } from '../../../domain/vocabulary/types.ts'
import { sentencesFor } from '../sentences.ts'
import { decline, type FunctionResult, succeed } from './answers.ts'
import { type Catalogue, findService, type Offered, requireService } from './catalogue.ts'
import type { Call } from './conversation.ts'
import { findCaller, type GuestToBook, readGuest, spokenName } from './guests.ts'
import { wordsOf } from './matching.ts'
import { nearest, startsOf, tellSlots } from './offers.ts'
import { findStaff, isWith, pinNamed, staffOf } from './staff.ts'
import { type KnownWish, readWish, requireStart, WISHED } from './time-arguments.ts'

interface Choice {
  service: Offered
  startsAt: Instant
  hold: HoldRecord | null
  /** Null: nobody was named. */
  staff: Offered | null
  /** Of the same time with somebody else than was named: given back when the booking is made. */
  superseded: HoldRecord[]
}

interface Wish {
  choice: Choice
  guest: GuestToBook
  intent: Intent
  /** What the hold of the choice claims. */
  held: HeldClaims | null
  /** Whom the slot has to be with, for a booking without the hold. */
  pins: (string | null)[]
  catalogue: Catalogue
}

export async function bookForCaller(call: Call): Promise<FunctionResult> {
  const time = readWish(call, WISHED)
  if ('answer' in time) return time
  const catalogue = await call.catalogue()
  const wish = await call.read((tx) => understand(tx, call, { wish: time.wish, catalogue }))
  return 'answer' in wish ? wish : book(call, wish)
}

/** All that has to be known before the booking, in one snapshot. */
async function understand(
  tx: Tx,
  call: Call,
  { wish, catalogue }: { wish: KnownWish | null; catalogue: Catalogue },
): Promise<Wish | FunctionResult> {
  const { caller, callId, speech, said } = call
  const sentences = sentencesFor(speech)
  const [holds, customer] = await Promise.all([
    listSessionHolds(tx, { caller, sessionKey: callId }),
    findCaller(tx, call),
  ])
  const choice = chooseSlot(call, { wish, catalogue, holds })
  if ('answer' in choice) return choice
  const pinned = await pinNamed(tx, call, { ...choice, catalogue })
  if ('answer' in pinned) return pinned
  const name = spokenName(said) || (customer?.name ?? '')
  if (name === '') return decline('MISSING_NAME', sentences.missingName)
  const guest = readGuest(call, name)
  if (!guest) return decline('UNCLEAR_PHONE', sentences.unclearPhone)
  const [intent, held] = await Promise.all([
    findIntent(tx, call, choice, guest),
    choice.hold && loadHeldClaims(tx, caller, choice.hold.id),
  ])
  const { known } = intent
  if (known && choice.staff && !isWith(known, choice.staff)) {
    const staff = staffOf(known, catalogue)
    const message = sentences.bookedWithOther(known.startsAt, staff, choice.staff.name)
    return decline('UNCLEAR_STAFF', message, { staff })
  }
  return { choice, guest, intent, held, pins: pinned.pins, catalogue }
}

/** A named start; without one the hold that it can only be. */
function chooseSlot(
  call: Call,
  { wish, catalogue, holds }: { wish: KnownWish | null; catalogue: Catalogue; holds: HoldRecord[] },
): Choice | FunctionResult {
  const sentences = sentencesFor(call.speech)
  const named = findService(call, catalogue)
  if ('answer' in named) return named
  const person = findStaff(call, catalogue)
  if ('answer' in person) return person
  const { staff } = person
  const ofWish = holds.filter(
    (hold) => (named.service === null || named.service.id === hold.serviceId) && isMeant(hold, wish),
  )
  const meant = ofWish.filter((hold) => isWith(hold, staff))
  const [hold] = meant
  if (hold && meant.length === 1) {
    const service = catalogue.services.find(({ id }) => id === hold.serviceId) ?? { id: hold.serviceId, name: '' }
    return { service, startsAt: hold.startsAt, hold, staff, superseded: [] }
  }
  if (meant.length > 1) {
    const starts = meant.map(({ startsAt }) => startsAt)
    return decline('UNCLEAR_TIME', sentences.whichHold(starts), { slots: tellSlots(starts, call.speech) })
  }
  const [other] = ofWish
  if (other && staff && wish?.kind !== 'START') {
    const holding = staffOf(other, catalogue)
    return decline('UNCLEAR_STAFF', sentences.heldWithOther(other.startsAt, holding, staff.name), { staff: holding })
  }
  const exact = requireStart(call, wish)
  if ('answer' in exact) return exact
  const required = requireService(call, catalogue)
  if ('answer' in required) return required
  return { service: required.service, startsAt: exact.startsAt, hold: null, staff, superseded: ofWish }
}

function isMeant({ startsAt }: HoldRecord, wish: KnownWish | null): boolean {
  if (wish === null) return true
  return wish.kind === 'START' ? wish.startsAt === startsAt : wish.from <= startsAt && startsAt < wish.to
}

async function book(call: Call, { choice, guest, intent, held, pins, catalogue }: Wish): Promise<FunctionResult> {
  const { service, startsAt, hold, superseded } = choice
  const tell = (appointment: Told) => booked(call, { service, catalogue }, appointment)
  const sentences = sentencesFor(call.speech)
  if (intent.known) return tell(intent.known)
  const attempt = (holdId: string | null) =>
    bookAppointment(
      call.lane,
      {
        caller: call.caller,
        holdId,
        slot: holdId === null ? { serviceId: service.id, startsAt, resourceIds: pins } : null,
        customerId: null,
        customer: { name: guest.name, phone: guest.phone, email: guest.email },
        notes: guest.notes,
        onUnavailable: 'REFUSE',
        alternativeWithinMinutes: null,
        sessionKey: call.callId,
        // A mother books for her child: said so, it is meant.
        allowsCustomerConflict: call.said.flag(...ANOTHER_PERSON),
        idempotencyKey: intent.key,
      },
      {
        held: held ?? undefined,
        inCall: call.answeringClaim?.((won) => {
          if (won.state === 'HOLD') throw new Error('No hold was asked for.')
          const { appointmentId: id, startsAt, segments } = won.booked
          return tell({ id, startsAt, segments, guest: won.request.booking.guest })
        }),
      },
    )
  try {
    // A hold that is gone is no reason to refuse a slot that is free.
    const { appointment } = await attempt(hold?.id ?? null).catch((error: unknown) => {
      if (hold && (error instanceof HoldExpiredError || error instanceof HoldNotActiveError)) return attempt(null)
      throw error
    })
    for (const { id } of superseded) await releaseHold(call.lane, { caller: call.caller, holdId: id }).catch(isGone)
    return tell(appointment)
  } catch (error) {
    if (error instanceof SlotUnavailableError) {
      if (isOnlyTheirOwn(error))
        return decline('ANOTHER_APPOINTMENT', sentences.anotherAppointment(startsAt, guest.name))
      const starts = startsOf(error.alternatives)
      return decline('NOT_FREE', sentences.notFree(startsAt, nearest(starts, call.speech)), {
        service: service.name,
        reasons: [...new Set(error.reasons.map(({ reason }) => reason))],
        alternatives: tellSlots(starts, call.speech),
      })
    }
    // The same wish was booked a moment ago, in other words.
    if (error instanceof IdempotencyKeyReusedError) {
      const { known } = await call.read((tx) => findIntent(tx, call, choice, guest))
      if (known) return tell(known)
    }
    if (error instanceof InvalidInputError) {
      const isPhone = error.issues.some(({ path }) => path.at(-1) === 'phone')
      return isPhone ? decline('UNCLEAR_PHONE', sentences.unclearPhone) : decline('MISSING_NAME', sentences.missingName)
    }
    throw error
  }
}

interface Intent {
  key: string
  known: AppointmentRecord | null
}

/**
 * One wish of one call is booked once, whatever tool calls it comes in: same service, start and name. A wish that was booked
 * and given up before this function began is a new one; a tool call that was answered learns of that with its claim.
 */
async function findIntent(tx: Tx, call: Call, { service, startsAt }: Choice, { name }: GuestToBook): Promise<Intent> {
  const wish = createHash('sha256')
    .update(JSON.stringify([service.id, startsAt, wordsOf(name)]))
    .digest('hex')
  for (let round = 0; ; round++) {
    const key = `call:${call.callId}:book:${wish}:${round}`
    const result = await findIdempotentResult(tx, call.caller, key)
    if (!result?.appointmentId) return { key, known: null }
    const known = (await loadAppointments(tx, [result.appointmentId])).get(result.appointmentId)
    const isStanding = known?.status === 'CONFIRMED' && known.startsAt === startsAt
    const isOfRetry = call.answeringClaim === null && known !== undefined && known.updatedAt >= call.startedAt
    if (known && (isStanding || isOfRetry)) return { key, known }
  }
}

const ANOTHER_PERSON = [
  'another_person',
  'second_person',
  'additional',
  'fuer_andere_person',
  'weitere_person',
  'zusaetzlich',
]

/** Nothing but an appointment under the same number is in the way. */
function isOnlyTheirOwn({ reasons }: SlotUnavailableError): boolean {
  return reasons.length > 0 && reasons.every(({ reason }) => reason === 'CUSTOMER_CONFLICT')
}

/** It holds nothing any more. */
function isGone(error: unknown): void {
  if (!(error instanceof Refusal)) throw error
}

type Told = Pick<AppointmentRecord, 'id' | 'startsAt' | 'guest' | 'segments'>

function booked(
  call: Call,
  { service, catalogue }: { service: Offered; catalogue: Catalogue },
  appointment: Told,
): FunctionResult {
  const { id, startsAt, guest } = appointment
  const name = guest?.name ?? ''
  const staff = staffOf(appointment, catalogue)
  return {
    ...succeed('BOOKED', sentencesFor(call.speech).booked(service.name, startsAt, name, staff), {
      appointmentId: `appointment_${id}`,
      service: service.name,
      staff,
      name,
      slots: tellSlots([startsAt], call.speech),
    }),
    appointmentId: id,
  }
}

// The three writes to Cal.com: announced before they are asked for, and believed only when the answer is verified.
import type { ConflictKind } from '../../domain/outside/calendars/calendar-conflicts.ts'
import type { Refusal } from './answers.ts'
import { lookForTwin } from './look.ts'
import type { Step } from './next-step.ts'
import { APPOINTMENT_KEY, CALL_KEY, isActive, type RemoteBooking } from './remote-bookings.ts'
import type { Syncing } from './sync-twin.ts'
import { noteExternalId, type Twin, writeTwin } from './twins.ts'

export type Outcome =
  /** The twin's row says what is true now: read it and go on. */
  { kind: 'ON' } | { kind: 'CONFLICT'; conflict: ConflictKind; message: string } | Refusal

type WriteStep = Exclude<Step, { kind: 'NONE' | 'LOOK' }>

/** How far their clock may be behind ours. */
const CLOCK_SKEW_MS = 120_000
const NOTHING_OPEN = { unansweredSince: null, unansweredStartsAt: null }

export async function takeStep(syncing: Syncing, twin: Twin, step: WriteStep): Promise<Outcome> {
  // From here on a crash leaves the question open, and the next job looks first.
  const askedAt = Date.now()
  const unansweredStartsAt = step.kind === 'CANCEL' ? null : step.startsAt
  await syncing.write({ unansweredSince: askedAt, unansweredStartsAt })
  if (step.kind === 'CREATE') return create(syncing, twin, step, askedAt)
  if (step.kind === 'RESCHEDULE') return reschedule(syncing, twin, step, askedAt)
  return cancel(syncing, twin, step)
}

async function create(
  syncing: Syncing,
  twin: Twin,
  { startsAt, eventTypeId }: Extract<Step, { kind: 'CREATE' }>,
  askedAt: number,
): Promise<Outcome> {
  const { client, integration } = syncing
  const { appointmentId, guest, callId } = twin
  const email = guest.email ?? integration.settings.fallbackEmail ?? `${appointmentId}@guest.invalid`
  const attendee = {
    name: guest.name,
    timeZone: integration.timeZone,
    language: ['DE', 'AT', 'CH'].includes(integration.country) ? 'de' : 'en',
    email: guest.email === null && guest.phone !== null ? integration.settings.fallbackEmail : email,
    phone: guest.phone,
  }
  const metadata = {
    [APPOINTMENT_KEY]: `appointment_${appointmentId}`,
    ...(callId !== null && { [CALL_KEY]: callId.slice(0, 500) }),
  }
  let answer = await client.createBooking({ startsAt, eventTypeId, attendee, metadata })
  if (answer.kind === 'REFUSED' && guest.phone !== null && /phone/i.test(answer.message)) {
    // They judge numbers more strictly than carriers do. The booking matters more than the number.
    answer = await client.createBooking({
      startsAt,
      eventTypeId,
      attendee: { ...attendee, email, phone: null },
      metadata,
    })
  }
  if (answer.kind !== 'DONE') return refused(syncing, twin, answer)
  const booking = answer.data
  if (booking.appointmentId !== appointmentId) {
    // It stays open: whether one was made for us besides, the next attempt finds out.
    const message = `Cal.com answered with a booking that is not ours (${booking.uid}).`
    return { kind: 'CONFLICT', conflict: 'FOREIGN_ANSWER', message }
  }
  if (!isFresh(booking, askedAt) || !isActive(booking)) return answeredOld(syncing, twin, booking)
  return adopt(syncing, booking, { startsAt, eventTypeId })
}

async function reschedule(
  syncing: Syncing,
  twin: Twin,
  { uid, startsAt }: Extract<Step, { kind: 'RESCHEDULE' }>,
  askedAt: number,
): Promise<Outcome> {
  const answer = await syncing.client.rescheduleBooking(uid, { startsAt, reason: null })
  // It is not there as we know it: moved or called off. Looking says which.
  if (answer.kind === 'NOT_FOUND' || isEndedRefusal(answer)) return { kind: 'ON' }
  if (answer.kind !== 'DONE') return refused(syncing, twin, answer)
  const booking = answer.data
  if (booking.previousUid !== uid && booking.appointmentId !== twin.appointmentId) {
    const message = `Cal.com answered with a booking that is not ours (${booking.uid}).`
    return { kind: 'CONFLICT', conflict: 'FOREIGN_ANSWER', message }
  }
  if (!isFresh(booking, askedAt) || !isActive(booking)) return answeredOld(syncing, twin, booking)
  return adopt(syncing, booking, { startsAt, eventTypeId: twin.externalEventTypeId, replacedUid: uid })
}

async function cancel(
  syncing: Syncing,
  twin: Twin,
  { uid, startsAt }: Extract<Step, { kind: 'CANCEL' }>,
): Promise<Outcome> {
  const answer = await syncing.client.cancelBooking(uid, { reason: null })
  if (answer.kind !== 'DONE' && answer.kind !== 'NOT_FOUND') {
    // "Already cancelled" comes in several forms: the booking itself says whether it is.
    if (answer.kind === 'UNKNOWN' || answer.kind === 'LIMITED') return refused(syncing, twin, answer)
    const read = await syncing.client.readBooking(uid)
    if (read.kind !== 'DONE' && read.kind !== 'NOT_FOUND') return refused(syncing, twin, answer)
    if (read.kind === 'DONE' && isActive(read.data)) return refused(syncing, twin, answer)
    // Moved over there meanwhile: it stays open, and what it became is found and called off.
    if (read.kind === 'DONE' && read.data.successorUid !== null) return { kind: 'ON' }
  }
  const { appointment } = twin
  await syncing.inTwin(async (tx) => {
    await noteExternalId(tx, syncing.name.integrationId, {
      externalId: uid,
      state: 'ENDED',
      appointmentId: twin.appointmentId,
      ours: true,
      startsAt,
      endsAt: startsAt + (appointment.endsAt - appointment.startsAt),
    })
    await writeTwin(tx, syncing.name, syncing.workerId, { ...NOTHING_OPEN, externalStartsAt: null })
  })
  return { kind: 'ON' }
}

/** The answer is ours: kept with its id, whatever it says about the time. */
async function adopt(
  syncing: Syncing,
  booking: RemoteBooking,
  asked: { startsAt: number; eventTypeId: number | null; replacedUid?: string },
): Promise<Outcome> {
  const { name, workerId } = syncing
  const { uid, startsAt, endsAt } = booking
  await syncing.inTwin(async (tx) => {
    const ours = { appointmentId: name.appointmentId, ours: true, startsAt, endsAt }
    await noteExternalId(tx, name.integrationId, { externalId: uid, state: 'ACCEPTED', ...ours })
    if (asked.replacedUid !== undefined && asked.replacedUid !== uid) {
      const replaced = { externalId: asked.replacedUid, state: 'ENDED' as const, successorId: uid }
      await noteExternalId(tx, name.integrationId, { ...replaced, ...ours })
    }
    await writeTwin(tx, name, workerId, {
      ...NOTHING_OPEN,
      externalId: uid,
      externalStartsAt: startsAt,
      externalEventTypeId: asked.eventTypeId,
    })
  })
  if (startsAt === asked.startsAt) return { kind: 'ON' }
  const [told, wanted] = [startsAt, asked.startsAt].map((at) => new Date(at).toISOString())
  return { kind: 'CONFLICT', conflict: 'OTHER_TIME', message: `Cal.com booked ${told} instead of ${wanted}.` }
}

function isFresh({ createdAt }: RemoteBooking, askedAt: number): boolean {
  return createdAt !== null && createdAt >= askedAt - CLOCK_SKEW_MS
}

/** Ours by its id, but none that was made just now: what there is of ours is looked for, and only that is believed. */
async function answeredOld(syncing: Syncing, twin: Twin, booking: RemoteBooking): Promise<Outcome> {
  const looked = await lookForTwin(syncing.client, twin)
  if (looked.kind !== 'FOUND') return looked
  // It stays open, so that the next step takes up what was found.
  if (looked.bookings.length > 0) return { kind: 'ON' }
  const message = `Cal.com answered with an old booking (${booking.uid}) and made none.`
  return { kind: 'CONFLICT', conflict: 'FOREIGN_ANSWER', message }
}

/** A time-out stays open. "Taken" may be by our own booking whose answer was lost: it is looked for first. */
async function refused(syncing: Syncing, twin: Twin, refusal: Refusal): Promise<Outcome> {
  if (refusal.kind === 'UNKNOWN') return refusal
  if (refusal.kind !== 'TAKEN') {
    await syncing.write(NOTHING_OPEN)
    return refusal
  }
  const looked = await lookForTwin(syncing.client, twin)
  if (looked.kind !== 'FOUND') return looked
  const isUnknown = looked.bookings.some(({ uid }) => uid !== twin.externalId)
  if (isUnknown || (twin.externalStartsAt !== null && looked.bookings.length === 0)) return { kind: 'ON' }
  await syncing.write(NOTHING_OPEN)
  return { kind: 'CONFLICT', conflict: 'TAKEN_THERE', message: refusal.message }
}

function isEndedRefusal(answer: { kind: string; message?: string }): boolean {
  const isRefused = answer.kind === 'REFUSED' || answer.kind === 'TAKEN'
  return isRefused && /cancel+ed|rescheduled already|already rescheduled/i.test(answer.message ?? '')
}

// reschedule_appointment and cancel_appointment: as the guest of the appointment, once per tool call.
import { type AppointmentRecord, loadAppointments } from '../../../domain/bookings/appointments.ts'
import { cancelAppointment } from '../../../domain/bookings/cancel-appointment.ts'
import { rescheduleAppointment } from '../../../domain/bookings/reschedule-appointment.ts'
import { listSessionHolds } from '../../../domain/bookings/session-holds.ts'
import { findIdempotentResult } from '../../../domain/claims/idempotency.ts'
import {
  IdempotencyKeyReusedError,
  InvalidTransitionError,
  PolicyViolationError,
  SlotUnavailableError,
  VersionConflictError,
} from '../../../domain/vocabulary/refusals.ts'
import type { Instant } from '../../../domain/vocabulary/types.ts'
import { sentencesFor } from '../sentences.ts'
import { guestOnThePhone, voiceAgent } from '../settings.ts'
import { writeMoment } from '../spoken-moments.ts'
import { decline, type FunctionResult, succeed } from './answers.ts'
import type { Catalogue, Offered } from './catalogue.ts'
import type { Call } from './conversation.ts'
import { nearest, startsOf, tellSlots } from './offers.ts'
import {
  isAt,
  isNamed,
  namesAppointment,
  type OwnAppointment,
  pickAppointment,
  readOwnAppointments,
} from './own-appointments.ts'
import { findStaff, isWith, pinNamed, staffOf } from './staff.ts'
import { type KnownWish, readWish, requireStart, timesOfMove, WISHED } from './time-arguments.ts'

interface Change {
  kind: 'CANCEL' | 'RESCHEDULE'
  /** Which appointment, by its time. */
  wish: KnownWish | null
  /** Whether the appointment is as it was wished to be. */
  isDone(appointment: AppointmentRecord): boolean
  perform(appointment: OwnAppointment, idempotencyKey: string): Promise<AppointmentRecord | FunctionResult>
}

export async function cancelForCaller(call: Call): Promise<FunctionResult> {
  const time = readWish(call, WISHED)
  if ('answer' in time) return time
  return change(call, {
    kind: 'CANCEL',
    wish: time.wish,
    isDone: ({ status }) => status === 'CANCELLED',
    perform: ({ id, version }, idempotencyKey) =>
      cancelAppointment(call.lane, {
        caller: guestOnThePhone(call.integration, id),
        appointmentId: id,
        expectedVersion: version,
        reason: reasonOf(call),
        idempotencyKey,
      }),
  })
}

export async function rescheduleForCaller(call: Call): Promise<FunctionResult> {
  const { to, from } = timesOfMove(call.said)
  const target = readWish(call, to)
  if ('answer' in target) return target
  const exact = requireStart(call, target.wish)
  if ('answer' in exact) return exact
  const { startsAt } = exact
  const old = readWish(call, from)
  if ('answer' in old) return old
  const named = findStaff(call, await call.catalogue())
  if ('answer' in named) return named
  const { staff } = named
  return change(call, {
    kind: 'RESCHEDULE',
    wish: old.wish,
    isDone: (appointment) =>
      appointment.status === 'CONFIRMED' && appointment.startsAt === startsAt && isWith(appointment, staff),
    perform: (appointment, idempotencyKey) => move(call, { appointment, startsAt, staff, idempotencyKey }),
  })
}

async function move(
  call: Call,
  wished: { appointment: OwnAppointment; startsAt: Instant; staff: Offered | null; idempotencyKey: string },
): Promise<AppointmentRecord | FunctionResult> {
  const { integration, callId } = call
  const { appointment, startsAt, staff, idempotencyKey } = wished
  const catalogue = await call.catalogue()
  const service = { id: appointment.serviceId, name: appointment.service }
  const [holds, pinned] = await call.read((tx) =>
    Promise.all([
      // What the conversation holds for the caller must not stand in its own way.
      listSessionHolds(tx, { caller: voiceAgent(integration), sessionKey: callId }),
      pinNamed(tx, call, { service, staff, catalogue }),
    ]),
  )
  if ('answer' in pinned) return pinned
  return rescheduleAppointment(call.lane, {
    caller: guestOnThePhone(integration, appointment.id),
    appointmentId: appointment.id,
    expectedVersion: appointment.version,
    startsAt,
    holdId: holds.find((hold) => hold.startsAt === startsAt)?.id ?? null,
    resourceIds: pinned.pins,
    reason: reasonOf(call),
    idempotencyKey,
  })
}

/** How often the appointments are read anew when somebody else was faster. */
const ATTEMPTS = 3

async function change(call: Call, wished: Change): Promise<FunctionResult> {
  const { read, speech } = call
  const sentences = sentencesFor(speech)
  const catalogue = await call.catalogue()
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const state = await read(async (tx) => {
      const [own, earlier] = await Promise.all([
        readOwnAppointments(tx, call),
        findEarlier(call, wished, (key) => findIdempotentResult(tx, call.caller, key)),
      ])
      const known = earlier.appointmentId
      const done = known === null ? undefined : (await loadAppointments(tx, [known])).get(known)
      return { catalogue, own, earlier, done }
    })
    const { own, done, earlier } = state
    const service = (id: string) => own.find((appointment) => appointment.id === id)?.service ?? ''
    if (done && (call.isToolCall || wished.isDone(done)))
      return changed(call, wished, { ...done, service: service(done.id) }, catalogue)
    const picked = pickAppointment(call, { ...state, wish: wished.wish })
    // The same wish in a second tool call must not fall on the next appointment in the list.
    const twin = own.find((appointment) => appointment.isTouched && wished.isDone(appointment))
    if (twin && ('answer' in picked || repeats(call, wished, { twin, picked })))
      return changed(call, wished, twin, catalogue)
    if ('answer' in picked) return picked
    if (wished.isDone(picked)) return changed(call, wished, picked, catalogue)
    const key = done ? `${earlier.key}:${done.version}` : earlier.key
    try {
      const appointment = await wished.perform(picked, key)
      if ('answer' in appointment) return appointment
      return changed(call, wished, { ...appointment, service: picked.service }, catalogue)
    } catch (error) {
      // Somebody changed it between the look and the change, or this very function did in another gateway: look again.
      const isRace =
        error instanceof VersionConflictError ||
        error instanceof InvalidTransitionError ||
        error instanceof IdempotencyKeyReusedError
      if (isRace) continue
      if (error instanceof PolicyViolationError) {
        const { allowedUntil } = error
        return decline('POLICY_FORBIDS', sentences.policyForbids(wished.kind, allowedUntil), {
          allowedUntil: allowedUntil === null ? null : writeMoment(allowedUntil, speech),
        })
      }
      if (error instanceof SlotUnavailableError) return notFree(call, error)
      throw error
    }
  }
  return decline('CHANGED_MEANWHILE', sentences.changedMeanwhile)
}

/** What this function has done before, when it is a retry. */
async function findEarlier(
  { callId, key }: Call,
  { kind }: Change,
  find: (key: string) => Promise<{ appointmentId?: string } | null>,
): Promise<{ key: string; appointmentId: string | null }> {
  const name = `call:${callId}:${kind}:${key}`
  return { key: name, appointmentId: (await find(name))?.appointmentId ?? null }
}

/** Whether everything that was said fits the one that this call has changed already, and the other one is not newer. */
function repeats(
  call: Call,
  { kind, wish }: Change,
  { twin, picked }: { twin: OwnAppointment; picked: OwnAppointment },
): boolean {
  if (picked.createdAt >= twin.updatedAt) return false
  if (kind === 'RESCHEDULE') return wish === null && !namesAppointment(call)
  return isAt(twin, wish) && isNamed(call, twin)
}

function changed(
  call: Call,
  { kind }: Change,
  appointment: AppointmentRecord & { service: string },
  catalogue: Catalogue,
): FunctionResult {
  const { id, startsAt, service } = appointment
  const sentences = sentencesFor(call.speech)
  const staff = staffOf(appointment, catalogue)
  const slots = tellSlots([startsAt], call.speech)
  const data = { appointmentId: `appointment_${id}`, service, staff, slots }
  const result =
    kind === 'CANCEL'
      ? succeed('CANCELLED', sentences.cancelled(service, startsAt, staff), data)
      : succeed('RESCHEDULED', sentences.moved(service, startsAt, staff), data)
  return { ...result, appointmentId: id }
}

function notFree(call: Call, { reasons, alternatives }: SlotUnavailableError): FunctionResult {
  const starts = startsOf(alternatives)
  return decline('NOT_FREE', sentencesFor(call.speech).noneFree(nearest(starts, call.speech)), {
    reasons: [...new Set(reasons.map(({ reason }) => reason))],
    alternatives: tellSlots(starts, call.speech),
  })
}

function reasonOf({ said }: Call): string | null {
  return said.text('reason', 'grund') || null
}

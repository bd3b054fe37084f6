// Changing an appointment: reschedule, cancel, complete, no-show.
import { cancelAppointment } from '../domain/bookings/cancel-appointment.ts'
import { completeAppointment, markNoShow } from '../domain/bookings/close-appointment.ts'
import { rescheduleAppointment } from '../domain/bookings/reschedule-appointment.ts'
import {
  BusyError,
  IdempotencyKeyReusedError,
  InvalidInputError,
  InvalidTransitionError,
  NotFoundError,
  PolicyViolationError,
  SlotUnavailableError,
  VersionConflictError,
} from '../domain/vocabulary/refusals.ts'
import { builder } from './machinery/builder.ts'
import { callerOf } from './machinery/context.ts'
import { checkBounds, optionalId, readWishedResources, requireId } from './machinery/inputs.ts'
import { change } from './machinery/writes.ts'
import { Appointment } from './refs.ts'

const EXPECTED_VERSION = 'The version that the change is based on. Of several changes of one version one succeeds.'
const IDEMPOTENCY_KEY =
  'Your name for this attempt. The same key with the same request runs once, for 24 hours; every repetition gets the same answer. 1 to 255 characters.'

const RescheduleAppointmentInput = builder.inputType('RescheduleAppointmentInput', {
  description: 'Where to move an appointment.',
  fields: (t) => ({
    appointmentId: t.id({ required: true, description: 'The appointment.' }),
    expectedVersion: t.int({ required: true, description: EXPECTED_VERSION }),
    startsAt: t.field({
      type: 'DateTime',
      required: true,
      description: 'The new start. It may overlap the old time: an appointment never stands in its own way.',
    }),
    holdId: t.id({
      description:
        'A hold placed for this move: what it keeps is free for it, and it ends with it. One that has ended changes nothing.',
    }),
    resourceIds: t.idList({
      required: { list: false, items: false },
      description:
        "In the order of the segments' groups; omitted or null entries: the server picks, whoever is held, then whoever serves it already first.",
    }),
    reason: t.string({ description: 'Kept in the history. At most 2000 characters.' }),
    allowCustomerConflict: t.boolean({
      description:
        'True: it is meant, although the customer has another appointment at this time. Otherwise that is refused as CUSTOMER_CONFLICT, to secret keys; others are not told of it.',
    }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
})

const CancelAppointmentInput = builder.inputType('CancelAppointmentInput', {
  description: 'Which appointment to call off.',
  fields: (t) => ({
    appointmentId: t.id({ required: true, description: 'The appointment.' }),
    expectedVersion: t.int({ required: true, description: EXPECTED_VERSION }),
    reason: t.string({ description: 'Kept in the history. At most 2000 characters.' }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
})

const CloseAppointmentInput = builder.inputType('CloseAppointmentInput', {
  description: 'Which appointment to close.',
  fields: (t) => ({
    appointmentId: t.id({ required: true, description: 'The appointment.' }),
    expectedVersion: t.int({ required: true, description: EXPECTED_VERSION }),
  }),
})

builder.mutationFields((t) => ({
  rescheduleAppointment: t.field({
    type: Appointment,
    description:
      'Moves an appointment. It keeps its id and history; the old time is freed only if the new one was taken. Secret keys and its manage token; a secret key may override the policy.',
    authScopes: { ownAppointment: true },
    errors: {
      types: [
        SlotUnavailableError,
        VersionConflictError,
        InvalidTransitionError,
        PolicyViolationError,
        IdempotencyKeyReusedError,
        InvalidInputError,
        NotFoundError,
        BusyError,
      ],
      union: { name: 'RescheduleAppointmentResult', description: 'The moved appointment, or why it stays.' },
    },
    args: {
      input: t.arg({ type: RescheduleAppointmentInput, required: true, description: 'What to move, and where.' }),
    },
    resolve: (_root, { input }, ctx) => {
      checkBounds(input)
      const move = {
        caller: callerOf(ctx),
        appointmentId: requireId('appointment', input.appointmentId),
        expectedVersion: input.expectedVersion,
        startsAt: input.startsAt,
        holdId: optionalId('hold', input.holdId),
        resourceIds: readWishedResources(input.resourceIds),
        allowsCustomerConflict: input.allowCustomerConflict ?? false,
        reason: input.reason ?? null,
        idempotencyKey: input.idempotencyKey ?? null,
      }
      return change(ctx, () => rescheduleAppointment(ctx.lane, move))
    },
  }),
  cancelAppointment: t.field({
    type: Appointment,
    description:
      'Calls an appointment off; its time opens at once. Secret keys and its manage token; a secret key may override the policy.',
    authScopes: { ownAppointment: true },
    errors: {
      types: [
        VersionConflictError,
        InvalidTransitionError,
        PolicyViolationError,
        IdempotencyKeyReusedError,
        InvalidInputError,
        NotFoundError,
        BusyError,
      ],
      union: { name: 'CancelAppointmentResult', description: 'The cancelled appointment, or why it stays.' },
    },
    args: { input: t.arg({ type: CancelAppointmentInput, required: true, description: 'What to call off.' }) },
    resolve: (_root, { input }, ctx) => {
      checkBounds(input)
      const cancellation = {
        caller: callerOf(ctx),
        appointmentId: requireId('appointment', input.appointmentId),
        expectedVersion: input.expectedVersion,
        reason: input.reason ?? null,
        idempotencyKey: input.idempotencyKey ?? null,
      }
      return change(ctx, () => cancelAppointment(ctx.lane, cancellation))
    },
  }),
  completeAppointment: t.field({
    type: Appointment,
    description:
      'Notes that an appointment took place, once it has begun. One that was closed as NO_SHOW is corrected. Secret keys only.',
    authScopes: { secret: true },
    errors: {
      types: [VersionConflictError, InvalidTransitionError, NotFoundError, BusyError],
      union: { name: 'CompleteAppointmentResult', description: 'The completed appointment, or why nothing changed.' },
    },
    args: { input: t.arg({ type: CloseAppointmentInput, required: true, description: 'Which appointment.' }) },
    resolve: (_root, { input }, ctx) => {
      const appointmentId = requireId('appointment', input.appointmentId)
      const { expectedVersion } = input
      return change(ctx, () => completeAppointment(ctx.lane, { caller: callerOf(ctx), appointmentId, expectedVersion }))
    },
  }),
  markNoShow: t.field({
    type: Appointment,
    description:
      'Notes that the customer did not come, once it has begun. One that was closed as COMPLETED is corrected. Secret keys only.',
    authScopes: { secret: true },
    errors: {
      types: [VersionConflictError, InvalidTransitionError, NotFoundError, BusyError],
      union: { name: 'MarkNoShowResult', description: 'The closed appointment, or why nothing changed.' },
    },
    args: { input: t.arg({ type: CloseAppointmentInput, required: true, description: 'Which appointment.' }) },
    resolve: (_root, { input }, ctx) => {
      const appointmentId = requireId('appointment', input.appointmentId)
      const { expectedVersion } = input
      return change(ctx, () => markNoShow(ctx.lane, { caller: callerOf(ctx), appointmentId, expectedVersion }))
    },
  }),
}))

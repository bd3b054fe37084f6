// Appointments: what they are, and how one is read.
import type { AppointmentRecord } from '../domain/bookings/appointments.ts'
import type { ExternalBookingRecord } from '../domain/outside/calendars/external-bookings.ts'
import { AppointmentEventKind, AppointmentStatus, Origin, SyncStatus } from './enums.ts'
import { seesAppointment, seesEveryone } from './machinery/access.ts'
import { builder } from './machinery/builder.ts'
import type { Context } from './machinery/context.ts'
import { decodeId, encodeId } from './machinery/ids.ts'
import { findNodesBy, Node } from './machinery/nodes.ts'
import { Appointment, AppointmentEvent, ClaimedSegment, Customer, Service } from './refs.ts'

AppointmentEvent.implement({
  description: 'One change of an appointment.',
  fields: (t) => ({
    kind: t.expose('kind', { type: AppointmentEventKind, description: 'What happened.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When, by the clock of the database.' }),
    actor: t.exposeString('actor', { description: 'Who: the kind and id of the key, or `guest` for a manage token.' }),
    origin: t.expose('origin', { type: Origin, description: 'Through which door.' }),
    version: t.exposeInt('version', { description: 'The version of the appointment that it led to.' }),
    previousStartsAt: t.expose('previousStartsAt', {
      type: 'DateTime',
      nullable: true,
      description: 'The start before, if it moved.',
    }),
    startsAt: t.expose('startsAt', {
      type: 'DateTime',
      nullable: true,
      description: 'The start from then on, if it was booked or moved.',
    }),
    reason: t.exposeString('reason', { nullable: true, description: 'The reason that was given.' }),
    policyVersion: t.exposeInt('policyVersion', {
      nullable: true,
      description: 'The policy version that judged the change. Null: none had to.',
    }),
    policyOverridden: t.exposeBoolean('policyOverridden', {
      description: 'True: the policy forbade the change, and a secret key made it all the same.',
    }),
  }),
})

const ExternalBooking = builder.objectRef<ExternalBookingRecord>('ExternalBooking').implement({
  description: "The appointment's twin in an outside calendar.",
  fields: (t) => ({
    provider: t.exposeString('provider', { description: 'Which calendar, e.g. `calcom`.' }),
    externalId: t.exposeString('externalId', {
      nullable: true,
      description: 'Its id over there. Null: it does not exist there yet.',
    }),
    status: t.expose('status', { type: SyncStatus, description: 'How far the calendar has followed.' }),
    lastSyncedAt: t.expose('lastSyncedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the calendar was last told, with success.',
    }),
    lastError: t.exposeString('lastError', { nullable: true, description: 'What it answered when it last refused.' }),
    suggestedStarts: t.expose('suggestedStarts', {
      type: ['DateTime'],
      description:
        'If the time is taken over there: others near it that were open here, best first. Nothing is moved by itself.',
    }),
  }),
})

Appointment.implement({
  description: 'Claims kept for a customer. It keeps its id and its history when it moves.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.id({
      description: 'Opaque. It stays the same when the appointment moves.',
      resolve: ({ id }) => encodeId('appointment', id),
    }),
    status: t.expose('status', { type: AppointmentStatus, description: 'Where it stands.' }),
    version: t.exposeInt('version', {
      description: 'Grows by one with every change; hand it back as expectedVersion.',
    }),
    service: t.field({
      type: Service,
      description: 'What was booked.',
      resolve: ({ serviceId }) => ({ id: serviceId }),
    }),
    customer: t.field({
      type: Customer,
      description:
        'For whom. To publishable keys and manage tokens only what was given with the booking, never what is stored about the person.',
      resolve: async (appointment, _args, ctx) => {
        if (!seesEveryone(ctx)) return { guestOf: appointment }
        const customer = await ctx.moment().customers.load(appointment.customerId)
        if (!customer) throw new Error('The customer of an appointment is missing.')
        return customer
      },
    }),
    startsAt: t.expose('startsAt', { type: 'DateTime', description: 'The start of its first segment.' }),
    endsAt: t.expose('endsAt', { type: 'DateTime', description: 'The end of its last segment.' }),
    segments: t.expose('segments', {
      type: [ClaimedSegment],
      description: 'Who and what serves it, and when. It keeps the segments it was booked with.',
    }),
    notes: t.exposeString('notes', { nullable: true, description: 'What was noted with the booking.' }),
    origin: t.expose('origin', { type: Origin, description: 'Through which door it was booked.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was booked.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it last changed.' }),
    history: t.field({
      type: [AppointmentEvent],
      description: 'Every change, oldest first: who, when, what, under which policy version.',
      resolve: async ({ id }, _args, ctx) => (await ctx.moment().histories.load(id)) ?? [],
    }),
    externalBookings: t.field({
      type: [ExternalBooking],
      description: 'Its twins in outside calendars. Empty to manage tokens.',
      resolve: async ({ id }, _args, ctx) =>
        seesEveryone(ctx) ? ((await ctx.moment().externalBookings.load(id)) ?? []) : [],
    }),
  }),
})

findNodesBy('appointment', 'Appointment', findAppointment)

/** Null for what is not there, or not for this caller. */
export async function findAppointment(ctx: Context, id: string): Promise<AppointmentRecord | null> {
  return seesAppointment(ctx, id) ? ctx.moment().appointments.load(id) : null
}

builder.queryField('appointment', (t) =>
  t.field({
    type: Appointment,
    nullable: true,
    description: 'One appointment. Null: there is none with this id, or not for this key.',
    authScopes: { signedIn: true },
    args: { id: t.arg.id({ required: true, description: 'The id of an appointment.' }) },
    resolve: (_root, { id }, ctx) => {
      const uuid = decodeId('appointment', id)
      return uuid === null ? null : findAppointment(ctx, uuid)
    },
  }),
)

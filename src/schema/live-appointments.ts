// Appointments, watched.
import { NotFoundError } from '../domain/vocabulary/refusals.ts'
import { AppointmentFilter, readFilter } from './appointment-pages.ts'
import { findAppointment } from './appointments.ts'
import { builder } from './machinery/builder.ts'
import { callerOf } from './machinery/context.ts'
import { requireId } from './machinery/inputs.ts'
import { Appointment } from './refs.ts'

builder.subscriptionFields((t) => ({
  appointment: t.field({
    type: Appointment,
    description:
      'Every change of one appointment, beginning with its present state. An unknown one, or one of somebody else: a top-level error BAD_USER_INPUT.',
    authScopes: { signedIn: true },
    extensions: { sharedBy: 'RIGHTS' },
    args: { id: t.arg.id({ required: true, description: 'The id of an appointment.' }) },
    subscribe: async (_root, { id }, ctx) => {
      const appointmentId = requireId('appointment', id)
      if (!(await findAppointment(ctx, appointmentId))) throw new NotFoundError('appointment')
      // The source reads on a connection of its own: it must not wait for the one that is held here.
      await ctx.endMoment()
      return ctx.live.appointment({ organizationId: callerOf(ctx).organizationId, appointmentId })
    },
    resolve: (appointment) => appointment,
  }),
  appointments: t.field({
    type: Appointment,
    description:
      'Every change of the appointments that match, since `after` (an AppointmentConnection.asOf) or from now on; also the one by which an appointment stops to match. For dashboards and boards. Secret keys only.',
    authScopes: { secret: true },
    extensions: { sharedBy: 'RIGHTS' },
    args: {
      filter: t.arg({ type: AppointmentFilter, description: 'Omitted: all of them.' }),
      after: t.arg.string({ description: 'An AppointmentConnection.asOf: the changes since then come first.' }),
    },
    subscribe: (_root, { filter, after }, ctx) => {
      const { organizationId } = callerOf(ctx)
      return ctx.live.appointments({
        organizationId,
        filter: readFilter(filter),
        after: ctx.lastEventId ?? after ?? null,
      })
    },
    resolve: (appointment) => appointment,
  }),
}))

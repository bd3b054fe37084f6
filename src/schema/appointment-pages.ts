// Lists of appointments: filtered, paged, and with the moment that a live list goes on from.
import {
  type AppointmentPage,
  type AppointmentFilter as Filter,
  listAppointments,
} from '../domain/bookings/appointment-lists.ts'
import type { AppointmentRecord } from '../domain/bookings/appointments.ts'
import { readAppointmentsCursor } from './appointment-cursors.ts'
import { AppointmentStatus } from './enums.ts'
import { seesEveryone } from './machinery/access.ts'
import { builder } from './machinery/builder.ts'
import {
  type Connection,
  connectionType,
  PAGE_COSTS,
  PAGE_DESCRIPTIONS,
  type PageArguments,
  type PageRequest,
  readPageArguments,
  toConnection,
} from './machinery/connections.ts'
import type { Context } from './machinery/context.ts'
import { decodeId, encodeId } from './machinery/ids.ts'
import { idOrNobody } from './machinery/inputs.ts'
import { Appointment } from './refs.ts'

export const AppointmentConnection = connectionType<AppointmentRecord>('Appointment', Appointment, {
  connection:
    'One page of appointments, by start. asOf: the moment of this answer. Hand it to the subscription to miss nothing in between.',
})

builder.objectField(AppointmentConnection, 'asOf', (t) =>
  t.string({
    description: 'The moment of this answer. Hand it to the subscription to miss nothing in between.',
    resolve: (_page, _args, ctx) => readAppointmentsCursor(ctx),
  }),
)

export const AppointmentFilter = builder.inputType('AppointmentFilter', {
  description: 'Every condition that is given must hold.',
  fields: (t) => ({
    from: t.field({ type: 'DateTime', description: 'Starts at or after this instant.' }),
    to: t.field({ type: 'DateTime', description: 'Starts before this instant.' }),
    status: t.field({ type: [AppointmentStatus], description: 'Has one of these. Omitted: any.' }),
    resourceId: t.id({ description: 'Is served by this resource, in any of its segments.' }),
    serviceId: t.id({ description: 'Is for this service.' }),
    customerId: t.id({ description: 'Is for this customer.' }),
  }),
})

/** One page of the appointments of a customer; all customers of an answer share a statement. */
export async function pageAppointmentsOf(
  ctx: Context,
  customerId: string,
  args: PageArguments,
): Promise<Connection<AppointmentRecord>> {
  const range = readPageArguments(args, readPosition)
  return toPageOfAppointments((await ctx.moment().appointmentPages(range).load(customerId)) ?? NOTHING, range)
}

async function pageAppointments(ctx: Context, filter: Filter, args: PageArguments) {
  const range = readPageArguments(args, readPosition)
  const page = seesEveryone(ctx) ? await ctx.read((tx) => listAppointments(tx, { filter, ...range })) : NOTHING
  return toPageOfAppointments(page, range)
}

const NOTHING: AppointmentPage = { rows: [], hasNextPage: false, hasPreviousPage: false }

function toPageOfAppointments(page: AppointmentPage, range: PageRequest<unknown>) {
  return toConnection(page, range, ({ startsAt, id }) => [startsAt, id])
}

function readPosition(carried: unknown) {
  const [startsAt, id] = Array.isArray(carried) ? carried : []
  if (!Number.isSafeInteger(startsAt) || typeof id !== 'string') return null
  return decodeId('appointment', encodeId('appointment', id)) === null ? null : { startsAt, id }
}

// An id that names nothing matches nothing.
export function readFilter(filter: typeof AppointmentFilter.$inferInput | null | undefined): Filter {
  const { resourceId, serviceId, customerId, ...rest } = filter ?? {}
  return {
    ...rest,
    resourceId: resourceId == null ? null : idOrNobody('resource', resourceId),
    serviceId: serviceId == null ? null : idOrNobody('service', serviceId),
    customerId: customerId == null ? null : idOrNobody('customer', customerId),
  }
}

builder.queryField('appointments', (t) =>
  t.field({
    type: AppointmentConnection,
    description: 'The appointments that match, by start. Empty to publishable keys and manage tokens.',
    authScopes: { signedIn: true },
    ...PAGE_COSTS,
    args: {
      filter: t.arg({ type: AppointmentFilter, description: 'Omitted: all of them.' }),
      first: t.arg.int({ description: PAGE_DESCRIPTIONS.first }),
      after: t.arg.string({ description: PAGE_DESCRIPTIONS.after }),
      last: t.arg.int({ description: PAGE_DESCRIPTIONS.last }),
      before: t.arg.string({ description: PAGE_DESCRIPTIONS.before }),
    },
    resolve: (_root, { filter, ...page }, ctx) => pageAppointments(ctx, readFilter(filter), page),
  }),
)

// Calendar feeds: addresses that calendar programs subscribe to.
import {
  type CalendarFeedRecord,
  createCalendarFeed,
  listCalendarFeeds,
  loadCalendarFeed,
  revokeCalendarFeed,
} from '../domain/outside/calendars/calendar-feeds.ts'
import { BusyError, InvalidInputError, NotFoundError } from '../domain/vocabulary/refusals.ts'
import { builder } from './machinery/builder.ts'
import { callerOf } from './machinery/context.ts'
import { costs } from './machinery/costs.ts'
import { encodeId } from './machinery/ids.ts'
import { optionalId, requireId } from './machinery/inputs.ts'
import { findNodesBy, Node } from './machinery/nodes.ts'
import { write } from './machinery/writes.ts'
import { Appointment, Resource } from './refs.ts'

const CalendarFeed = builder.objectRef<CalendarFeedRecord>('CalendarFeed').implement({
  description: 'An address under which a calendar program sees the time of a resource, or one appointment.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.id({
      description: 'Opaque. It opens nothing: the address does.',
      resolve: ({ id }) => encodeId('calendar_feed', id),
    }),
    resource: t.field({
      type: Resource,
      nullable: true,
      description: 'Whose time it shows. Null: it shows one appointment.',
      resolve: ({ resourceId }) => (resourceId === null ? null : { id: resourceId }),
    }),
    appointment: t.field({
      type: Appointment,
      nullable: true,
      description: 'The appointment that it shows. Null: it shows the time of a resource.',
      resolve: ({ appointmentId }, _args, ctx) =>
        appointmentId === null ? null : ctx.moment().appointments.load(appointmentId),
    }),
    showsCustomers: t.exposeBoolean('showsCustomers', { description: 'Whether it names the customers.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    revokedAt: t.expose('revokedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Since when there is nothing at its address. Null: it is in force.',
    }),
  }),
})

const CalendarFeedAddress = builder
  .objectRef<{ feed: CalendarFeedRecord; token: string }>('CalendarFeedAddress')
  .implement({
    description: 'A feed and its address. The address is answered this once; whoever knows it can read the feed.',
    fields: (t) => ({
      feed: t.field({ type: CalendarFeed, description: 'The feed.', resolve: ({ feed }) => feed }),
      token: t.exposeString('token', { description: 'What makes the address unguessable.' }),
      path: t.string({
        description: "The address, to be put behind this gateway's own.",
        resolve: ({ token }) => `/calendars/${token}.ics`,
      }),
    }),
  })

findNodesBy('calendar_feed', 'CalendarFeed', (ctx, feedId) => {
  const caller = callerOf(ctx)
  return ctx.read((tx) => loadCalendarFeed(tx, { caller, feedId }))
})

builder.queryField('calendarFeeds', (t) =>
  t.field({
    type: [CalendarFeed],
    description: 'The feeds in force, oldest first; to a manage token those of its appointment. No publishable keys.',
    authScopes: { ownAppointment: true },
    ...costs({ field: 10, rows: 20 }),
    resolve: (_root, _args, ctx) => ctx.read((tx) => listCalendarFeeds(tx, { caller: callerOf(ctx) })),
  }),
)

const CreateCalendarFeedInput = builder.inputType('CreateCalendarFeedInput', {
  description: 'What to show: a resource or an appointment.',
  fields: (t) => ({
    resourceId: t.id({
      description: 'Whose time: each part of an appointment that it serves, from 90 days back to 400 ahead.',
    }),
    appointmentId: t.id({ description: 'Which appointment. A manage token: its own.' }),
    showsCustomers: t.boolean({
      defaultValue: false,
      description: 'Whether the feed of a resource names the customers. Whoever knows its address can read them.',
    }),
  }),
})

builder.mutationFields((t) => ({
  createCalendarFeed: t.field({
    type: CalendarFeedAddress,
    description:
      'Makes an address to subscribe to. What is cancelled stays in it as cancelled. Secret keys, and a manage token for its own appointment.',
    authScopes: { ownAppointment: true },
    errors: {
      types: [InvalidInputError, NotFoundError, BusyError],
      union: { name: 'CreateCalendarFeedResult', description: 'The feed with its address, or why there is none.' },
    },
    args: { input: t.arg({ type: CreateCalendarFeedInput, required: true, description: 'What to show.' }) },
    resolve: (_root, { input }, ctx) => {
      const feed = {
        caller: callerOf(ctx),
        resourceId: optionalId('resource', input.resourceId),
        appointmentId: optionalId('appointment', input.appointmentId),
        showsCustomers: input.showsCustomers ?? false,
      }
      return write(ctx, (tx) => createCalendarFeed(tx, feed))
    },
  }),
  revokeCalendarFeed: t.field({
    type: CalendarFeed,
    description:
      'From now on there is nothing at the address of a feed. Secret keys, and a manage token for its own appointment.',
    authScopes: { ownAppointment: true },
    errors: {
      types: [NotFoundError, BusyError],
      union: { name: 'RevokeCalendarFeedResult', description: 'The feed that was, or why nothing changed.' },
    },
    args: { feedId: t.arg.id({ required: true, description: 'The feed to revoke.' }) },
    resolve: (_root, args, ctx) => {
      const feedId = requireId('calendar_feed', args.feedId)
      return write(ctx, (tx) => revokeCalendarFeed(tx, { caller: callerOf(ctx), feedId }))
    },
  }),
}))

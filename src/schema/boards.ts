// Boards: the open slots of many services of one location, live, in one subscription.
import { checkRange } from '../domain/availability/availability.ts'
import { listServices } from '../domain/catalogue/services.ts'
import { type InputIssue, InvalidInputError, NotFoundError } from '../domain/vocabulary/refusals.ts'
import type { BoardChange as BoardChangeMessage, BoardUpdate as BoardUpdateMessage } from '../realtime/boards.ts'
import { AvailabilityUpdateKind } from './enums.ts'
import { builder } from './machinery/builder.ts'
import { type Context, callerOf } from './machinery/context.ts'
import { encodeId } from './machinery/ids.ts'
import { requireId, requireIds } from './machinery/inputs.ts'
import { Slot } from './refs.ts'

const SERVICES_LIMIT = 50
/** Services times days: what a snapshot can hold. */
const SERVICE_DAYS_LIMIT = 700
const DAY_MS = 86_400_000

const BoardChange = builder.objectRef<BoardChangeMessage>('BoardChange').implement({
  description: 'What happened to one service of a board.',
  fields: (t) => ({
    serviceId: t.id({
      description: 'Whose slots these are.',
      resolve: ({ serviceId }) => encodeId('service', serviceId),
    }),
    kind: t.expose('kind', {
      type: AvailabilityUpdateKind,
      description: 'Whether it replaces what is known of this service, or changes it.',
    }),
    opened: t.expose('opened', {
      type: [Slot],
      description: 'Slots that are open now, by start: all of the service in a SNAPSHOT.',
    }),
    closed: t.expose('closed', {
      type: [Slot],
      description: 'Slots that are gone, as they were, by start. Empty in a SNAPSHOT.',
    }),
  }),
})

const BoardUpdate = builder.objectRef<BoardUpdateMessage>('BoardUpdate').implement({
  description:
    'One message of a board. The first one has a SNAPSHOT of every service, unless `after` names a version from which the server can go on. Each change is what `AvailabilityUpdate` would be for that service alone; apply them in order.',
  fields: (t) => ({
    changes: t.expose('changes', {
      type: [BoardChange],
      description: 'In order. Only services that changed; one of them may come more than once.',
    }),
    cursor: t.exposeString('cursor', {
      description:
        'The version of the whole board that this message leads to. Hand the last one back as `after` when you reconnect.',
    }),
  }),
})

const BoardInput = builder.inputType('BoardInput', {
  description: 'Services and people of one location, and a range of starts.',
  fields: (t) => ({
    locationId: t.id({ required: true, description: 'The location.' }),
    serviceIds: t.idList({
      description: `Services of this location, at most ${SERVICES_LIMIT}. Omitted: all that can be booked when the subscription begins.`,
    }),
    resourceIds: t.idList({
      description: 'Only slots served by these resources. Omitted: anyone who offers a service.',
    }),
    from: t.field({ type: 'DateTime', required: true, description: 'The first start that counts, inclusive.' }),
    to: t.field({
      type: 'DateTime',
      required: true,
      description: `Exclusive. At most 62 days after from, and services times days at most ${SERVICE_DAYS_LIMIT}.`,
    }),
  }),
})

builder.subscriptionField('boardAvailability', (t) =>
  t.field({
    type: BoardUpdate,
    description: `The open slots of many services of one location, live, under one cursor: for boards and calendars that show a whole day of a salon. Top-level errors BAD_USER_INPUT: an unknown location, service or resource, \`to\` not after \`from\`, more than 62 days, more than ${SERVICES_LIMIT} services, or more than ${SERVICE_DAYS_LIMIT} services times days.`,
    authScopes: { signedIn: true },
    args: {
      input: t.arg({ type: BoardInput, required: true, description: 'What the board shows.' }),
      after: t.arg.string({
        description:
          'A cursor of the same services and resources: the changes since then come first. One that is too old, or of another board, leads to a SNAPSHOT of every service.',
      }),
    },
    subscribe: async (_root, { input, after }, ctx) => {
      checkRange(input)
      const serviceIds = await servicesOf(ctx, input)
      checkSize(serviceIds.length, input)
      // The views read on connections of their own: they must not wait for the one that is held here.
      await ctx.endMoment()
      return ctx.live.board({
        organizationId: callerOf(ctx).organizationId,
        serviceIds,
        resourceIds: requireIds('resource', input.resourceIds),
        from: input.from,
        to: input.to,
        after: ctx.lastEventId ?? after ?? null,
      })
    },
    resolve: (update) => update,
  }),
)

async function servicesOf(ctx: Context, input: typeof BoardInput.$inferInput): Promise<string[]> {
  const locationId = requireId('location', input.locationId)
  const named = requireIds('service', input.serviceIds)
  const services = await ctx.read((tx) => listServices(tx, { locationId }))
  if (!named) return services.filter(({ active }) => active).map(({ id }) => id)
  const known = new Set(services.map(({ id }) => id))
  if (named.some((id) => !known.has(id))) throw new NotFoundError('service')
  return [...new Set(named)]
}

function checkSize(services: number, { from, to }: { from: number; to: number }): void {
  const issues: InputIssue[] = []
  const days = Math.ceil((to - from) / DAY_MS)
  if (services === 0) issues.push({ path: ['serviceIds'], message: 'There is no service to show.' })
  if (services > SERVICES_LIMIT) {
    issues.push({
      path: ['serviceIds'],
      message: `${services} services; at most ${SERVICES_LIMIT}. Open several boards.`,
    })
  } else if (services * days > SERVICE_DAYS_LIMIT) {
    const message = `${services} services times ${days} days; at most ${SERVICE_DAYS_LIMIT}. Ask for fewer days.`
    issues.push({ path: ['to'], message })
  }
  if (issues.length > 0) throw new InvalidInputError(issues)
}

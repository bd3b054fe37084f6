// Availability: the query, the alternatives, and the live subscription.
import { findAlternatives } from '../domain/availability/alternatives.ts'
import { type AvailabilityAnswer, checkRange, findAvailability } from '../domain/availability/availability.ts'
import { seesCustomers } from '../domain/people/callers.ts'
import { NotFoundError } from '../domain/vocabulary/refusals.ts'
import type { AvailabilityUpdate as AvailabilityUpdateMessage } from '../realtime/availability-views.ts'
import { type AvailabilityQuestion, availabilityScope } from '../realtime/cursors.ts'
import { parseSnapshot } from '../realtime/snapshots.ts'
import { AvailabilityUpdateKind } from './enums.ts'
import { builder } from './machinery/builder.ts'
import { type Context, callerOf } from './machinery/context.ts'
import { costs } from './machinery/costs.ts'
import { optionalId, requireId, requireIds } from './machinery/inputs.ts'
import { parseInstant } from './machinery/instants.ts'
import { selectsRecordsOf } from './machinery/selections.ts'
import { Slot } from './refs.ts'

const Availability = builder.objectRef<AvailabilityAnswer & { cursor: string }>('Availability').implement({
  description: 'The open slots of a service in a range, at one instant.',
  fields: (t) => ({
    slots: t.expose('slots', { type: [Slot], description: 'By start.', ...costs({ field: 1, rows: 1000 }) }),
    cursor: t.exposeString('cursor', {
      description:
        'Opaque version of exactly this answer. Hand it to the subscription to miss nothing in between; it is good for the same service and resources, and for any range within this one.',
    }),
  }),
})

const AvailabilityUpdate = builder.objectRef<AvailabilityUpdateMessage>('AvailabilityUpdate').implement({
  description:
    'One message of the live subscription. The first one is a SNAPSHOT of all open slots unless `after` names a version from which the server can go on; a later SNAPSHOT replaces all that the client knows. A CHANGE carries only what opened and closed; an opened slot whose startsAt is known already replaces it (its candidates changed). Applying every message in order always gives what the query would answer. What comes first after `after` is a CHANGE that names every slot touched since, open or closed as it is now: it is right for whoever knows that version or any later one, so a client library may retry with the `after` that it began with. Never a gap, never a duplicate, never out of order.',
  fields: (t) => ({
    kind: t.expose('kind', {
      type: AvailabilityUpdateKind,
      description: 'Whether it replaces what is known, or changes it.',
    }),
    opened: t.expose('opened', {
      type: [Slot],
      description: 'Slots that are open now, by start: all of them in a SNAPSHOT.',
    }),
    closed: t.expose('closed', {
      type: [Slot],
      description: 'Slots that are gone, as they were, by start. Empty in a SNAPSHOT.',
    }),
    cursor: t.exposeString('cursor', {
      description: 'The version that this message leads to. Hand the last one back as `after` when you reconnect.',
    }),
  }),
})

const AvailabilityInput = builder.inputType('AvailabilityInput', {
  description: 'A service and a range of starts.',
  fields: (t) => ({
    serviceId: t.id({ required: true, description: 'The service.' }),
    from: t.field({ type: 'DateTime', required: true, description: 'The first start that counts, inclusive.' }),
    to: t.field({ type: 'DateTime', required: true, description: 'Exclusive. At most 62 days after from.' }),
    resourceIds: t.idList({
      description:
        'Only slots served by these resources. Omitted: anyone who offers the service. Groups without any of them stay as they are.',
    }),
  }),
})

const AlternativesInput = builder.inputType('AlternativesInput', {
  description: 'A wish, and how far to look for something near it.',
  fields: (t) => ({
    serviceId: t.id({ required: true, description: 'The service.' }),
    near: t.field({ type: 'DateTime', required: true, description: 'The start that was wished for.' }),
    withinMinutes: t.int({
      description: 'How far from the wish to look, both ways. Default 7 days. 1 to 44640 (31 days).',
    }),
    resourceIds: t.idList({ description: 'Only slots served by these resources.' }),
    customerId: t.id({
      description:
        "Leaves out what clashes with this customer's own appointments. Secret keys only; to others it names nobody.",
    }),
    first: t.int({ defaultValue: 3, description: 'How many at most: 1 to 50.' }),
  }),
})

const FAULTS =
  'Top-level errors BAD_USER_INPUT: an unknown service or resource, `to` not after `from`, more than 62 days.'

builder.queryFields((t) => ({
  availability: t.field({
    type: Availability,
    description: `The open slots of a service. ${FAULTS}`,
    authScopes: { signedIn: true },
    ...costs({ field: 2000 }),
    args: { input: t.arg({ type: AvailabilityInput, required: true, description: 'The service and the range.' }) },
    resolve: async (_root, { input }, ctx, info) => {
      const question = readQuestion(ctx, input)
      const answer = await ctx.read((tx) => findAvailability(tx, question))
      if (selectsRecordsOf(info, 'candidates')) await ctx.moment().resources.preload(candidatesOf(answer))
      return { ...answer, cursor: cursorOf(ctx, answer, question) }
    },
  }),
  alternatives: t.field({
    type: [Slot],
    description:
      "Open slots nearest to a wish, best first; leaves out what clashes with the customer's own appointments. The wish itself is the first if it is open. An unknown service, resource or customer: a top-level error BAD_USER_INPUT.",
    authScopes: { signedIn: true },
    ...costs({ field: 2000, rows: 3, rowsFrom: [['input', 'first']] }),
    args: { input: t.arg({ type: AlternativesInput, required: true, description: 'The wish.' }) },
    resolve: (_root, { input }, ctx) => {
      // Whether somebody is a customer, and when they are busy, is told to nobody else.
      if (input.customerId != null && !seesCustomers(callerOf(ctx))) throw new NotFoundError('customer')
      const wish = {
        serviceId: requireId('service', input.serviceId),
        near: input.near,
        withinMinutes: input.withinMinutes ?? null,
        resourceIds: requireIds('resource', input.resourceIds),
        customerId: optionalId('customer', input.customerId),
        first: input.first ?? 3,
      }
      return ctx.read((tx) => findAlternatives(tx, wish))
    },
  }),
}))

builder.subscriptionField('availability', (t) =>
  t.field({
    type: AvailabilityUpdate,
    description: `The open slots of a service, live: a snapshot, then every change, gap-free and in order; hold expiry and changed hours included. ${FAULTS}`,
    authScopes: { signedIn: true },
    extensions: { sharedBy: 'RIGHTS', part: { from: 'input.from', to: 'input.to', read: readPart } },
    args: {
      input: t.arg({ type: AvailabilityInput, required: true, description: 'The service and the range.' }),
      after: t.arg.string({
        description:
          'A cursor of the same service and resources, given for this range or a wider one: the changes since then come first. One that is too old, or of another question, leads to a SNAPSHOT.',
      }),
    },
    subscribe: (_root, { input, after }, ctx) => {
      const question = readQuestion(ctx, input)
      checkRange(question)
      return ctx.live.availability({ ...question, after: ctx.lastEventId ?? after ?? null })
    },
    resolve: (update) => update,
  }),
)

function cursorOf({ live }: Context, { position }: AvailabilityAnswer, question: AvailabilityQuestion): string {
  const snapshot = parseSnapshot(position.snapshot)
  if (!snapshot) throw new Error('PostgreSQL named a snapshot in an unknown form.')
  return live.writeCursor({
    epoch: position.epoch,
    snapshot,
    ahead: [],
    at: position.now,
    scope: availabilityScope(question),
  })
}

/** As the scalar and the question itself would. */
function readPart(from: unknown, to: unknown): { from: number; to: number } {
  const part = { from: parseInstant(from), to: parseInstant(to) }
  checkRange(part)
  return part
}

function readQuestion(ctx: Context, input: typeof AvailabilityInput.$inferInput) {
  return {
    organizationId: callerOf(ctx).organizationId,
    serviceId: requireId('service', input.serviceId),
    from: input.from,
    to: input.to,
    resourceIds: requireIds('resource', input.resourceIds),
  }
}

function candidatesOf({ slots }: AvailabilityAnswer): Set<string> {
  return new Set(slots.flatMap((slot) => slot.segments.flatMap((segment) => segment.candidateIds)))
}

// Outgoing webhooks: who is told of changes, and what became of each message.

import {
  listWebhookDeliveries,
  loadWebhookDeliveries,
  redeliverWebhook,
  type WebhookDeliveryRecord,
} from '../domain/outside/webhooks/webhook-deliveries.ts'
import {
  createWebhookEndpoint,
  deleteWebhookEndpoint,
  listWebhookEndpoints,
  loadWebhookEndpoints,
  rotateWebhookSecret,
  updateWebhookEndpoint,
  type WebhookEndpointRecord,
} from '../domain/outside/webhooks/webhook-endpoints.ts'
import { BusyError, InvalidInputError, NotFoundError, VersionConflictError } from '../domain/vocabulary/refusals.ts'
import { seesEveryone } from './machinery/access.ts'
import { builder } from './machinery/builder.ts'
import {
  connectionType,
  PAGE_COSTS,
  PAGE_DESCRIPTIONS,
  type PageArguments,
  readPageArguments,
  toConnection,
} from './machinery/connections.ts'
import type { Context } from './machinery/context.ts'
import { costs } from './machinery/costs.ts'
import { decodeId, encodeId } from './machinery/ids.ts'
import { idOrNobody, requireId } from './machinery/inputs.ts'
import { findNodesBy, Node } from './machinery/nodes.ts'
import { write } from './machinery/writes.ts'
import { Appointment } from './refs.ts'

const WebhookEventType = builder.enumType('WebhookEventType', {
  description: 'What a webhook tells of.',
  values: {
    APPOINTMENT_BOOKED: { value: 'BOOKED', description: '`appointment.booked`: it was made.' },
    APPOINTMENT_RESCHEDULED: {
      value: 'RESCHEDULED',
      description: '`appointment.rescheduled`: it moved to another time or to other resources.',
    },
    APPOINTMENT_CANCELLED: { value: 'CANCELLED', description: '`appointment.cancelled`: it was called off.' },
    APPOINTMENT_COMPLETED: { value: 'COMPLETED', description: '`appointment.completed`: it took place.' },
    APPOINTMENT_NO_SHOW: { value: 'NO_SHOW', description: '`appointment.no_show`: the customer did not come.' },
  } as const,
})

const WebhookDeliveryStatus = builder.enumType('WebhookDeliveryStatus', {
  description: 'Where a delivery stands.',
  values: {
    PENDING: { description: 'It is still to be sent; `nextAttemptAt` says when.' },
    DELIVERED: { description: 'The receiver took it: it answered 2xx.' },
    FAILED: { description: 'It was given up. redeliverWebhook sends it again.' },
  },
})

const WebhookDisabledReason = builder.enumType('WebhookDisabledReason', {
  description: 'Why an endpoint is not told any more.',
  values: {
    BY_HAND: { description: 'It was switched off.' },
    GONE: { description: 'It answered 410: gone for good.' },
    FAILING: { description: 'Nothing but failures came from it for five days.' },
  },
})

const DeliveryRef = builder.objectRef<WebhookDeliveryRecord>('WebhookDelivery')
const DeliveryConnection = connectionType<WebhookDeliveryRecord>('WebhookDelivery', DeliveryRef, {
  connection: 'One page of deliveries, newest first.',
})

const DELIVERY_ARGUMENTS = {
  status: 'Has one of these. Omitted: any.',
  appointmentId: 'Tells of this appointment.',
}

const WebhookEndpoint = builder.objectRef<WebhookEndpointRecord>('WebhookEndpoint').implement({
  description:
    'An address that is told of changes, signed by Standard Webhooks 1.0.0. Its secret cannot be read again.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.id({ description: 'Opaque.', resolve: ({ id }) => encodeId('webhook_endpoint', id) }),
    url: t.exposeString('url', { description: 'Where it is told.' }),
    description: t.exposeString('description', { nullable: true, description: 'What it is for, in your words.' }),
    eventTypes: t.field({
      type: [WebhookEventType],
      description: 'What it is told of.',
      resolve: ({ kinds }) => kinds,
    }),
    enabled: t.boolean({
      description: 'False: nothing is sent to it, and what happens meanwhile is not kept for it.',
      resolve: ({ disabledReason }) => disabledReason === null,
    }),
    disabledReason: t.expose('disabledReason', {
      type: WebhookDisabledReason,
      nullable: true,
      description: 'Why it is not told any more. Null: it is.',
    }),
    disabledAt: t.expose('disabledAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Since when it is not told any more. Null: it is.',
    }),
    failingSince: t.expose('failingSince', {
      type: 'DateTime',
      nullable: true,
      description: 'Since when nothing but failures came from it. Null: the last attempt succeeded, or there was none.',
    }),
    pausedUntil: t.expose('pausedUntil', {
      type: 'DateTime',
      nullable: true,
      description: 'It asked to slow down: nothing is sent before. Null: it never did.',
    }),
    previousSecretExpiresAt: t.expose('previousSecretExpiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Until then messages carry a signature by the secret before the present one too.',
    }),
    version: t.exposeInt('version', {
      description: 'Grows by one with every change; hand it back as expectedVersion.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was changed last.' }),
    deliveries: t.field({
      type: DeliveryConnection,
      description: 'What it was told and what is still to be sent, newest first. Kept for 30 days.',
      ...PAGE_COSTS,
      args: {
        status: t.arg({ type: [WebhookDeliveryStatus], description: DELIVERY_ARGUMENTS.status }),
        first: t.arg.int({ description: PAGE_DESCRIPTIONS.first }),
        after: t.arg.string({ description: PAGE_DESCRIPTIONS.after }),
        last: t.arg.int({ description: PAGE_DESCRIPTIONS.last }),
        before: t.arg.string({ description: PAGE_DESCRIPTIONS.before }),
      },
      resolve: ({ id }, { status, ...page }, ctx) => pageDeliveries(ctx, { endpointId: id, statuses: status }, page),
    }),
  }),
})

DeliveryRef.implement({
  description: 'One event of one appointment, told to one endpoint: at most one delivery, however often it is sent.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.id({ description: 'Opaque.', resolve: ({ id }) => encodeId('webhook_delivery', id) }),
    messageId: t.string({
      description: 'The `webhook-id` of every attempt: by it a receiver knows what it has already.',
      resolve: ({ id }) => `msg_${id}`,
    }),
    endpoint: t.field({
      type: WebhookEndpoint,
      description: 'Who is told.',
      resolve: async ({ endpointId }, _args, ctx) => {
        const endpoint = (await ctx.read((tx) => loadWebhookEndpoints(tx, [endpointId]))).get(endpointId)
        // It goes with its endpoint, and both are read in one moment.
        if (!endpoint) throw new Error('A delivery has lost its endpoint.')
        return endpoint
      },
    }),
    eventType: t.expose('kind', { type: WebhookEventType, description: 'What happened.' }),
    appointment: t.field({
      type: Appointment,
      nullable: true,
      description: 'The appointment as it is now; the message tells of it as it was right after the event.',
      resolve: ({ appointmentId }, _args, ctx) => ctx.moment().appointments.load(appointmentId),
    }),
    appointmentVersion: t.exposeInt('version', { description: 'The version that the event led to.' }),
    occurredAt: t.expose('occurredAt', { type: 'DateTime', description: 'When it happened.' }),
    status: t.expose('status', { type: WebhookDeliveryStatus, description: 'Where it stands.' }),
    attempts: t.exposeInt('attempts', {
      description: 'How often it was sent since it was last asked for; at most 10.',
    }),
    nextAttemptAt: t.expose('nextAttemptAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it is sent next. Null: no more.',
    }),
    lastAttemptAt: t.expose('lastAttemptAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was sent last. Null: never yet.',
    }),
    responseStatus: t.exposeInt('responseStatus', {
      nullable: true,
      description: 'What the receiver answered last. Null: no answer came.',
    }),
    error: t.exposeString('error', { nullable: true, description: 'Why the last attempt failed. Null: it did not.' }),
    deliveredAt: t.expose('deliveredAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When the receiver took it. Null: not yet.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it came to be owed.' }),
  }),
})

findNodesBy('webhook_endpoint', 'WebhookEndpoint', (ctx, id) =>
  seesEveryone(ctx) ? ctx.read(async (tx) => (await loadWebhookEndpoints(tx, [id])).get(id) ?? null) : null,
)
findNodesBy('webhook_delivery', 'WebhookDelivery', (ctx, id) =>
  seesEveryone(ctx) ? ctx.read(async (tx) => (await loadWebhookDeliveries(tx, [id])).get(id) ?? null) : null,
)

type DeliveryFilter = Pick<Parameters<typeof listWebhookDeliveries>[1], 'endpointId' | 'appointmentId' | 'statuses'>

async function pageDeliveries(ctx: Context, filter: DeliveryFilter, args: PageArguments) {
  const page = readPageArguments(args, readPosition)
  const found = await ctx.read((tx) => listWebhookDeliveries(tx, { ...filter, ...page }))
  return toConnection(found, page, ({ id }) => id)
}

function readPosition(carried: unknown): string | null {
  if (typeof carried !== 'string') return null
  return decodeId('webhook_delivery', encodeId('webhook_delivery', carried))
}

builder.queryFields((t) => ({
  webhookEndpoints: t.field({
    type: [WebhookEndpoint],
    description: 'Who is told of changes, oldest first. Secret keys only.',
    authScopes: { secret: true },
    ...costs({ field: 10, rows: 20 }),
    resolve: (_root, _args, ctx) => ctx.read(listWebhookEndpoints),
  }),
  webhookDeliveries: t.field({
    type: DeliveryConnection,
    description: 'What was told and what is still to be sent, newest first. Kept for 30 days. Secret keys only.',
    authScopes: { secret: true },
    ...PAGE_COSTS,
    args: {
      endpointId: t.arg.id({ description: 'Was told to this endpoint.' }),
      appointmentId: t.arg.id({ description: DELIVERY_ARGUMENTS.appointmentId }),
      status: t.arg({ type: [WebhookDeliveryStatus], description: DELIVERY_ARGUMENTS.status }),
      first: t.arg.int({ description: PAGE_DESCRIPTIONS.first }),
      after: t.arg.string({ description: PAGE_DESCRIPTIONS.after }),
      last: t.arg.int({ description: PAGE_DESCRIPTIONS.last }),
      before: t.arg.string({ description: PAGE_DESCRIPTIONS.before }),
    },
    // An id that names nothing matches nothing.
    resolve: (_root, { endpointId, appointmentId, status, ...page }, ctx) =>
      pageDeliveries(
        ctx,
        {
          endpointId: endpointId == null ? null : idOrNobody('webhook_endpoint', endpointId),
          appointmentId: appointmentId == null ? null : idOrNobody('appointment', appointmentId),
          statuses: status,
        },
        page,
      ),
  }),
}))

const WebhookSecret = builder
  .objectRef<{ endpoint: WebhookEndpointRecord; secret: string }>('WebhookSecret')
  .implement({
    description: 'An endpoint, and the secret that signs what it is told. The secret is answered this once.',
    fields: (t) => ({
      endpoint: t.field({ type: WebhookEndpoint, description: 'The endpoint.', resolve: ({ endpoint }) => endpoint }),
      secret: t.exposeString('secret', {
        description: '`whsec_` and base64, as the libraries of Standard Webhooks take it.',
      }),
    }),
  })

const URL_DESCRIPTION =
  'An https URL of a public host, at most 2000 characters, without a password. Redirects are not followed.'

const CreateWebhookEndpointInput = builder.inputType('CreateWebhookEndpointInput', {
  description: 'Who is to be told, and of what.',
  fields: (t) => ({
    url: t.string({ required: true, description: URL_DESCRIPTION }),
    eventTypes: t.field({ type: [WebhookEventType], required: true, description: 'What to tell of. At least one.' }),
    description: t.string({ description: 'What it is for, in your words. At most 2000 characters.' }),
  }),
})

const UpdateWebhookEndpointInput = builder.inputType('UpdateWebhookEndpointInput', {
  description: 'Omitted and null fields stay as they are.',
  fields: (t) => ({
    endpointId: t.id({ required: true, description: 'The endpoint to change.' }),
    expectedVersion: t.int({ required: true, description: 'The version that the change is based on.' }),
    url: t.string({ description: URL_DESCRIPTION }),
    eventTypes: t.field({ type: [WebhookEventType], description: 'What to tell of. At least one.' }),
    description: t.string({ description: 'What it is for, in your words. At most 2000 characters.' }),
    enabled: t.boolean({
      description:
        'False: nothing is sent any more, and what is still to be sent is given up. True: it is told of what happens from then on.',
    }),
  }),
})

const RotateWebhookSecretInput = builder.inputType('RotateWebhookSecretInput', {
  description: 'Whose secret to replace.',
  fields: (t) => ({
    endpointId: t.id({ required: true, description: 'The endpoint.' }),
    graceHours: t.int({
      defaultValue: 24,
      description: 'For how long messages carry a signature by the old secret too. 0 to 168; 0 ends it at once.',
    }),
  }),
})

const EVENTS = 'Of an event each endpoint gets one message, signed, at least once and in no promised order. '

builder.mutationFields((t) => ({
  createWebhookEndpoint: t.field({
    type: WebhookSecret,
    description: `Has an address told of changes from now on. ${EVENTS}Secret keys only.`,
    authScopes: { secret: true },
    errors: {
      types: [InvalidInputError, BusyError],
      union: {
        name: 'CreateWebhookEndpointResult',
        description: 'The endpoint with its secret, or why there is none.',
      },
    },
    args: { input: t.arg({ type: CreateWebhookEndpointInput, required: true, description: 'Who is to be told.' }) },
    resolve: (_root, { input: { eventTypes: kinds, ...input } }, ctx) =>
      write(ctx, (tx) => createWebhookEndpoint(tx, { ...input, kinds, allowsPrivate: ctx.allowsPrivateWebhooks })),
  }),
  updateWebhookEndpoint: t.field({
    type: WebhookEndpoint,
    description: 'Changes where and of what an endpoint is told, or enables and disables it. Secret keys only.',
    authScopes: { secret: true },
    errors: {
      types: [VersionConflictError, InvalidInputError, NotFoundError, BusyError],
      union: { name: 'UpdateWebhookEndpointResult', description: 'The endpoint, or why nothing changed.' },
    },
    args: { input: t.arg({ type: UpdateWebhookEndpointInput, required: true, description: 'What to change.' }) },
    resolve: (_root, { input: { eventTypes: kinds, ...input } }, ctx) => {
      const endpointId = requireId('webhook_endpoint', input.endpointId)
      const changes = { ...input, kinds, endpointId, allowsPrivate: ctx.allowsPrivateWebhooks }
      return write(ctx, (tx) => updateWebhookEndpoint(tx, changes))
    },
  }),
  deleteWebhookEndpoint: t.field({
    type: WebhookEndpoint,
    description: 'Forgets an endpoint and everything that it was told. Answers it as it was. Secret keys only.',
    authScopes: { secret: true },
    errors: {
      types: [NotFoundError, BusyError],
      union: { name: 'DeleteWebhookEndpointResult', description: 'The endpoint that was, or why nothing changed.' },
    },
    args: { endpointId: t.arg.id({ required: true, description: 'The endpoint to forget.' }) },
    resolve: (_root, args, ctx) => {
      const endpointId = requireId('webhook_endpoint', args.endpointId)
      return write(ctx, (tx) => deleteWebhookEndpoint(tx, { endpointId }))
    },
  }),
  rotateWebhookSecret: t.field({
    type: WebhookSecret,
    description: 'Makes a new secret. For a while messages are signed by both, old and new. Secret keys only.',
    authScopes: { secret: true },
    errors: {
      types: [InvalidInputError, NotFoundError, BusyError],
      union: { name: 'RotateWebhookSecretResult', description: 'The endpoint with its new secret, or why it stays.' },
    },
    args: { input: t.arg({ type: RotateWebhookSecretInput, required: true, description: 'Whose secret.' }) },
    resolve: (_root, { input }, ctx) => {
      const endpointId = requireId('webhook_endpoint', input.endpointId)
      return write(ctx, (tx) => rotateWebhookSecret(tx, { endpointId, graceHours: input.graceHours ?? 24 }))
    },
  }),
  redeliverWebhook: t.field({
    type: DeliveryRef,
    description:
      'Sends a message again now, under the same `webhook-id`, whatever became of it before, and as often as at first if that fails. Secret keys only.',
    authScopes: { secret: true },
    errors: {
      types: [InvalidInputError, NotFoundError, BusyError],
      union: { name: 'RedeliverWebhookResult', description: 'The delivery, or why it is not sent.' },
    },
    args: { deliveryId: t.arg.id({ required: true, description: 'What to send again.' }) },
    resolve: (_root, args, ctx) => {
      const deliveryId = requireId('webhook_delivery', args.deliveryId)
      return write(ctx, (tx) => redeliverWebhook(tx, { deliveryId }))
    },
  }),
}))

// Integrations: outside services that are connected to a location. Their keys go in and never come out.

import { connectRetell, type RetellSettings, settingsOf } from '../domain/outside/calls/voice-agents.ts'
import {
  disconnectIntegration,
  type IntegrationRecord,
  listIntegrations,
  loadIntegrations,
} from '../domain/outside/integrations.ts'
import { BusyError, InvalidInputError, NotFoundError } from '../domain/vocabulary/refusals.ts'
import { IntegrationProvider, VoiceFunction, VoiceLanguage } from './enums.ts'
import { seesEveryone } from './machinery/access.ts'
import { builder } from './machinery/builder.ts'
import { costs } from './machinery/costs.ts'
import { encodeId } from './machinery/ids.ts'
import { idOrNobody, requireId } from './machinery/inputs.ts'
import { findNodesBy, Node } from './machinery/nodes.ts'
import { write } from './machinery/writes.ts'
import { Location, Service } from './refs.ts'

const FunctionName = builder.objectRef<{ agentName: string; name: string }>('VoiceFunctionName').implement({
  description: "An agent's own name for a function of ours.",
  fields: (t) => ({
    agentName: t.exposeString('agentName', { description: 'What the agent calls it, without a version.' }),
    name: t.field({
      type: VoiceFunction,
      description: 'Which of ours it is.',
      resolve: ({ name }) => name as typeof VoiceFunction.$inferType,
    }),
  }),
})

const ServiceName = builder.objectRef<{ spoken: string; serviceId: string }>('SpokenServiceName').implement({
  description: 'What callers call a service.',
  fields: (t) => ({
    spoken: t.exposeString('spoken', { description: 'As it is said.' }),
    service: t.field({
      type: Service,
      description: 'Which service it is.',
      resolve: ({ serviceId }) => ({ id: serviceId }),
    }),
  }),
})

const VoiceAgent = builder.objectRef<RetellSettings>('VoiceAgent').implement({
  description: 'How the agent that answers the telephone is set.',
  fields: (t) => ({
    language: t.expose('language', {
      type: VoiceLanguage,
      nullable: true,
      description: "What it speaks. Null: the language of the location's country.",
    }),
    holdSeconds: t.exposeInt('holdSeconds', { description: 'How long a conversation holds what it offers.' }),
    functions: t.field({
      type: [FunctionName],
      description: 'Its own names for our functions. Ours need no entry; a version suffix (`_v17`) is left out.',
      resolve: ({ functions }) => Object.entries(functions).map(([agentName, name]) => ({ agentName, name })),
    }),
    serviceNames: t.field({
      type: [ServiceName],
      description: 'Other names of services, as callers say them.',
      resolve: ({ serviceNames }) => Object.entries(serviceNames).map(([spoken, serviceId]) => ({ spoken, serviceId })),
    }),
  }),
})

const WebhookAddress = builder.objectRef<{ purpose: string; path: string }>('WebhookAddress').implement({
  description: 'Where the outside service delivers to.',
  fields: (t) => ({
    purpose: t.exposeString('purpose', { description: 'What is delivered there: `events`, `inbound`, `functions`.' }),
    path: t.exposeString('path', { description: "To be put behind this gateway's address." }),
  }),
})

export const Integration = builder.objectRef<IntegrationRecord>('Integration').implement({
  description: 'An outside service that is connected to a location. Its keys cannot be read.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.id({ description: 'Opaque.', resolve: ({ id }) => encodeId('integration', id) }),
    provider: t.expose('provider', { type: IntegrationProvider, description: 'Which service it is.' }),
    location: t.field({
      type: Location,
      description: 'The location that it serves.',
      resolve: ({ locationId }) => ({ id: locationId }),
    }),
    active: t.exposeBoolean('active', { description: 'False: what it delivers is refused.' }),
    version: t.exposeInt('version', { description: 'Grows by one with every change.' }),
    voiceAgent: t.field({
      type: VoiceAgent,
      nullable: true,
      description: 'The settings of a voice agent. Null for other services.',
      resolve: (integration) => (integration.provider === 'RETELL' ? settingsOf(integration) : null),
    }),
    webhookAddresses: t.field({
      type: [WebhookAddress],
      description: 'What to enter there. An address says whose a delivery is; it stays the same for good.',
      resolve: ({ provider, id }) => addressesOf(provider, encodeId('integration', id)),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was connected first.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was changed last.' }),
  }),
})

function addressesOf(provider: IntegrationRecord['provider'], id: string) {
  if (provider === 'CALCOM') return [{ purpose: 'events', path: `/webhooks/calcom/${id}` }]
  return ['events', 'inbound', 'functions'].map((purpose) => ({ purpose, path: `/webhooks/retell/${id}/${purpose}` }))
}

findNodesBy('integration', 'Integration', (ctx, id) =>
  seesEveryone(ctx) ? ctx.read(async (tx) => (await loadIntegrations(tx, [id])).get(id) ?? null) : null,
)

builder.queryField('integrations', (t) =>
  t.field({
    type: [Integration],
    description: 'The outside services that are connected, oldest first. Empty to publishable keys and manage tokens.',
    authScopes: { signedIn: true },
    ...costs({ field: 10, rows: 20 }),
    resolve: (_root, _args, ctx) => (seesEveryone(ctx) ? ctx.read(listIntegrations) : []),
  }),
)

const FunctionNameInput = builder.inputType('VoiceFunctionNameInput', {
  description: "An agent's own name for a function of ours.",
  fields: (t) => ({
    agentName: t.string({ required: true, description: 'Letters, digits, underscores, dashes: 1 to 64.' }),
    name: t.field({ type: VoiceFunction, required: true, description: 'Which of ours it is.' }),
  }),
})

const ServiceNameInput = builder.inputType('SpokenServiceNameInput', {
  description: 'What callers call a service.',
  fields: (t) => ({
    spoken: t.string({ required: true, description: 'As it is said: 1 to 200 characters.' }),
    serviceId: t.id({ required: true, description: 'A service of the location.' }),
  }),
})

const ConnectRetellInput = builder.inputType('ConnectRetellInput', {
  description: 'A Retell account for a location. Connecting again replaces all of it; the addresses stay.',
  fields: (t) => ({
    locationId: t.id({ required: true, description: 'Whose telephone the agent answers.' }),
    apiKey: t.string({
      required: true,
      description:
        'The API key that has the "webhook" badge at Retell: it signs what they send. It is never shown again.',
    }),
    language: t.field({
      type: VoiceLanguage,
      description: "What the agent speaks. Omitted or null: the language of the location's country.",
    }),
    functions: t.field({
      type: [FunctionNameInput],
      defaultValue: [],
      description: 'Its own names for our functions, at most 100. Ours need no entry.',
    }),
    serviceNames: t.field({
      type: [ServiceNameInput],
      defaultValue: [],
      description: 'Other names of services, as callers say them, at most 100.',
    }),
    holdSeconds: t.int({
      defaultValue: 300,
      description: 'How long a conversation holds what it offers: 10 to 1800.',
    }),
  }),
})

builder.mutationFields((t) => ({
  connectRetell: t.field({
    type: Integration,
    description: 'Connects a Retell voice agent to a location. Secret keys only.',
    authScopes: { secret: true },
    errors: {
      types: [InvalidInputError, NotFoundError, BusyError],
      union: { name: 'ConnectRetellResult', description: 'The integration, or why there is none.' },
    },
    args: { input: t.arg({ type: ConnectRetellInput, required: true, description: 'What to connect.' }) },
    resolve: (_root, { input }, ctx) => {
      const serviceNames = input.serviceNames ?? []
      const connection = {
        locationId: requireId('location', input.locationId),
        apiKey: input.apiKey,
        language: input.language ?? null,
        functions: input.functions ?? [],
        serviceNames: serviceNames.map(({ spoken, serviceId }) => ({
          spoken,
          serviceId: idOrNobody('service', serviceId),
        })),
        holdSeconds: input.holdSeconds ?? null,
      }
      return write(ctx, (tx) => connectRetell(tx, connection))
    },
  }),
  disconnectIntegration: t.field({
    type: Integration,
    description:
      'Refuses what the integration delivers from now on. What it delivered and did stays. Connecting again revives it. Secret keys only.',
    authScopes: { secret: true },
    errors: {
      types: [NotFoundError, BusyError],
      union: { name: 'DisconnectIntegrationResult', description: 'The integration, or why nothing changed.' },
    },
    args: { integrationId: t.arg.id({ required: true, description: 'The integration to disconnect.' }) },
    resolve: (_root, { integrationId }, ctx) => {
      const id = requireId('integration', integrationId)
      return write(ctx, (tx) => disconnectIntegration(tx, { integrationId: id }))
    },
  }),
}))

// Policies: rules for changing an appointment.
import { effectivePolicy, loadPolicies, updatePolicy } from '../domain/catalogue/policies.ts'
import {
  BusyError,
  InvalidInputError,
  NotFoundError,
  type PolicyScope as Scope,
  VersionConflictError,
} from '../domain/vocabulary/refusals.ts'
import { PolicyScope } from './enums.ts'
import { builder } from './machinery/builder.ts'
import { encodeId, type IdType } from './machinery/ids.ts'
import { optionalId, requireId } from './machinery/inputs.ts'
import { findNodesBy, Node } from './machinery/nodes.ts'
import { write } from './machinery/writes.ts'
import { Policy } from './refs.ts'

const SCOPE_TYPES: Record<Scope, IdType> = {
  ORGANIZATION: 'organization',
  LOCATION: 'location',
  SERVICE: 'service',
  RESOURCE: 'resource',
}

Policy.implement({
  description:
    'Rules for changing an appointment. The most specific scope wins: staff, then service, location, organization.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.id({
      description: 'Opaque. It stands for the scope: reading it again gives the version then in force.',
      resolve: ({ scopeId }) => encodeId('policy', scopeId),
    }),
    scope: t.expose('scope', { type: PolicyScope, description: 'What kind of thing it governs.' }),
    scopeId: t.id({
      description: 'The organization, location, service or resource that it governs.',
      resolve: ({ scope, scopeId }) => encodeId(SCOPE_TYPES[scope], scopeId),
    }),
    version: t.exposeInt('version', {
      description:
        'Grows by one with every change; hand it back as expectedVersion. Histories name it. 0: nobody has set anything, every change is allowed until the start.',
    }),
    cancelNoticeMinutes: t.exposeInt('cancelNoticeMinutes', {
      description: 'Cancelling is allowed up to this many minutes before the start.',
    }),
    rescheduleNoticeMinutes: t.exposeInt('rescheduleNoticeMinutes', {
      description: 'Rescheduling is allowed up to this many minutes before the present start.',
    }),
    maxReschedules: t.exposeInt('maxReschedules', {
      nullable: true,
      description: 'How often one appointment may be moved. Null: as often as wanted.',
    }),
  }),
})

findNodesBy('policy', 'Policy', async (ctx, scopeId) => {
  const policies = await ctx.read((tx) => loadPolicies(tx, [scopeId]))
  return policies.get(scopeId) ?? null
})

builder.queryField('effectivePolicy', (t) =>
  t.field({
    type: Policy,
    description:
      'The policy in force for a service at a resource, after the scopes are resolved. An unknown service or resource: a top-level error BAD_USER_INPUT.',
    authScopes: { signedIn: true },
    args: {
      serviceId: t.arg.id({ required: true, description: 'The service.' }),
      resourceId: t.arg.id({ description: 'Who serves it. Omitted: nobody in particular.' }),
    },
    resolve: (_root, args, ctx) => {
      const serviceId = requireId('service', args.serviceId)
      const resourceId = optionalId('resource', args.resourceId)
      return ctx.read((tx) => effectivePolicy(tx, { serviceId, resourceIds: resourceId === null ? [] : [resourceId] }))
    },
  }),
)

const UpdatePolicyInput = builder.inputType('UpdatePolicyInput', {
  description: 'expectedVersion 0 creates.',
  fields: (t) => ({
    scope: t.field({ type: PolicyScope, required: true, description: 'What kind of thing it governs.' }),
    scopeId: t.id({ required: true, description: 'The organization, location, service or resource that it governs.' }),
    expectedVersion: t.int({
      required: true,
      description: 'The version that the change is based on. 0: the first one.',
    }),
    cancelNoticeMinutes: t.int({
      required: true,
      description: 'Cancelling is allowed up to this many minutes before the start: 0 to 525600.',
    }),
    rescheduleNoticeMinutes: t.int({
      required: true,
      description: 'Rescheduling is allowed up to this many minutes before the present start: 0 to 525600.',
    }),
    maxReschedules: t.int({
      description: 'How often one appointment may be moved: 0 to 1000. Null or omitted: as often as wanted.',
    }),
  }),
})

builder.mutationField('updatePolicy', (t) =>
  t.field({
    type: Policy,
    description:
      'Sets the rules of one scope. Earlier versions stay known: histories name the one that judged. Secret keys only.',
    authScopes: { secret: true },
    errors: {
      types: [VersionConflictError, InvalidInputError, NotFoundError, BusyError],
      union: { name: 'UpdatePolicyResult', description: 'The new version, or why nothing changed.' },
    },
    args: { input: t.arg({ type: UpdatePolicyInput, required: true, description: 'The scope and its rules.' }) },
    resolve: (_root, { input }, ctx) => {
      const scopeId = requireId(SCOPE_TYPES[input.scope], input.scopeId)
      return write(ctx, (tx) => updatePolicy(tx, { ...input, scopeId }))
    },
  }),
)

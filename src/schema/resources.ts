// Resources: people, rooms, equipment, and when they work.

import { createResource, listResources, updateResource } from '../domain/catalogue/resources.ts'
import { BusyError, InvalidInputError, NotFoundError, VersionConflictError } from '../domain/vocabulary/refusals.ts'
import { ResourceKind } from './enums.ts'
import { recordField } from './machinery/batches.ts'
import { builder } from './machinery/builder.ts'
import type { Context } from './machinery/context.ts'
import { costs } from './machinery/costs.ts'
import { decodeId, encodeId } from './machinery/ids.ts'
import { requireId } from './machinery/inputs.ts'
import { findNodesBy, Node } from './machinery/nodes.ts'
import { write } from './machinery/writes.ts'
import { DateOverride, Location, type Reference, Resource, TimeOff, WeeklyHours } from './refs.ts'
import { WeeklyHoursInput } from './working-hours.ts'

Resource.implement({
  description: 'What can be claimed: a person, a room, a piece of equipment. Never two claims at once.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.id({ description: 'Opaque.', resolve: ({ id }) => encodeId('resource', id) }),
    kind: t.field({ type: ResourceKind, description: 'What it is.', resolve: read((resource) => resource.kind) }),
    name: t.string({ description: 'The name shown to people.', resolve: read((resource) => resource.name) }),
    location: t.field({
      type: Location,
      description: 'Where it works. Its hours are wall-clock times there.',
      resolve: read((resource) => ({ id: resource.locationId })),
    }),
    active: t.boolean({
      description: 'False: it takes no new claims; those it has stay.',
      resolve: read((resource) => resource.active),
    }),
    weeklyHours: t.field({
      type: [WeeklyHours],
      description:
        'When it works as a rule, by weekday and opening. None: never, but on dates with hours of their own.',
      resolve: readSchedule((schedule) => schedule.weeklyHours),
    }),
    dateOverrides: t.field({
      type: [DateOverride],
      description: 'The dates with hours of their own, by date.',
      args: {
        from: t.arg({ type: 'Date', required: true, description: 'First date, inclusive.' }),
        to: t.arg({ type: 'Date', required: true, description: 'Last date, inclusive.' }),
      },
      resolve: (resource, { from, to }, ctx) =>
        readSchedule((schedule) => schedule.dateOverrides.filter(({ date }) => from <= date && date <= to))(
          resource,
          {},
          ctx,
        ),
    }),
    timeOff: t.field({
      type: [TimeOff],
      description: 'Absences and closures that overlap the range, by start.',
      args: {
        from: t.arg({ type: 'DateTime', required: true, description: 'Start of the range, inclusive.' }),
        to: t.arg({ type: 'DateTime', required: true, description: 'End of the range, exclusive.' }),
      },
      resolve: (resource, { from, to }, ctx) =>
        readSchedule((schedule) =>
          schedule.timeOff
            .filter(({ start, end }) => start < to && from < end)
            .map(({ id, start, end, reason }) => ({
              id,
              resourceId: resource.id,
              startsAt: start,
              endsAt: end,
              reason,
            })),
        )(resource, {}, ctx),
    }),
    version: t.int({
      description:
        'Grows by one with every change of the name, the activity or the hours; hand it back as expectedVersion. Time off leaves it as it is.',
      resolve: read((resource) => resource.version),
    }),
  }),
})

const read = recordField((ctx: Context, { id }: Reference) => ctx.moment().resources.load(id))
const readSchedule = recordField((ctx: Context, { id }: Reference) => ctx.moment().schedules.load(id))

findNodesBy('resource', 'Resource', (ctx, id) => ctx.moment().resources.load(id))

builder.queryFields((t) => ({
  resource: t.field({
    type: Resource,
    nullable: true,
    description: 'One resource. Null: there is none with this id.',
    authScopes: { signedIn: true },
    args: { id: t.arg.id({ required: true, description: 'The id of a resource.' }) },
    resolve: (_root, { id }, ctx) => {
      const uuid = decodeId('resource', id)
      return uuid === null ? null : ctx.moment().resources.load(uuid)
    },
  }),
  resources: t.field({
    type: [Resource],
    description: 'The resources, by name, inactive ones too.',
    authScopes: { signedIn: true },
    ...costs({ field: 10, rows: 20 }),
    args: {
      locationId: t.arg.id({ description: 'Only those of this location. An unknown id: none.' }),
      kind: t.arg({ type: ResourceKind, description: 'Only those of this kind.' }),
    },
    resolve: async (_root, { locationId, kind }, ctx) => {
      const location = locationId == null ? null : decodeId('location', locationId)
      if (locationId != null && location === null) return []
      const resources = await ctx.read((tx) => listResources(tx, { locationId: location, kind }))
      for (const resource of resources) ctx.moment().resources.know(resource.id, resource)
      return resources
    },
  }),
}))

const CreateResourceInput = builder.inputType('CreateResourceInput', {
  description: 'A new resource.',
  fields: (t) => ({
    locationId: t.id({ required: true, description: 'Where it works.' }),
    kind: t.field({ type: ResourceKind, required: true, description: 'What it is; it can not be changed later.' }),
    name: t.string({ required: true, description: '1 to 200 characters.' }),
    weeklyHours: t.field({
      type: [WeeklyHoursInput],
      required: true,
      description: 'When it works as a rule. Ranges of one day may touch, not overlap. Empty: never.',
    }),
  }),
})

const UpdateResourceInput = builder.inputType('UpdateResourceInput', {
  description: 'Omitted fields stay as they are. An inactive resource takes no new claims and keeps the ones it has.',
  fields: (t) => ({
    resourceId: t.id({ required: true, description: 'The resource to change.' }),
    expectedVersion: t.int({ required: true, description: 'The version that the change is based on.' }),
    name: t.string({ description: 'The new name, 1 to 200 characters. Omitted or null: unchanged.' }),
    active: t.boolean({ description: 'Whether it takes new claims. Omitted or null: unchanged.' }),
  }),
})

builder.mutationFields((t) => ({
  createResource: t.field({
    type: Resource,
    description: 'Adds a person, a room or a piece of equipment to a location. Secret keys only.',
    authScopes: { secret: true },
    errors: {
      types: [InvalidInputError, NotFoundError, BusyError],
      union: { name: 'CreateResourceResult', description: 'The new resource, or why there is none.' },
    },
    args: { input: t.arg({ type: CreateResourceInput, required: true, description: 'The new resource.' }) },
    resolve: (_root, { input }, ctx) => {
      const locationId = requireId('location', input.locationId)
      return write(ctx, (tx) => createResource(tx, { ...input, locationId }))
    },
  }),
  updateResource: t.field({
    type: Resource,
    description: 'Renames a resource, takes it out of service or back in. Secret keys only.',
    authScopes: { secret: true },
    errors: {
      types: [VersionConflictError, InvalidInputError, NotFoundError, BusyError],
      union: { name: 'UpdateResourceResult', description: 'The changed resource, or why nothing changed.' },
    },
    args: { input: t.arg({ type: UpdateResourceInput, required: true, description: 'What to change.' }) },
    resolve: (_root, { input }, ctx) => {
      const resourceId = requireId('resource', input.resourceId)
      return write(ctx, (tx) => updateResource(tx, { ...input, resourceId }))
    },
  }),
}))

// Services: what is offered.

import { createService, listServices, updateService } from '../domain/catalogue/services.ts'
import { BusyError, InvalidInputError, NotFoundError, VersionConflictError } from '../domain/vocabulary/refusals.ts'
import type { ResourceGroup as ResourceGroupRecord, SegmentDefinition } from '../domain/vocabulary/types.ts'
import { ResourceKind } from './enums.ts'
import { recordField } from './machinery/batches.ts'
import { builder } from './machinery/builder.ts'
import type { Context } from './machinery/context.ts'
import { costs } from './machinery/costs.ts'
import { decodeId, encodeId } from './machinery/ids.ts'
import { idOrNobody, requireId } from './machinery/inputs.ts'
import { findNodesBy, Node } from './machinery/nodes.ts'
import { preloadResources } from './machinery/selections.ts'
import { write } from './machinery/writes.ts'
import { Location, type Reference, Resource, Service } from './refs.ts'

const ResourceGroup = builder.objectRef<ResourceGroupRecord>('ResourceGroup').implement({
  description: 'One of its candidates is claimed for the segment.',
  fields: (t) => ({
    kind: t.expose('kind', { type: ResourceKind, description: 'What all candidates are.' }),
    candidates: t.field({
      type: [Resource],
      description: 'Who can serve it, in the order of the definition.',
      resolve: async ({ candidateIds }, _args, ctx, info) => {
        await preloadResources(ctx, candidateIds, info)
        return candidateIds.map((id) => ({ id }))
      },
    }),
  }),
})

const ServiceSegment = builder.objectRef<SegmentDefinition>('ServiceSegment').implement({
  description: 'A part of a service: so long, with these resources.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The name shown to people.' }),
    durationMinutes: t.exposeInt('durationMinutes', { description: 'Minutes, without the buffers.' }),
    bufferBeforeMinutes: t.exposeInt('bufferBeforeMinutes', {
      description: 'Minutes before the segment for which its resources are taken too. It may reach before opening.',
    }),
    bufferAfterMinutes: t.exposeInt('bufferAfterMinutes', {
      description: 'Minutes after the segment for which its resources are taken too. It may reach past closing.',
    }),
    resourceGroups: t.expose('resourceGroups', {
      type: [ResourceGroup],
      description: 'One resource is claimed from each group; no groups: a processing gap.',
    }),
    sameStaffAsPrevious: t.exposeBoolean('sameStaffAsPrevious', {
      description: 'True: the same person as in the previous staffed segment.',
    }),
  }),
})

Service.implement({
  description:
    'What is offered. A service is a list of segments, one or many; a plain appointment is the one-segment case, a perm (apply, let it take, rinse, cut) the many-segment one. A segment that needs no resource is a processing gap: the people are free for others meanwhile.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.id({ description: 'Opaque.', resolve: ({ id }) => encodeId('service', id) }),
    name: t.string({ description: 'The name shown to people.', resolve: read((service) => service.name) }),
    location: t.field({
      type: Location,
      description: 'Where it is offered.',
      resolve: read((service) => ({ id: service.locationId })),
    }),
    active: t.boolean({
      description: 'False: it is not offered at the moment; appointments for it stay.',
      resolve: read((service) => service.active),
    }),
    durationMinutes: t.int({
      description: 'Minutes, of all segments together, without the buffers at both ends.',
      resolve: read((service) => service.durationMinutes),
    }),
    slotIntervalMinutes: t.int({
      description: 'Starts are multiples of this many minutes, counted from local midnight.',
      resolve: read((service) => service.slotIntervalMinutes),
    }),
    minimumNoticeMinutes: t.int({
      description: 'It must be booked at least this many minutes before its start.',
      resolve: read((service) => service.minimumNoticeMinutes),
    }),
    bookingHorizonDays: t.int({
      description: 'It can be booked through the end of the local date that is this many days after today.',
      resolve: read((service) => service.bookingHorizonDays),
    }),
    segments: t.field({
      type: [ServiceSegment],
      description: 'Its parts, one after the other.',
      resolve: read((service) => service.segments),
    }),
    version: t.int({
      description: 'Grows by one with every change; hand it back as expectedVersion.',
      resolve: read((service) => service.version),
    }),
  }),
})

const read = recordField((ctx: Context, { id }: Reference) => ctx.moment().services.load(id))

findNodesBy('service', 'Service', (ctx, id) => ctx.moment().services.load(id))

builder.queryFields((t) => ({
  service: t.field({
    type: Service,
    nullable: true,
    description: 'One service. Null: there is none with this id.',
    authScopes: { signedIn: true },
    args: { id: t.arg.id({ required: true, description: 'The id of a service.' }) },
    resolve: (_root, { id }, ctx) => {
      const uuid = decodeId('service', id)
      return uuid === null ? null : ctx.moment().services.load(uuid)
    },
  }),
  services: t.field({
    type: [Service],
    description: 'What is offered, by name.',
    authScopes: { signedIn: true },
    ...costs({ field: 10, rows: 20 }),
    args: {
      locationId: t.arg.id({ description: 'Only those of this location. An unknown id: none.' }),
      activeOnly: t.arg.boolean({ defaultValue: true, description: 'False: those that are not offered now, too.' }),
    },
    resolve: async (_root, { locationId, activeOnly }, ctx) => {
      const location = locationId == null ? null : decodeId('location', locationId)
      if (locationId != null && location === null) return []
      const services = await ctx.read((tx) => listServices(tx, { locationId: location, activeOnly }))
      for (const service of services) ctx.moment().services.know(service.id, service)
      return services
    },
  }),
}))

const ResourceGroupInput = builder.inputType('ResourceGroupInput', {
  description: 'One of its candidates is claimed for the segment.',
  fields: (t) => ({
    kind: t.field({ type: ResourceKind, required: true, description: 'What all candidates are.' }),
    candidateIds: t.idList({
      required: true,
      description: "Who can serve it: resources of this kind and of the service's location. 1 to 200, each once.",
    }),
  }),
})

const ServiceSegmentInput = builder.inputType('ServiceSegmentInput', {
  description: 'A part of a service.',
  fields: (t) => ({
    name: t.string({ required: true, description: '1 to 200 characters.' }),
    durationMinutes: t.int({ required: true, description: 'Minutes, without the buffers: 1 to 1440.' }),
    bufferBeforeMinutes: t.int({
      defaultValue: 0,
      description: 'Minutes before it for which its resources are taken too: 0 to 1440.',
    }),
    bufferAfterMinutes: t.int({
      defaultValue: 0,
      description: 'Minutes after it for which its resources are taken too: 0 to 1440.',
    }),
    resourceGroups: t.field({
      type: [ResourceGroupInput],
      required: true,
      description: 'One resource is claimed from each. Empty: a processing gap. At most 10.',
    }),
    sameStaffAsPrevious: t.boolean({
      defaultValue: false,
      description: 'True: the same person as in the previous staffed segment. Speaks of the first STAFF group of each.',
    }),
  }),
})

const NUMBERS = {
  slotIntervalMinutes: 'Starts are multiples of this many minutes, counted from local midnight: 1 to 1440.',
  minimumNoticeMinutes: 'Minutes between the booking and the start at least: 0 to 525600.',
  bookingHorizonDays: 'Days after today through whose end it can be booked: 0 to 1000.',
}

const CreateServiceInput = builder.inputType('CreateServiceInput', {
  description: 'A new service.',
  fields: (t) => ({
    locationId: t.id({ required: true, description: 'Where it is offered.' }),
    name: t.string({ required: true, description: '1 to 200 characters.' }),
    slotIntervalMinutes: t.int({ defaultValue: 15, description: NUMBERS.slotIntervalMinutes }),
    minimumNoticeMinutes: t.int({ defaultValue: 0, description: NUMBERS.minimumNoticeMinutes }),
    bookingHorizonDays: t.int({ defaultValue: 90, description: NUMBERS.bookingHorizonDays }),
    segments: t.field({
      type: [ServiceSegmentInput],
      required: true,
      description: 'Its parts, one after the other: 1 to 20, at least one of them with a resource group.',
    }),
  }),
})

const UpdateServiceInput = builder.inputType('UpdateServiceInput', {
  description:
    'Changes what is offered from now on; appointments keep the segments they were booked with. segments replaces them all. Omitted and null fields stay as they are.',
  fields: (t) => ({
    serviceId: t.id({ required: true, description: 'The service to change.' }),
    expectedVersion: t.int({ required: true, description: 'The version that the change is based on.' }),
    name: t.string({ description: '1 to 200 characters.' }),
    active: t.boolean({ description: 'Whether it is offered.' }),
    slotIntervalMinutes: t.int({ description: NUMBERS.slotIntervalMinutes }),
    minimumNoticeMinutes: t.int({ description: NUMBERS.minimumNoticeMinutes }),
    bookingHorizonDays: t.int({ description: NUMBERS.bookingHorizonDays }),
    segments: t.field({ type: [ServiceSegmentInput], description: 'All its parts, one after the other: 1 to 20.' }),
  }),
})

builder.mutationFields((t) => ({
  createService: t.field({
    type: Service,
    description: 'Offers something new. Secret keys only.',
    authScopes: { secret: true },
    errors: {
      types: [InvalidInputError, NotFoundError, BusyError],
      union: { name: 'CreateServiceResult', description: 'The new service, or why there is none.' },
    },
    args: { input: t.arg({ type: CreateServiceInput, required: true, description: 'The new service.' }) },
    resolve: (_root, { input }, ctx) => {
      const service = {
        locationId: requireId('location', input.locationId),
        name: input.name,
        slotIntervalMinutes: input.slotIntervalMinutes ?? 15,
        minimumNoticeMinutes: input.minimumNoticeMinutes ?? 0,
        bookingHorizonDays: input.bookingHorizonDays ?? 90,
        segments: input.segments.map(readSegment),
      }
      return write(ctx, (tx) => createService(tx, service))
    },
  }),
  updateService: t.field({
    type: Service,
    description: 'Changes what is offered from now on. Live views are told. Secret keys only.',
    authScopes: { secret: true },
    errors: {
      types: [VersionConflictError, InvalidInputError, NotFoundError, BusyError],
      union: { name: 'UpdateServiceResult', description: 'The changed service, or why nothing changed.' },
    },
    args: { input: t.arg({ type: UpdateServiceInput, required: true, description: 'What to change.' }) },
    resolve: (_root, { input }, ctx) => {
      const serviceId = requireId('service', input.serviceId)
      const segments = input.segments?.map(readSegment) ?? null
      return write(ctx, (tx) => updateService(tx, { ...input, serviceId, segments }))
    },
  }),
}))

function readSegment(input: typeof ServiceSegmentInput.$inferInput): SegmentDefinition {
  return {
    name: input.name,
    durationMinutes: input.durationMinutes,
    bufferBeforeMinutes: input.bufferBeforeMinutes ?? 0,
    bufferAfterMinutes: input.bufferAfterMinutes ?? 0,
    sameStaffAsPrevious: input.sameStaffAsPrevious ?? false,
    resourceGroups: input.resourceGroups.map(({ kind, candidateIds }) => ({
      kind,
      candidateIds: candidateIds.map((id) => idOrNobody('resource', id)),
    })),
  }
}

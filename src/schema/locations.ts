// Locations: branches.
import { createLocation } from '../domain/catalogue/locations.ts'
import { BusyError, InvalidInputError } from '../domain/vocabulary/refusals.ts'
import { recordField } from './machinery/batches.ts'
import { builder } from './machinery/builder.ts'
import type { Context } from './machinery/context.ts'
import { encodeId } from './machinery/ids.ts'
import { findNodesBy, Node } from './machinery/nodes.ts'
import { write } from './machinery/writes.ts'
import { Location, type Reference } from './refs.ts'

Location.implement({
  description: 'A branch, with its time zone and country.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.id({ description: 'Opaque.', resolve: ({ id }) => encodeId('location', id) }),
    name: t.string({ description: 'The name shown to people.', resolve: read((location) => location.name) }),
    timeZone: t.field({
      type: 'TimeZone',
      description: 'All wall-clock times and dates of its resources and services are of this zone.',
      resolve: read((location) => location.timeZone),
    }),
    country: t.string({
      description: 'ISO 3166-1 alpha-2, e.g. `DE`. National phone numbers are read in this country.',
      resolve: read((location) => location.country),
    }),
  }),
})

const read = recordField((ctx: Context, { id }: Reference) => ctx.moment().locations.load(id))

findNodesBy('location', 'Location', (ctx, id) => ctx.moment().locations.load(id))

const CreateLocationInput = builder.inputType('CreateLocationInput', {
  description: 'A new location.',
  fields: (t) => ({
    name: t.string({ required: true, description: '1 to 200 characters.' }),
    timeZone: t.field({ type: 'TimeZone', required: true, description: 'IANA zone name: `Europe/Berlin`.' }),
    country: t.string({ required: true, description: 'ISO 3166-1 alpha-2: `DE`.' }),
  }),
})

builder.mutationField('createLocation', (t) =>
  t.field({
    type: Location,
    description: 'Opens a location. Secret keys only.',
    authScopes: { secret: true },
    errors: {
      types: [InvalidInputError, BusyError],
      union: { name: 'CreateLocationResult', description: 'The new location, or why there is none.' },
    },
    args: { input: t.arg({ type: CreateLocationInput, required: true, description: 'The new location.' }) },
    resolve: (_root, { input }, ctx) => write(ctx, (tx) => createLocation(tx, input)),
  }),
)

// The organization of the caller.
import { listLocations } from '../domain/catalogue/locations.ts'
import { loadOrganization } from '../domain/people/organizations.ts'
import { builder } from './machinery/builder.ts'
import { callerOf } from './machinery/context.ts'
import { encodeId } from './machinery/ids.ts'
import { findNodesBy, Node } from './machinery/nodes.ts'
import { Location, Organization } from './refs.ts'

Organization.implement({
  description: 'The tenant: everything belongs to one organization, and a key sees nothing beyond its own.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.id({ description: 'Opaque.', resolve: ({ id }) => encodeId('organization', id) }),
    name: t.exposeString('name', { description: 'The name shown to people.' }),
    locations: t.field({
      type: [Location],
      description: 'Its branches, oldest first.',
      resolve: async (_organization, _args, ctx) => {
        const locations = await ctx.read(listLocations)
        for (const location of locations) ctx.moment().locations.know(location.id, location)
        return locations
      },
    }),
  }),
})

findNodesBy('organization', 'Organization', (ctx, id) =>
  id === callerOf(ctx).organizationId ? ctx.read(loadOrganization) : null,
)

builder.queryField('organization', (t) =>
  t.field({
    type: Organization,
    description: 'The organization that the key belongs to.',
    authScopes: { signedIn: true },
    resolve: (_root, _args, ctx) => ctx.read(loadOrganization),
  }),
)

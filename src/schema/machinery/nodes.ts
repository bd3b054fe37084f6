// The Node interface, and the one field that finds anything by its id.
import { builder } from './builder.ts'
import type { Context } from './context.ts'
import { type IdType, parseId } from './ids.ts'

/** Every record that is a node; `node` marks what it answers with the type's name. */
export const Node = builder.interfaceRef<object>('Node').implement({
  description: 'Whatever has an id of its own and can be read again by it.',
  fields: (t) => ({
    id: t.id({ description: 'Opaque, unique over all types: `<type>_<uuid>`.', resolve: () => '' }),
  }),
  resolveType: (node) => ('__typename' in node ? String(node.__typename) : undefined),
})

type NodeFinder = (ctx: Context, uuid: string) => Promise<object | null> | object | null

const finders = new Map<string, { typeName: string; find: NodeFinder }>()

/** Each type says how its nodes are found: null for what is not there, or not there for this caller. */
export function findNodesBy(type: IdType, typeName: string, find: NodeFinder): void {
  finders.set(type, { typeName, find })
}

builder.queryField('node', (t) =>
  t.field({
    type: Node,
    nullable: true,
    description:
      'Anything by its id. Null: it does not exist, or not for this key. Malformed ids name nothing and answer null too.',
    authScopes: { signedIn: true },
    args: { id: t.arg.id({ required: true, description: 'The id of any node.' }) },
    resolve: async (_root, { id }, ctx) => {
      const parsed = parseId(id)
      const finder = parsed && finders.get(parsed.type)
      const node = finder ? await finder.find(ctx, parsed.uuid) : null
      return node && finder ? { ...node, __typename: finder.typeName } : null
    },
  }),
)

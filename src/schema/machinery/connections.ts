// Relay connections: bounded pages in both directions, cursors that stand for a position in the order.
import type { ObjectRef } from '@pothos/core'
import { builder } from './builder.ts'
import { costs } from './costs.ts'
import { badUserInput } from './request-errors.ts'

export interface PageArguments {
  first?: number | null
  after?: string | null
  last?: number | null
  before?: string | null
}

/** Either `first` or `last` is set, both only if the client gave both: then `last` cuts what `first` found. */
export interface PageRequest<Position> {
  first: number | null
  after: Position | null
  last: number | null
  before: Position | null
}

export interface Connection<Node> {
  edges: { node: Node; cursor: string }[]
  pageInfo: PageInfoShape
}

interface PageInfoShape {
  hasNextPage: boolean
  hasPreviousPage: boolean
  startCursor: string | null
  endCursor: string | null
}

const DEFAULT_SIZE = 50
const MAX_SIZE = 100

/** `reads` turns what a cursor carries into a position, or null if it is not one of this list. */
export function readPageArguments<Position>(
  args: PageArguments,
  reads: (carried: unknown) => Position | null,
): PageRequest<Position> {
  const first = readSize('first', args.first)
  const last = readSize('last', args.last)
  return {
    first: first === null && last === null ? DEFAULT_SIZE : first,
    last,
    after: readCursor('after', args.after, reads),
    before: readCursor('before', args.before, reads),
  }
}

export function toConnection<Node>(
  page: { rows: Node[]; hasNextPage: boolean; hasPreviousPage: boolean },
  { first, last }: PageRequest<unknown>,
  carry: (node: Node) => unknown,
): Connection<Node> {
  const rows = first !== null && last !== null ? page.rows.slice(Math.max(0, page.rows.length - last)) : page.rows
  const edges = rows.map((node) => ({ node, cursor: encodeCursor(carry(node)) }))
  return {
    edges,
    pageInfo: {
      hasNextPage: page.hasNextPage,
      hasPreviousPage: page.hasPreviousPage || rows.length < page.rows.length,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  }
}

/** What is in it may change: clients hand it back and read nothing from it. */
export function encodeCursor(carried: unknown): string {
  return Buffer.from(JSON.stringify(carried)).toString('base64url')
}

function readCursor<Position>(
  name: string,
  cursor: string | null | undefined,
  reads: (carried: unknown) => Position | null,
): Position | null {
  if (cursor == null) return null
  const position = reads(decodeCursor(cursor))
  if (position === null) throw badUserInput(`\`${name}\` is not a cursor of this list.`)
  return position
}

function decodeCursor(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    return null
  }
}

function readSize(name: string, size: number | null | undefined): number | null {
  if (size == null) return null
  if (size < 0 || size > MAX_SIZE) throw badUserInput(`\`${name}\` must be between 0 and ${MAX_SIZE}, not ${size}.`)
  return size
}

const PageInfo = builder.objectRef<PageInfoShape>('PageInfo').implement({
  description: 'Where a page stands in its list.',
  fields: (t) => ({
    hasNextPage: t.exposeBoolean('hasNextPage', { description: 'Whether there is more after this page.' }),
    hasPreviousPage: t.exposeBoolean('hasPreviousPage', { description: 'Whether there is more before this page.' }),
    startCursor: t.exposeString('startCursor', {
      nullable: true,
      description: 'The cursor of the first edge; null on an empty page.',
    }),
    endCursor: t.exposeString('endCursor', {
      nullable: true,
      description: 'The cursor of the last edge; null on an empty page.',
    }),
  }),
})

/** The types `<name>Connection` and `<name>Edge`, to which a file may add fields. */
export function connectionType<Node>(
  name: string,
  node: ObjectRef<PothosTypes, Node>,
  descriptions: { connection: string },
) {
  const word = name.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`).toLowerCase()
  const edge = builder.objectRef<{ node: Node; cursor: string }>(`${name}Edge`)
  edge.implement({
    description: `One ${word} of a page, and its place in the list.`,
    fields: (t) => ({
      node: t.field({
        type: node,
        description: `The ${word}.`,
        resolve: (parent) => parent.node as never,
      }),
      cursor: t.string({
        description: 'Opaque. Hand it back as `after` or `before`.',
        resolve: (parent) => parent.cursor,
      }),
    }),
  })
  const connection = builder.objectRef<Connection<Node>>(`${name}Connection`)
  connection.implement({
    description: descriptions.connection,
    fields: (t) => ({
      edges: t.field({
        type: [edge],
        description: 'In the order of the list, whichever direction it was paged in.',
        // Its rows are counted where the page is asked for.
        ...costs({ field: 1, rows: 1 }),
        resolve: (parent) => parent.edges,
      }),
      pageInfo: t.field({
        type: PageInfo,
        description: 'Where this page stands.',
        resolve: (parent) => parent.pageInfo,
      }),
    }),
  })
  return connection
}

type PothosTypes = typeof builder extends PothosSchemaTypes.SchemaBuilder<infer Types> ? Types : never

/** Of a page: its rows times what is selected of each. */
export const PAGE_COSTS = costs({ field: 20, rows: DEFAULT_SIZE, rowsFrom: [['first'], ['last']] })

export const PAGE_DESCRIPTIONS = {
  first: `How many from the beginning of the range, 0 to ${MAX_SIZE}. Default ${DEFAULT_SIZE} if \`last\` is omitted too.`,
  after: 'Only what comes after this cursor.',
  last: `How many from the end of the range, 0 to ${MAX_SIZE}. With \`first\` too, it cuts what \`first\` found.`,
  before: 'Only what comes before this cursor.',
}

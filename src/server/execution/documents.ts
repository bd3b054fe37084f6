// Documents, read once for every transport that brings them: judged, validated, kept; and the request that comes with one.

import {
  type DocumentNode,
  type ExecutionArgs,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  type OperationDefinitionNode,
  type OperationTypeNode,
  specifiedRules,
  validate,
} from 'graphql'
import { LRUCache } from 'lru-cache'
import { createOperationCost, type OperationCost } from './costs.ts'
import { beyond, DOCUMENT_LIMITS, type DocumentLimits, TOLD_FAULTS } from './document-limits.ts'
import { judgeShape } from './document-shape.ts'
import { readDocument } from './document-text.ts'
import type { Principal } from './operations.ts'
import { judgeVariables, pickVariables, type Variables } from './variables.ts'

/** What can be executed: it is valid, and within every limit. */
export interface Prepared {
  document: DocumentNode
  kind: OperationTypeNode
  cost: number
  /** The text that the cache keeps: whoever keeps a request can let go of its own. */
  query: string
  /** Those that the operation declares. */
  variableValues: Variables
  operationName: string | null | undefined
}

export interface DocumentRequest {
  query: string
  operationName?: string | null
  variables?: Readonly<Variables> | null
}

export interface Documents {
  schema: GraphQLSchema
  /** Errors: it is beyond a limit, cannot be parsed, is not valid here, or does not say which operation is meant. */
  prepare: (request: DocumentRequest) => Prepared | readonly GraphQLError[]
  /** For Yoga's pipeline. Throws a GraphQLError: it is beyond a limit, or cannot be parsed. */
  parse: (query: string) => DocumentNode
  /** For Yoga's pipeline, of a document that `parse` has read. */
  validate: (document: DocumentNode) => readonly GraphQLError[]
  /** For Yoga's pipeline: the same judgement of a request whose document was read. */
  prepareRead: (
    document: DocumentNode,
    request: Pick<DocumentRequest, 'operationName' | 'variables'>,
  ) => Prepared | readonly GraphQLError[]
}

interface Operation {
  node: OperationDefinitionNode
  cost: OperationCost
}

interface Entry {
  query: string
  /** Null: it has none. */
  document: DocumentNode | null
  errors: readonly GraphQLError[]
  operations: Map<string | null, Operation>
  bytes: number
}

/** What all kept documents take together, with their trees. */
const KEPT_BYTES = 32 * 1024 * 1024
/** Of each token, with its part of the tree: measured, rounded up. */
const TOKEN_BYTES = 400
const ENTRY_BYTES = 2000

export function createDocuments(schema: GraphQLSchema, given: Partial<DocumentLimits> = {}): Documents {
  const limits = { ...DOCUMENT_LIMITS, ...given }
  const cache = new LRUCache<string, Entry>({ maxSize: KEPT_BYTES, sizeCalculation: ({ bytes }) => bytes })
  const entries = new WeakMap<DocumentNode, Entry>()

  const read = (query: string): Entry => {
    const entry: Entry = { query, document: null, errors: [], operations: new Map(), bytes: 0 }
    let tokens = 0
    try {
      const text = readDocument(query, limits)
      judgeShape(text.document, limits)
      entry.document = text.document
      tokens = text.tokens
      const faults = validate(schema, text.document, specifiedRules, { maxErrors: TOLD_FAULTS })
      entry.errors = faults.map((fault) => withCode(fault, 'GRAPHQL_VALIDATION_FAILED'))
      entries.set(text.document, entry)
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error
      entry.errors = [withCode(error, 'GRAPHQL_PARSE_FAILED')]
    }
    entry.bytes = ENTRY_BYTES + query.length * 2 + tokens * TOKEN_BYTES
    return entry
  }

  const find = (query: string): Entry => {
    const known = cache.get(query)
    if (known) return known
    const entry = read(query)
    // One that is too long is not read either: there is nothing to save.
    if (query.length <= limits.characters) cache.set(query, entry)
    return entry
  }

  const operationOf = (entry: Entry, name: string | null | undefined): Operation | null => {
    const known = entry.operations.get(name ?? null)
    if (known || !entry.document) return known ?? null
    const node = getOperationAST(entry.document, name)
    if (!node) return null
    const operation = { node, cost: createOperationCost(schema, entry.document, node) }
    entry.operations.set(name ?? null, operation)
    return operation
  }

  const prepare = (
    entry: Entry,
    { operationName, variables }: Pick<DocumentRequest, 'operationName' | 'variables'>,
  ) => {
    if (!entry.document || entry.errors.length > 0) return entry.errors
    const operation = operationOf(entry, operationName)
    if (!operation) return [UNKNOWN_OPERATION]
    const variableValues = pickVariables(operation.node, variables)
    const refused = judgeVariables(variableValues, limits)
    if (refused) return [refused]
    const cost = operation.cost.costOf(variableValues)
    if (!(cost <= limits.cost)) return [beyond('cost', limits.cost, Math.round(cost))]
    const { query, document } = entry
    const kind = operation.node.operation
    const least = kind === 'subscription' ? SUBSCRIPTION_COST : 1
    return { query, document, kind, variableValues, operationName, cost: Math.max(cost, least) }
  }

  return {
    schema,
    prepare: (request) => prepare(find(request.query), request),
    parse(query) {
      const { document, errors } = find(query)
      if (document) return document
      throw errors[0]
    },
    validate: (document) => entryOf(entries, document).errors,
    prepareRead: (document, request) => prepare(entryOf(entries, document), request),
  }
}

/** Its view is read and sent whole before anything of it is known. */
const SUBSCRIPTION_COST = 5000

const UNKNOWN_OPERATION = new GraphQLError('Could not determine what operation to execute.', {
  extensions: { code: 'OPERATION_RESOLUTION_FAILURE' },
})

function withCode(error: GraphQLError, code: string): GraphQLError {
  error.extensions.code ??= code
  return error
}

function entryOf(entries: WeakMap<DocumentNode, Entry>, document: DocumentNode): Entry {
  const entry = entries.get(document)
  if (!entry) throw new Error('A document was validated that was not read here.')
  return entry
}

export function toExecutionArgs(schema: GraphQLSchema, prepared: Prepared, contextValue: Principal): ExecutionArgs {
  const { document, operationName, variableValues } = prepared
  return { schema, document, operationName, variableValues, contextValue }
}

export function isPrepared(prepared: Prepared | readonly GraphQLError[]): prepared is Prepared {
  return 'document' in prepared
}

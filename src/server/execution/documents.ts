// Documents that were parsed and validated once, whatever the transport that brings them again.

import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  type OperationDefinitionNode,
  type OperationTypeNode,
} from 'graphql'
import { createBoundedCache } from './bounded-cache.ts'
import type { Pipeline } from './pipeline.ts'

export interface Prepared {
  document: DocumentNode
  kind: OperationTypeNode
}

export interface Documents {
  schema: GraphQLSchema
  /** Errors: it cannot be parsed, is not valid here, or does not say which operation is meant. */
  prepare: (query: string, operationName: string | null | undefined) => Prepared | readonly GraphQLError[]
}

interface Entry {
  document: DocumentNode | null
  errors: readonly GraphQLError[]
  /** The operation, when there is only one. */
  only: OperationDefinitionNode | null
}

/** A quarter of a million characters of documents: with their syntax trees some tens of megabytes. */
const MAX_CHARACTERS = 262_144

/** Parses and validates through Yoga's pipeline, so that its plugins hold here too. */
export function createDocuments({ yoga }: Pipeline): Documents {
  const { parse, validate, schema } = yoga.getEnveloped({})
  const cache = createBoundedCache<Entry>({ maxCharacters: MAX_CHARACTERS })

  const read = (query: string): Entry => {
    try {
      const document: DocumentNode = parse(query)
      const errors: readonly GraphQLError[] = validate(schema, document)
      return { document, errors, only: getOperationAST(document, null) ?? null }
    } catch (error) {
      if (error instanceof GraphQLError) return { document: null, errors: [error], only: null }
      throw error
    }
  }

  return {
    schema,
    prepare(query, operationName) {
      let entry = cache.get(query)
      if (!entry) {
        entry = read(query)
        cache.set(query, entry)
      }
      if (!entry.document || entry.errors.length > 0) return entry.errors
      const operation =
        operationName === null || operationName === undefined
          ? entry.only
          : getOperationAST(entry.document, operationName)
      if (operation) return { document: entry.document, kind: operation.operation }
      return [
        new GraphQLError('Could not determine what operation to execute.', {
          extensions: { code: 'OPERATION_RESOLUTION_FAILURE' },
        }),
      ]
    },
  }
}

export function isPrepared(prepared: Prepared | readonly GraphQLError[]): prepared is Prepared {
  return 'document' in prepared
}

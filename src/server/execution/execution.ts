// Executes an operation: compiled once it has proved to come again, interpreted until then.

import {
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  type FieldNode,
  GraphQLError,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
} from 'graphql'
import { type CompiledQuery, compileQuery, isCompiledQuery } from 'graphql-jit'
import { LRUCache } from 'lru-cache'
import { countSelections } from './document-shape.ts'

export type Execute = (args: ExecutionArgs) => Promise<ExecutionResult> | ExecutionResult

/** What all compiled operations take together. */
const COMPILED_BYTES = 64 * 1024 * 1024
/** Of each selection, and besides: measured, rounded up. */
const SELECTION_BYTES = 3000
const OPERATION_BYTES = 16_384

/**
 * How often an operation of so many selections is to succeed before it is compiled. That takes up to 0.4 ms for a selection: not
 * for a document with its values written into it, which comes only once, and a large one has to come more often. The largest
 * would stop everybody for longer than they will ever save.
 */
function successesNeeded(selections: number): number {
  return selections > 300 ? Number.POSITIVE_INFINITY : 2 + Math.floor(selections / 20)
}

interface Known {
  /** Successes that are still missing. */
  missing: number
  bytes: number
}

interface Compiled {
  /** Null: it cannot be compiled. */
  query: CompiledQuery | null
  bytes: number
}

/**
 * graphql-jit: 0.3 µs instead of 2.9 for a hello-world, 0.4 ms instead of 7 for a thousand slots. What it says of
 * malformed variables differs in wording, so those requests are executed by graphql-js, which refuses them before it runs
 * anything.
 *
 * Only what was executed without an error counts: a stranger whose operations are refused has nothing compiled. The
 * documents were judged before (`documents.ts`), so that what is compiled is bounded too.
 */
export function createExecute({ needed = successesNeeded } = {}): Execute {
  const known = new WeakMap<OperationDefinitionNode, Known>()
  const compiled = new LRUCache<OperationDefinitionNode, Compiled>({
    maxSize: COMPILED_BYTES,
    sizeCalculation: ({ bytes }) => bytes,
  })

  const measure = ({ document }: ExecutionArgs, operation: OperationDefinitionNode): Known => {
    const found = known.get(operation)
    if (found) return found
    const selections = countSelections(document, operation)
    const measured = { missing: needed(selections), bytes: OPERATION_BYTES + selections * SELECTION_BYTES }
    known.set(operation, measured)
    return measured
  }

  const find = (args: ExecutionArgs, operation: OperationDefinitionNode): CompiledQuery | null => {
    const found = compiled.get(operation)
    if (found) return found.query
    const { missing, bytes } = measure(args, operation)
    if (missing > 0) return null
    const query = compile(args)
    compiled.set(operation, { query, bytes })
    return query
  }

  const interpret = (args: ExecutionArgs, operation: OperationDefinitionNode) => {
    const note = (result: ExecutionResult) => {
      if (!result.errors && result.data) measure(args, operation).missing--
      return result
    }
    const result = execute(args)
    return result instanceof Promise ? result.then(note) : note(result)
  }

  return (args) => {
    const operation = getOperationAST(args.document, args.operationName)
    if (!operation) return execute(args)
    const query = find(args, operation)
    if (query === null) return interpret(args, operation)
    const result = query.query(args.rootValue, args.contextValue, args.variableValues ?? {})
    if (result instanceof Promise) return result.then((settled) => locateErrors(args, settled))
    return isRefused(result) ? execute(args) : locateErrors(args, result)
  }
}

function compile({ schema, document, operationName }: ExecutionArgs): CompiledQuery | null {
  const compiled = compileQuery(schema, document, operationName ?? undefined)
  return isCompiledQuery(compiled) ? compiled : null
}

// An error of what is compiled does not name its nodes, and would lose its place in the document on its way.
function locateErrors(args: ExecutionArgs, result: ExecutionResult): ExecutionResult {
  return result.errors ? { ...result, errors: result.errors.map((error) => locate(args, error)) } : result
}

function locate({ document, operationName }: ExecutionArgs, error: GraphQLError): GraphQLError {
  if (error.nodes || !error.path) return error
  let nodes: FieldNode[] = []
  let selections = getOperationAST(document, operationName)?.selectionSet.selections ?? []
  for (const key of error.path) {
    if (typeof key === 'number') continue
    nodes = fieldsOf(document, selections).filter(({ name, alias }) => (alias ?? name).value === key)
    selections = nodes.flatMap(({ selectionSet }) => selectionSet?.selections ?? [])
  }
  if (nodes.length === 0) return error
  const { message, path, extensions, originalError } = error
  return new GraphQLError(message, { nodes, path, extensions, originalError })
}

function fieldsOf(document: DocumentNode, selections: readonly SelectionNode[]): FieldNode[] {
  return selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [selection]
    if (selection.kind === Kind.INLINE_FRAGMENT) return fieldsOf(document, selection.selectionSet.selections)
    const { value } = selection.name
    const fragment = document.definitions.find(
      (one) => one.kind === Kind.FRAGMENT_DEFINITION && one.name.value === value,
    )
    return fragment?.kind === Kind.FRAGMENT_DEFINITION ? fieldsOf(document, fragment.selectionSet.selections) : []
  })
}

/** Without data and before anything ran. */
function isRefused(result: ExecutionResult): boolean {
  return result.errors !== undefined && result.data === undefined
}

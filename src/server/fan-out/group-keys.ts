// Which subscriptions get the same bytes: what they ask for, apart from where each begins and which part it sees.

import {
  type DocumentNode,
  type ExecutionArgs,
  type FieldNode,
  getOperationAST,
  type OperationDefinitionNode,
  print,
  type ValueNode,
} from 'graphql'
import type { PartWanted } from '../../realtime/update-stream.ts'
import type { Principal } from '../execution/operations.ts'

/** How a subscription field says that its results may be shared (`extensions`). */
export interface SharedField {
  /** Its results depend on nothing of the caller but the rights. */
  sharedBy: 'RIGHTS'
  /**
   * Two arguments, as paths, that choose a part of what is shared: each update is the same object for all who see the
   * same of it. `read` judges them as the field itself would, or throws.
   */
  part?: { from: string; to: string; read: (from: unknown, to: unknown) => PartWanted }
}

export interface Sharing {
  key: string
  /** Who begins now can take a place beside a member without another look. Null: ask the field. */
  joining: { readPart: () => PartWanted | null } | null
}

/**
 * What two subscribers must have in common to get the same bytes: the canonical document, the operation, their rights and
 * the variables, except those that only say where to begin and which part to see. Null: nothing is shared.
 */
export function groupOf({
  schema,
  document,
  operationName,
  variableValues,
  contextValue,
}: ExecutionArgs): Sharing | null {
  const { caller, lastEventId } = contextValue as Principal
  const { text, root, variables } = describe(document, operationName)
  if (!caller || !root) return null
  const field = schema.getSubscriptionType()?.getFields()[root.name.value]
  const { sharedBy, part } = (field?.extensions ?? {}) as Partial<SharedField>
  if (sharedBy !== 'RIGHTS') return null
  const given = (variableValues ?? {}) as Record<string, unknown>
  const shared: Record<string, unknown> = {}
  for (const name of variables.keys()) shared[name] = given[name]
  const take = (path: string): Taken => {
    const source = sourceOf(root, path, variables)
    return source === null || source === 'given' ? source : takeFrom(shared, source)
  }
  const after = take('after')
  const from = part && take(part.from)
  const to = part && take(part.to)
  const scope = [caller.organizationId, caller.kind, caller.appointmentId]
  const key = JSON.stringify([text, operationName ?? null, shared, scope])
  const beginsNow = lastEventId === undefined && (after === null || (after !== 'given' && after.value == null))
  if (!beginsNow) return { key, joining: null }
  if (!part) return { key, joining: { readPart: () => null } }
  if (!isTaken(from) || !isTaken(to)) return { key, joining: null }
  return { key, joining: { readPart: () => part.read(from.value, to.value) } }
}

/** The value of an argument. Null: it has none. 'given': it stands in the document, or its variable has other uses. */
type Taken = { value: unknown } | null | 'given'

function isTaken(taken: Taken | undefined): taken is { value: unknown } {
  return typeof taken === 'object' && taken !== null
}

/** Takes the value out of the variables. They belong to the caller and stay as they are. */
function takeFrom(shared: Record<string, unknown>, [name, ...path]: Source): Taken {
  if (path.length === 0) {
    const value = shared[name]
    delete shared[name]
    return { value }
  }
  const parts = shared[name]
  const [last] = path
  if (typeof parts !== 'object' || parts === null || path.length > 1 || last === undefined) return 'given'
  const { [last]: value, ...rest } = parts as Record<string, unknown>
  shared[name] = rest
  return { value }
}

/** A variable, and what of it. */
type Source = [string, ...string[]]

/** Where the argument at a path (`input.from`) comes from. */
function sourceOf(root: FieldNode, path: string, variables: Map<string, boolean>): Source | null | 'given' {
  const [name, ...within] = path.split('.')
  let value: ValueNode | undefined = root.arguments?.find((argument) => argument.name.value === name)?.value
  while (value) {
    if (value.kind === 'Variable') return variables.get(value.name.value) ? [value.name.value, ...within] : 'given'
    const next = within.shift()
    if (next === undefined || value.kind !== 'ObjectValue') return 'given'
    value = value.fields.find((field) => field.name.value === next)?.value
  }
  return null
}

interface Description {
  /** Canonical: white space and comments make no difference. */
  text: string
  /** The one root field; null where there are fragments in the way. */
  root: FieldNode | null
  /** Those the operation declares, and whether each is used once and has no default. */
  variables: Map<string, boolean>
}

const descriptions = new WeakMap<DocumentNode, Map<string, Description>>()

function describe(document: DocumentNode, operationName: string | null | undefined): Description {
  const known = descriptions.get(document) ?? new Map<string, Description>()
  descriptions.set(document, known)
  const name = operationName ?? ''
  let description = known.get(name)
  if (!description) {
    description = readDescription(document, operationName)
    known.set(name, description)
  }
  return description
}

function readDescription(document: DocumentNode, operationName: string | null | undefined): Description {
  const text = print(document)
  const operation = getOperationAST(document, operationName)
  const selections = operation?.selectionSet.selections ?? []
  const [root] = selections
  if (!operation || selections.length !== 1 || root?.kind !== 'Field') return { text, root: null, variables: new Map() }
  return { text, root, variables: variablesOf(operation, text) }
}

function variablesOf(operation: OperationDefinitionNode, text: string): Map<string, boolean> {
  const declared = operation.variableDefinitions ?? []
  return new Map(
    declared.map(({ variable, defaultValue }) => {
      const name = variable.name.value
      // Once where it is declared, once where it is used.
      return [name, !defaultValue && text.split(new RegExp(`\\$${name}\\b`)).length === 3]
    }),
  )
}

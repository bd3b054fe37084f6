// The variables of a request: those that its operation declares, within their limits. Others are dropped, not kept.

import type { GraphQLError, OperationDefinitionNode } from 'graphql'
import { beyond, type DocumentLimit, type DocumentLimits } from './document-limits.ts'

export type Variables = Record<string, unknown>

const NONE: Variables = Object.freeze({})

export function pickVariables(
  { variableDefinitions }: OperationDefinitionNode,
  given: Readonly<Variables> | null | undefined,
): Variables {
  if (!variableDefinitions?.length || !given) return NONE
  // As own properties, whatever they are called.
  return Object.fromEntries(
    variableDefinitions.flatMap(({ variable: { name } }) =>
      Object.hasOwn(given, name.value) ? [[name.value, given[name.value]]] : [],
    ),
  )
}

/** Null: they are within the limits. Stops at the first that is exceeded. */
export function judgeVariables(variables: Variables, limits: DocumentLimits): GraphQLError | null {
  let values = 0
  let characters = 0

  const judge = (value: unknown, depth: number): DocumentLimit | null => {
    if (++values > limits.values) return 'values'
    if (typeof value === 'string') characters += value.length
    if (typeof value === 'object' && value !== null) {
      if (depth > limits.valueDepth) return 'valueDepth'
      for (const key in value) {
        if (!Array.isArray(value)) characters += key.length
        const exceeded = judge((value as Variables)[key], depth + 1)
        if (exceeded) return exceeded
      }
    }
    return characters > limits.valueCharacters ? 'valueCharacters' : null
  }

  for (const name in variables) {
    const exceeded = judge(variables[name], 1)
    if (exceeded) return beyond(exceeded, limits[exceeded])
  }
  return null
}

// What an operation costs: the costs that its fields declare, times the rows above them, with the variables it comes with.

import {
  type DocumentNode,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isListType,
  isNonNullType,
  Kind,
  type OperationDefinitionNode,
  SchemaMetaFieldDef,
  type SelectionSetNode,
  TypeMetaFieldDef,
  type ValueNode,
} from 'graphql'
import type { Cost } from '../../schema/machinery/costs.ts'

type Variables = Readonly<Record<string, unknown>>

export interface OperationCost {
  /** With these variables. */
  costOf: (variables: Variables) => number
}

const PLAIN: Cost = { field: 1 }
/** Of a list that declares none. */
const ROWS = 3

/** Of the schema's own description: about what this one has. Types are counted. */
const INTROSPECTION: Readonly<Record<string, number>> = {
  '__Type.fields': 8,
  '__Type.inputFields': 6,
  '__Type.enumValues': 6,
  '__Type.possibleTypes': 8,
  '__Type.interfaces': 1,
  // Most types are wrapped once or not at all; those who ask for them all ask nine levels deep.
  '__Type.ofType': 0.5,
  '__Field.args': 2,
  '__Schema.directives': 8,
  '__Directive.args': 2,
  '__Directive.locations': 4,
}

/**
 * For a valid document. Each fragment is added up once for each type it is spread into. What @skip and @include leave out
 * counts, so that a variable cannot hide anything.
 */
export function createOperationCost(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): OperationCost {
  let dependsOnVariables = false
  let fixed: number | null = null
  const fragments = new Map(
    document.definitions.flatMap((one) => (one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one]] : [])),
  )
  const defaults = new Map(
    operation.variableDefinitions?.map(({ variable, defaultValue }) => [variable.name.value, defaultValue]),
  )

  const add = (variables: Variables): number => {
    const added = new Map<SelectionSetNode, Map<GraphQLCompositeType, number>>()

    const ofSelections = (set: SelectionSetNode, type: GraphQLCompositeType): number => {
      const byType = added.get(set) ?? new Map<GraphQLCompositeType, number>()
      added.set(set, byType)
      const known = byType.get(type)
      if (known !== undefined) return known
      let sum = 0
      for (const selection of set.selections) {
        if (selection.kind === Kind.FIELD) {
          sum += ofField(selection, type)
          continue
        }
        const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection
        const condition = fragment?.typeCondition ? schema.getType(fragment.typeCondition.name.value) : type
        if (fragment && isCompositeType(condition)) sum += ofSelections(fragment.selectionSet, condition)
      }
      byType.set(type, sum)
      return sum
    }

    const ofField = (node: FieldNode, parent: GraphQLCompositeType): number => {
      const field = findField(schema, parent, node.name.value)
      if (!field) return 1
      const cost = (field.extensions.cost as Cost | undefined) ?? PLAIN
      const type = getNamedType(field.type)
      if (!node.selectionSet || !isCompositeType(type)) return cost.field
      return cost.field + rowsOf(node, cost, parent, field) * ofSelections(node.selectionSet, type)
    }

    const rowsOf = (
      node: FieldNode,
      cost: Cost,
      parent: GraphQLCompositeType,
      field: GraphQLField<unknown, unknown>,
    ) => {
      for (const [name, ...path] of cost.rowsFrom ?? []) {
        const argument = node.arguments?.find((one) => one.name.value === name)
        const given = argument ? read(argument.value, path) : undefined
        // What is no number is refused by its type, and below zero by the field.
        if (typeof given === 'number') return Math.max(0, given)
      }
      if (parent.name === '__Schema' && field.name === 'types') return Object.keys(schema.getTypeMap()).length
      const rows = cost.rows ?? INTROSPECTION[`${parent.name}.${field.name}`]
      if (rows !== undefined) return rows
      return isListType(isNonNullType(field.type) ? field.type.ofType : field.type) ? ROWS : 1
    }

    /** What stands at the path in a value that is written in the document, given by a variable, or both. */
    const read = (value: ValueNode | undefined, path: readonly string[]): unknown => {
      if (!value) return undefined
      const [name, ...rest] = path
      if (value.kind === Kind.VARIABLE) {
        dependsOnVariables = true
        const given = variables[value.name.value]
        return given === undefined ? read(defaults.get(value.name.value), path) : readGiven(given, path)
      }
      if (name !== undefined) {
        if (value.kind !== Kind.OBJECT) return undefined
        return read(value.fields.find((one) => one.name.value === name)?.value, rest)
      }
      return value.kind === Kind.INT ? Number(value.value) : undefined
    }

    const root = schema.getRootType(operation.operation)
    return root ? ofSelections(operation.selectionSet, root) : 0
  }

  return {
    costOf(variables) {
      if (fixed !== null) return fixed
      const cost = add(variables)
      if (!dependsOnVariables) fixed = cost
      return cost
    },
  }
}

function readGiven(given: unknown, path: readonly string[]): unknown {
  let value = given
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Record<string, unknown>)[name]
  }
  return value
}

function findField(
  schema: GraphQLSchema,
  parent: GraphQLCompositeType,
  name: string,
): GraphQLField<unknown, unknown> | undefined {
  if (parent === schema.getQueryType()) {
    if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef
    if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef
  }
  return 'getFields' in parent ? (parent as GraphQLObjectType).getFields()[name] : undefined
}

// How large a document is once its fragments are spread, counted without spreading them: each fragment once, in linear time.

import {
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  visit,
} from 'graphql'
import { beyond, type DocumentLimit, type DocumentLimits } from './document-limits.ts'

interface Shape {
  selections: number
  aliases: number
  /** Fields that stand at this level, those in fragments too. */
  fields: number
  depth: number
}

/**
 * Throws a GraphQLError for the first limit that is exceeded. It knows no schema, so that it comes before the rules of
 * graphql-js, some of which follow every spread. Every definition is judged, also those that will not be executed: the rules
 * look at all of them. A fragment that spreads itself counts as nothing there; a rule refuses it.
 */
export function judgeShape(document: DocumentNode, limits: DocumentLimits): void {
  const operations = document.definitions.filter((one) => one.kind === Kind.OPERATION_DEFINITION)
  const fragments = document.definitions.filter((one) => one.kind === Kind.FRAGMENT_DEFINITION)
  const require = (limit: DocumentLimit, found: number) => {
    if (found > limits[limit]) throw beyond(limit, limits[limit], found)
  }
  require('operations', operations.length)
  require('fragments', fragments.length)
  require('directives', countDirectives(document))
  for (const { variableDefinitions = [] } of operations) require('variables', variableDefinitions.length)
  const shapeOf = measuring(fragments)
  for (const definition of [...fragments, ...operations]) {
    const { selections, aliases, fields, depth } = shapeOf(definition.selectionSet)
    require('depth', depth)
    require('selections', selections)
    require('aliases', aliases)
    require('repeats', countRepeats(definition.selectionSet, fragments, limits.repeats))
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue
    if (definition.operation === 'query') require('queries', fields)
    if (definition.operation === 'mutation') require('mutations', fields)
  }
}

/** The operation's own and those of its fragments, as often as they are spread. */
export function countSelections(document: DocumentNode, operation: OperationDefinitionNode): number {
  const fragments = document.definitions.filter((one) => one.kind === Kind.FRAGMENT_DEFINITION)
  return measuring(fragments)(operation.selectionSet).selections
}

function measuring(fragments: readonly FragmentDefinitionNode[]): (set: SelectionSetNode) => Shape {
  const byName = new Map(fragments.map((fragment) => [fragment.name.value, fragment]))
  /** `NOTHING` while it is being measured. */
  const measured = new Map<string, Shape>()

  const measureFragment = (name: string): Shape => {
    const known = measured.get(name)
    if (known) return known
    const fragment = byName.get(name)
    measured.set(name, NOTHING)
    const shape = fragment ? measure(fragment.selectionSet) : NOTHING
    measured.set(name, shape)
    return shape
  }

  // Sums that double with every level end far below the largest number: there are at most 4000 tokens.
  const measure = (set: SelectionSetNode): Shape => {
    const sum = { selections: 0, aliases: 0, fields: 0, depth: 0 }
    for (const selection of set.selections) {
      sum.selections++
      if (selection.kind === Kind.FIELD) {
        const below = selection.selectionSet ? measure(selection.selectionSet) : NOTHING
        sum.fields++
        sum.selections += below.selections
        sum.aliases += below.aliases + (selection.alias ? 1 : 0)
        sum.depth = Math.max(sum.depth, below.depth + 1)
      } else {
        const inside =
          selection.kind === Kind.INLINE_FRAGMENT
            ? measure(selection.selectionSet)
            : measureFragment(selection.name.value)
        sum.fields += inside.fields
        sum.selections += inside.selections
        sum.aliases += inside.aliases
        sum.depth = Math.max(sum.depth, inside.depth)
      }
    }
    return sum
  }
  return measure
}

/** What stands in one place of the answer, under its name there. */
type Place = Map<string, Place>

/**
 * Follows the spreads: for what is known to have few selections. Stops beyond `max`; a fragment that spreads itself is not
 * followed there.
 */
function countRepeats(set: SelectionSetNode, fragments: readonly FragmentDefinitionNode[], max: number): number {
  const byName = new Map(fragments.map((fragment) => [fragment.name.value, fragment]))
  const open = new Set<string>()
  let repeats = 0

  const follow = (followed: SelectionSetNode, place: Place): void => {
    for (const selection of followed.selections) {
      if (repeats > max) return
      if (selection.kind === Kind.FIELD) {
        const name = (selection.alias ?? selection.name).value
        const known = place.get(name)
        if (known) repeats++
        const below = known ?? new Map()
        place.set(name, below)
        if (selection.selectionSet) follow(selection.selectionSet, below)
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        follow(selection.selectionSet, place)
      } else {
        const { value } = selection.name
        const fragment = byName.get(value)
        if (!fragment || open.has(value)) continue
        open.add(value)
        follow(fragment.selectionSet, place)
        open.delete(value)
      }
    }
  }

  follow(set, new Map())
  return repeats
}

const NOTHING: Shape = { selections: 0, aliases: 0, fields: 0, depth: 0 }

function countDirectives(document: DocumentNode): number {
  let count = 0
  visit(document, { Directive: () => void count++ })
  return count
}

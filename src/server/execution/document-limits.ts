// Every limit of a document and its variables, in the order in which they are judged.
//
// They hold on every way in (POST, GET, server-sent events, WebSocket) before anything is executed or compiled. Beyond one the
// operation is refused with BAD_USER_INPUT, the limit's name, its number and what was found. What is judged while counting stops
// at the limit, so that a document far beyond it costs no more than one at it. docs/limits.md names them too.

import { GraphQLError } from 'graphql'

export interface DocumentLimits {
  /** Of its text. Judged before a character is read. */
  characters: number
  /** Read one by one, before there is a tree. */
  tokens: number
  /** Braces, brackets and parentheses within one another: a tree is walked by calls within calls. */
  nesting: number
  /** All are validated, one is executed. */
  operations: number
  fragments: number
  /** Uses of directives, repeated ones too. */
  directives: number
  /** Declared by one operation. */
  variables: number
  /** Fields below one another, through fragments; those of introspection too. */
  depth: number
  /** Fields, spreads and inline fragments of an operation, a fragment as often as it is spread. */
  selections: number
  /** Names of the caller's own for fields, as often as they are spread. */
  aliases: number
  /** Fields asked for again under the same name in the same place: validation compares each with each. */
  repeats: number
  /** Root fields of a query. */
  queries: number
  /** Root fields of a mutation: each is a transaction, and the rate of requests is limited, not theirs. */
  mutations: number
  /** Values in the variables that the operation declares; others are dropped. */
  values: number
  /** Lists and objects within one another, in the variables. */
  valueDepth: number
  /** Of all texts and names in the variables. */
  valueCharacters: number
  /** What the fields cost together, times the rows above them (`schema/machinery/costs.ts`). */
  cost: number
}

export type DocumentLimit = keyof DocumentLimits

/**
 * Generous: the largest documents of GraphiQL, of the live board and of Apollo's tools stay below a quarter of each, and the
 * whole introspection below half.
 */
export const DOCUMENT_LIMITS: Readonly<DocumentLimits> = {
  characters: 65_536,
  tokens: 4000,
  nesting: 60,
  operations: 20,
  fragments: 100,
  directives: 100,
  variables: 100,
  depth: 20,
  selections: 1000,
  aliases: 100,
  repeats: 200,
  queries: 50,
  mutations: 10,
  values: 5000,
  valueDepth: 12,
  valueCharacters: 65_536,
  cost: 250_000,
}

/** An invalid document is told its first faults. */
export const TOLD_FAULTS = 20

const SENTENCES: Readonly<Record<DocumentLimit, (max: number) => string>> = {
  characters: (max) => `The document is longer than ${max} characters.`,
  tokens: (max) => `The document has more than ${max} tokens.`,
  nesting: (max) => `The document has more than ${max} brackets within one another.`,
  operations: (max) => `The document has more than ${max} operations.`,
  fragments: (max) => `The document has more than ${max} fragments.`,
  directives: (max) => `The document uses more than ${max} directives.`,
  variables: (max) => `An operation declares more than ${max} variables.`,
  depth: (max) => `The document asks for fields more than ${max} deep.`,
  selections: (max) => `The document selects more than ${max} fields, fragments counted as often as they are spread.`,
  aliases: (max) => `The document has more than ${max} aliases, fragments counted as often as they are spread.`,
  repeats: (max) => `The document asks more than ${max} times for what it has already asked for in the same place.`,
  queries: (max) => `A query has more than ${max} root fields.`,
  mutations: (max) => `A mutation has more than ${max} root fields.`,
  values: (max) => `The variables have more than ${max} values.`,
  valueDepth: (max) => `The variables have more than ${max} lists and objects within one another.`,
  valueCharacters: (max) => `The variables have more than ${max} characters.`,
  cost: (max) => `The operation costs more than ${max}: it asks for too much at once. Ask for fewer rows or fields.`,
}

/** `found`: where it was counted to its end. */
export function beyond(limit: DocumentLimit, max: number, found?: number): GraphQLError {
  return new GraphQLError(SENTENCES[limit](max), { extensions: { code: 'BAD_USER_INPUT', limit, max, found } })
}

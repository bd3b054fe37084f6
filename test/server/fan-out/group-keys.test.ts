// Which subscriptions share their bytes: what they ask for, not the text of their variables.

import { buildSchema, type ExecutionArgs, type GraphQLSchema, parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import { groupOf, type SharedField } from '../../../src/server/fan-out/group-keys.ts'

const schema: GraphQLSchema = buildSchema(`
  input Question { service: ID!  from: Int!  to: Int! }
  type Update { kind(since: Int): String }
  type Query { a: Int }
  type Subscription { open(input: Question!, after: String): Update  own: Update }`)
const read: NonNullable<SharedField['part']>['read'] = (from, to) => {
  if (typeof from !== 'number' || typeof to !== 'number') throw new Error('no range')
  return { from, to }
}
Object.assign(schema.getSubscriptionType()?.getFields().open ?? {}, {
  extensions: { sharedBy: 'RIGHTS', part: { from: 'input.from', to: 'input.to', read } } satisfies SharedField,
})

const WHOLE = 'subscription ($input: Question!, $after: String) { open(input: $input, after: $after) { kind } }'
const PARTS =
  'subscription ($service: ID!, $from: Int!, $to: Int!) { open(input: { service: $service, from: $from, to: $to }) { kind } }'

function sharing(
  query: string,
  variableValues: object,
  { kind = 'PUBLISHABLE', lastEventId = undefined as string | undefined } = {},
) {
  const caller = { organizationId: 'salon', kind }
  const args = { schema, document: parse(query), variableValues, contextValue: { caller, requestId: '', lastEventId } }
  return groupOf(args as unknown as ExecutionArgs)
}
const page = (from: number, to: number, rest: object = {}) => ({ input: { service: 'cut', from, to }, ...rest })

describe('a group', () => {
  it.each([
    ['one variable with all of it', WHOLE, page(1, 2), page(3, 4, { after: 'cursor' })],
    ['a variable for each', PARTS, { service: 'cut', from: 1, to: 2 }, { service: 'cut', from: 3, to: 4 }],
  ])('is one whatever the range and the beginning: %s', (_name, query, one, other) => {
    expect(sharing(query, one)?.key).toBe(sharing(query.replaceAll(' ', '  '), other)?.key)
    expect(sharing(query, one)?.joining?.readPart()).toEqual({ from: 1, to: 2 })
  })

  it('is another one for another service, other rights, or another selection', () => {
    const { key } = sharing(WHOLE, page(1, 2)) ?? {}
    expect(sharing(WHOLE, { input: { service: 'dye', from: 1, to: 2 } })?.key).not.toBe(key)
    expect(sharing(WHOLE, page(1, 2), { kind: 'SECRET' })?.key).not.toBe(key)
    expect(sharing(WHOLE.replace('kind', 'alias: kind'), page(1, 2))?.key).not.toBe(key)
  })

  it('is another one where a variable of the range says something else too', () => {
    const query = PARTS.replace('{ kind }', '{ kind(since: $from) }')
    const [one, other] = [1, 3].map((from) => sharing(query, { service: 'cut', from, to: 9 }))
    expect(one?.key).not.toBe(other?.key)
    expect(one?.joining).toBeNull()
  })

  it('is joined unseen by nobody who begins elsewhere', () => {
    expect(sharing(WHOLE, page(1, 2, { after: 'cursor' }))?.joining).toBeNull()
    expect(sharing(WHOLE, page(1, 2), { lastEventId: 'cursor' })?.joining).toBeNull()
    expect(sharing(WHOLE.replace('after: $after', 'after: "cursor"'), page(1, 2))?.joining).toBeNull()
    expect(sharing(WHOLE.replace('$after: String', '$after: String = "cursor"'), page(1, 2))?.joining).toBeNull()
    expect(() => sharing(WHOLE, { input: { service: 'cut', from: 'soon', to: 2 } })?.joining?.readPart()).toThrow()
  })

  it('takes no variable that the operation does not declare, and leaves those it is given alone', () => {
    const given = page(1, 2, { unknown: 'x'.repeat(1000) })
    expect(sharing(WHOLE, given)?.key).toBe(sharing(WHOLE, page(3, 4))?.key)
    expect(given.input).toEqual({ service: 'cut', from: 1, to: 2 })
  })

  it('is none for a field that does not share', () => {
    expect(sharing('subscription { own { kind } }', {})).toBeNull()
  })
})

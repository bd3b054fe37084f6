// Which engine executes an operation: compiled is only what has succeeded before, and not everything of that.

import { GraphQLError, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString, parse } from 'graphql'
import { expect, test } from 'vitest'
import { createExecute } from '../../../src/server/execution/execution.ts'

/** The frames of graphql-js are there only while it executes. */
function engine(): string {
  return new Error().stack?.includes('executeField') ? 'interpreted' : 'compiled'
}

const refuse = () => {
  throw new GraphQLError('No.', { extensions: { code: 'FORBIDDEN' } })
}

const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: 'Query',
    fields: {
      engine: { type: GraphQLString, resolve: engine },
      later: { type: GraphQLString, resolve: async () => engine() },
      refused: { type: GraphQLString, resolve: refuse },
      required: { type: new GraphQLNonNull(GraphQLString), resolve: refuse },
      given: { type: GraphQLString, args: { text: { type: new GraphQLNonNull(GraphQLString) } }, resolve: engine },
    },
  }),
})

async function executeOften(text: string, times: number, operationName?: string) {
  const execute = createExecute()
  const document = parse(text)
  const results = []
  for (let time = 0; time < times; time++) results.push(await execute({ schema, document, operationName }))
  return results
}

test('an operation is compiled when it has succeeded twice', async () => {
  const engines = (await executeOften('{ engine }', 4)).map(({ data }) => data?.engine)
  expect(engines).toEqual(['interpreted', 'interpreted', 'compiled', 'compiled'])
  const later = (await executeOften('{ later }', 3)).map(({ data }) => data?.later)
  expect(later).toEqual(['interpreted', 'interpreted', 'compiled'])
})

test('a larger one has to succeed more often, and the largest is never compiled', async () => {
  const of = (selections: number) =>
    `{ engine ${Array.from({ length: selections - 1 }, (_, n) => `a${n}: __typename`).join(' ')} }`
  const engines = (await executeOften(of(100), 9)).map(({ data }) => data?.engine)
  expect(engines).toEqual([...Array(7).fill('interpreted'), 'compiled', 'compiled'])
  expect((await executeOften(of(301), 60)).at(-1)?.data?.engine).toBe('interpreted')
})

test.for(['{ engine refused }', '{ engine later refused }', 'query ($text: String!) { engine given(text: $text) }'])(
  'what is refused is not compiled, however often it comes: %s',
  async (text) => {
    const results = await executeOften(text, 50)
    expect(results.every(({ errors }) => errors !== undefined)).toBe(true)
    expect(results.at(-1)?.data?.engine ?? 'interpreted').toBe('interpreted')
  },
)

test('each operation of a document proves itself', async () => {
  const execute = createExecute()
  const document = parse('query A { engine } query B { engine }')
  const run = async (operationName: string) => (await execute({ schema, document, operationName })).data?.engine
  for (let time = 0; time < 3; time++) await run('A')
  expect([await run('A'), await run('B')]).toEqual(['compiled', 'interpreted'])
})

test.for(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('an alias may be called %s', async (alias) => {
  const results = await executeOften(`{ ${alias}: engine }`, 4)
  expect(results.map(({ data }) => Object.entries(data ?? {}))).toEqual([
    [[alias, 'interpreted']],
    [[alias, 'interpreted']],
    [[alias, 'compiled']],
    [[alias, 'compiled']],
  ])
})

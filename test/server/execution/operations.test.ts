// What every transport has in common: a context per operation that is disposed, faults that are masked and logged once.

import { GraphQLError, GraphQLInt, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Logger } from '../../../src/runtime/logger.ts'
import type { OperationContext } from '../../../src/server/execution/operations.ts'
import { until } from '../../support/until.ts'
import { openSseClient, openTestGateway, openWebSocketClient, type TestGateway } from '../gateway.ts'

const SECRET = 'password=hunter2 at /srv/slotwire/src/db/client.ts'

const opened: OperationContext[] = []
const disposed: OperationContext[] = []
const logged: { level: string; line: Record<string, unknown> }[] = []
const returned: string[] = []
let gateway: TestGateway

/** Three numbers, then nothing until it is returned. */
function countToThree(): AsyncIterableIterator<number> {
  let count = 0
  let leave = (_: IteratorResult<number>) => {}
  return {
    next: () =>
      count < 3 ? Promise.resolve({ done: false, value: ++count }) : new Promise((resolve) => (leave = resolve)),
    return() {
      returned.push('source')
      leave({ done: true, value: undefined })
      return Promise.resolve({ done: true, value: undefined })
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: 'Query',
    fields: {
      hello: { type: new GraphQLNonNull(GraphQLString), resolve: () => 'world' },
      fault: { type: GraphQLString, resolve: () => Promise.reject(new Error(SECRET)) },
      requiredFault: { type: new GraphQLNonNull(GraphQLString), resolve: () => Promise.reject(new Error(SECRET)) },
      refusal: {
        type: GraphQLString,
        resolve: () => Promise.reject(new GraphQLError('No.', { extensions: { code: 'BAD_USER_INPUT' } })),
      },
      away: {
        type: new GraphQLNonNull(GraphQLString),
        resolve: () => Promise.reject(Object.assign(new Error(SECRET), { code: 'CONNECTION_CLOSED' })),
      },
    },
  }),
  subscription: new GraphQLObjectType({
    name: 'Subscription',
    fields: {
      count: { type: GraphQLInt, subscribe: countToThree, resolve: (count) => count },
      broken: {
        type: GraphQLInt,
        subscribe: async function* () {
          yield 1
          throw new Error(SECRET)
        },
        resolve: (count) => count,
      },
      unstartable: { type: GraphQLInt, subscribe: () => Promise.reject(new Error(SECRET)) },
    },
  }),
})

beforeAll(async () => {
  const note = (level: string) => (line: Record<string, unknown>) => void logged.push({ level, line })
  const logger = {
    error: note('error'),
    warn: note('warn'),
    info: note('info'),
    debug: note('debug'),
  } as unknown as Logger
  gateway = await openTestGateway({
    schema,
    logger,
    openContext: (principal) => {
      const context: OperationContext = {
        ...principal,
        [Symbol.asyncDispose]: async () => void disposed.push(context),
      }
      opened.push(context)
      return context
    },
  })
})

beforeEach(() => {
  for (const list of [opened, disposed, logged, returned]) list.length = 0
})

afterAll(() => gateway[Symbol.asyncDispose]())

type Ask = (query: string) => Promise<{ data?: unknown; errors?: readonly { message: string; extensions?: object }[] }>

const transports: { transport: string; ask: Ask }[] = [
  { transport: 'the short way', ask: (query) => post(query, 'application/json') },
  { transport: 'Yoga', ask: (query) => post(query, 'application/json; way=yoga') },
  {
    transport: 'WebSocket',
    async ask(query) {
      const client = openWebSocketClient(gateway, {})
      const { value } = await client.iterate({ query }).next()
      await client.dispose()
      return value as Awaited<ReturnType<Ask>>
    },
  },
  { transport: 'an event stream', ask: (query) => askEvents(query, false) },
  { transport: 'a reserved stream', ask: (query) => askEvents(query, true) },
]

async function post(query: string, type: string): ReturnType<Ask> {
  const headers = { accept: 'application/graphql-response+json', 'content-type': type }
  const response = await fetch(gateway.graphqlUrl, { method: 'POST', headers, body: JSON.stringify({ query }) })
  return (await response.json()) as Awaited<ReturnType<Ask>>
}

async function askEvents(query: string, singleConnection: boolean): ReturnType<Ask> {
  const client = openSseClient(gateway, { singleConnection })
  const { value } = await client.iterate({ query }).next()
  client.dispose()
  return value as Awaited<ReturnType<Ask>>
}

describe.for(transports)('over $transport', ({ ask }) => {
  test('a context is disposed when its result is complete', async () => {
    expect(await ask('{ hello }')).toEqual({ data: { hello: 'world' } })
    await until(() => disposed.length === 1)
    expect(disposed).toEqual(opened)
  })

  test('a fault is masked, and logged once with its cause and the id that the client got', async () => {
    const { data, errors } = await ask('{ hello fault }')
    expect(data).toEqual({ hello: 'world', fault: null })
    expect(errors).toMatchObject([{ extensions: { code: 'INTERNAL_SERVER_ERROR' }, path: ['fault'] }])
    expect(JSON.stringify(errors)).not.toContain('hunter2')
    const faults = logged.filter(({ level }) => level === 'error')
    expect(faults).toHaveLength(1)
    expect(faults[0]?.line).toMatchObject({ err: { message: SECRET }, path: 'fault' })
    expect(faults[0]?.line.requestId).toBe((errors?.[0]?.extensions as { requestId: string } | undefined)?.requestId)
    await until(() => disposed.length === opened.length)
  })

  test('a refusal goes out as it is', async () => {
    const { errors } = await ask('{ refusal }')
    expect(errors).toMatchObject([{ message: 'No.', extensions: { code: 'BAD_USER_INPUT' } }])
    expect(logged).toEqual([])
  })

  test('a database that is away is told as retriable', async () => {
    const { errors } = await ask('{ away }')
    expect(errors).toMatchObject([{ extensions: { code: 'UNAVAILABLE', retryAfterMs: 1000 } }])
    expect(JSON.stringify(errors)).not.toContain('hunter2')
    expect(logged.map(({ level }) => level)).toEqual(['warn'])
  })
})

test.for(['application/json', 'application/json; way=yoga'])(
  'the status of %s says what the errors mean',
  async (type) => {
    const status = async (query: string, accept: string) => {
      const headers = { accept, 'content-type': type }
      return (await fetch(gateway.graphqlUrl, { method: 'POST', headers, body: JSON.stringify({ query }) })).status
    }
    for (const accept of ['application/json', 'application/graphql-response+json']) {
      expect(await status('{ hello fault }', accept)).toBe(200)
      expect(await status('{ fault }', accept)).toBe(200)
      expect(await status('{ requiredFault }', accept)).toBe(500)
      expect(await status('{ away }', accept)).toBe(503)
    }
  },
)

describe('a subscription', () => {
  test('has a context of its own for every event, disposed with it', async () => {
    const client = openWebSocketClient(gateway, {})
    const results = client.iterate({ query: 'subscription { count }' })
    for (const count of [1, 2, 3]) expect((await results.next()).value).toEqual({ data: { count } })
    await until(() => new Set(disposed).size === 4)
    expect(opened).toHaveLength(4)
    await client.dispose()
    await until(() => returned.length === 1)
  })

  test.for([
    { transport: 'WebSocket', open: () => openWebSocketClient(gateway, {}) },
    { transport: 'an event stream', open: () => openSseClient(gateway) },
  ])('whose source breaks tells so, masked, and ends, over $transport', async ({ open }) => {
    const client = open()
    const results = client.iterate({ query: 'subscription { broken }' })
    expect((await results.next()).value).toEqual({ data: { broken: 1 } })
    const { value } = await results.next()
    expect(value).toMatchObject({ errors: [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }] })
    expect(JSON.stringify(value)).not.toContain('hunter2')
    expect((await results.next()).done).toBe(true)
    await client.dispose()
  })

  test('that cannot start tells so, masked', async () => {
    const client = openWebSocketClient(gateway, {})
    const { value } = await client.iterate({ query: 'subscription { unstartable }' }).next()
    expect(value).toMatchObject({ errors: [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }] })
    await until(() => new Set(disposed).size === opened.length)
    await client.dispose()
  })
})

// A document beyond a limit is refused alike on every way in, before it is compiled, and a stream keeps nothing that it does not use.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../../support/until.ts'
import {
  bearer,
  findOpenSlot,
  openSseClient,
  openTestGateway,
  openWebSocketClient,
  type TestGateway,
  WATCH,
  watchInput,
} from '../gateway.ts'

let gateway: TestGateway

beforeAll(async () => {
  gateway = await openTestGateway()
})

afterAll(() => gateway[Symbol.asyncDispose]())

interface Asked {
  query: string
  variables?: Record<string, unknown>
}
interface Told {
  data?: unknown
  errors?: readonly { extensions?: Record<string, unknown> }[]
}

async function fetchJson(url: string, init: RequestInit & { headers: Record<string, string> }): Promise<Told> {
  const response = await fetch(url, { ...init, headers: { ...init.headers, ...bearer(gateway.publishableKey) } })
  const text = await response.text()
  expect(response.status, text).toBeLessThan(500)
  const data = /^data: (.+)$/m.exec(text)?.[1] ?? text
  return JSON.parse(data) as Told
}

const urlOf = ({ query, variables }: Asked) =>
  `${gateway.graphqlUrl}?${new URLSearchParams({ query, variables: JSON.stringify(variables ?? null) })}`
const post = (asked: Asked, type: string, accept: string) =>
  fetchJson(gateway.graphqlUrl, {
    method: 'POST',
    headers: { 'content-type': type, accept },
    body: JSON.stringify(asked),
  })

const doors: Record<string, (asked: Asked) => Promise<Told>> = {
  'the short way': (asked) => post(asked, 'application/json', 'application/json'),
  Yoga: (asked) => post(asked, 'application/json; way=yoga', 'application/graphql-response+json'),
  GET: (asked) => fetchJson(urlOf(asked), { headers: { accept: 'application/json' } }),
  'an event stream': (asked) => post(asked, 'application/json', 'text/event-stream'),
  'an event stream by GET': (asked) => fetchJson(urlOf(asked), { headers: { accept: 'text/event-stream' } }),
  async WebSocket(asked) {
    const client = openWebSocketClient(gateway, { authorization: gateway.publishableKey })
    try {
      return (await client.iterate(asked as never).next()).value as Told
    } catch (errors) {
      return { errors: errors as Told['errors'] } as Told
    } finally {
      await client.dispose()
    }
  },
}

const spread = (level: number) => `...A${level} ...B${level}`
const doubling = `{ ${spread(0)} } ${Array.from({ length: 30 }, (_, n) => `fragment A${n} on Query { ${spread(n + 1)} } fragment B${n} on Query { ${spread(n + 1)} }`).join(' ')} fragment A30 on Query { __typename } fragment B30 on Query { __typename }`
const CONFLICTS = 'query ($n: Int) { calendarConflicts(first: $n) { kind } }'

const REFUSED: { limit: string; asked: Asked }[] = [
  { limit: 'nesting', asked: { query: `{ a(b: ${'['.repeat(1900)}${']'.repeat(1900)}) }` } },
  { limit: 'selections', asked: { query: doubling } },
  { limit: 'depth', asked: { query: `{ ${'a { '.repeat(30)} b ${'}'.repeat(30)} }` } },
  { limit: 'repeats', asked: { query: `{ organization { ${'id '.repeat(400)} } }` } },
  { limit: 'cost', asked: { query: CONFLICTS, variables: { n: 1_000_000 } } },
  {
    limit: 'valueDepth',
    asked: { query: CONFLICTS, variables: { n: JSON.parse(`${'['.repeat(1000)}${']'.repeat(1000)}`) } },
  },
]

describe.for(Object.keys(doors))('over %s', (door) => {
  const ask = doors[door] as (asked: Asked) => Promise<Told>

  test.for(REFUSED)('beyond $limit it is BAD_USER_INPUT, with the limit and its number', async ({ limit, asked }) => {
    const { errors, data } = await ask(asked)
    expect(data ?? null).toBeNull()
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', limit, max: expect.any(Number) } }])
  })

  test('what is within the limits is answered, with variables that nobody declared', async () => {
    const { data } = await ask({ query: CONFLICTS, variables: { n: 5, unknown: 'x'.repeat(5000) } })
    expect(data).toEqual({ calendarConflicts: [] })
  })
})

test('a document whose fragments double is refused as fast the third time as the first', async () => {
  const before = process.memoryUsage().heapUsed
  for (let time = 0; time < 20; time++)
    await (doors['the short way'] as (asked: Asked) => Promise<Told>)({ query: doubling })
  // Compiled, it would be a function of a billion fields.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(200_000_000)
})

describe.for(['a WebSocket', 'event streams'])('over %s', (door) => {
  test('subscribers that differ in undeclared variables alone share their results', async () => {
    const { serviceId } = await findOpenSlot(gateway)
    const client =
      door === 'a WebSocket'
        ? openWebSocketClient(gateway, { authorization: gateway.publishableKey })
        : openSseClient(gateway)
    const input = watchInput(serviceId)
    const streams = [1, 2, 3].map((unknown) => client.iterate({ query: WATCH, variables: { ...input, unknown } }))
    for (const stream of streams) expect((await stream.next()).value).toMatchObject({ data: {} })
    expect(gateway.groups()).toBe(1)
    await client.dispose()
    await until(() => gateway.subscribers() === 0)
  })
})

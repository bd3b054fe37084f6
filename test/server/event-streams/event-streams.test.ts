// Server-sent events: plain requests and graphql-sse in both of its modes.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../../support/until.ts'
import {
  ask,
  bearer,
  findOpenSlot,
  HOLD,
  openSseClient,
  openTestGateway,
  type TestGateway,
  WATCH,
  watchInput,
} from '../gateway.ts'

let gateway: TestGateway

beforeAll(async () => {
  gateway = await openTestGateway()
})

afterAll(() => gateway[Symbol.asyncDispose]())

interface Update {
  availability: { kind: 'SNAPSHOT' | 'CHANGE'; opened: { startsAt: string }[]; closed: { startsAt: string }[] }
}

/** The text of a stream as it comes in. */
function follow(response: Response) {
  const followed = { text: '', ended: false }
  void (async () => {
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) followed.text += chunk
    followed.ended = true
  })().catch(() => {})
  return followed
}

function watchByPost(serviceId: string, init: RequestInit & { accept?: string } = {}, on = gateway) {
  return fetch(on.graphqlUrl, {
    method: 'POST',
    headers: {
      accept: init.accept ?? 'text/event-stream',
      'content-type': 'application/json',
      ...bearer(on.publishableKey),
    },
    body: JSON.stringify({ query: WATCH, variables: watchInput(serviceId) }),
    ...init,
  })
}

describe('a plain request', () => {
  test('tells each client another delay to come back after', async () => {
    const { serviceId } = await findOpenSlot(gateway)
    const delays = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const leaving = new AbortController()
        const stream = follow(await watchByPost(serviceId, { signal: leaving.signal }))
        await until(() => stream.text.includes('SNAPSHOT'))
        leaving.abort()
        return Number(/^retry: (\d+)\n\n/.exec(stream.text)?.[1])
      }),
    )
    for (const delay of delays) expect(delay >= 500 && delay <= 1500, String(delay)).toBe(true)
    expect(new Set(delays).size).toBeGreaterThan(1)
  })

  test.for(['text/event-stream', '*/*'])('that accepts %s gets the snapshot and every change', async (accept) => {
    const { serviceId, startsAt } = await findOpenSlot(gateway)
    const leaving = new AbortController()
    const response = await watchByPost(serviceId, { accept, signal: leaving.signal })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    const stream = follow(response)
    await until(() => stream.text.includes('SNAPSHOT'))
    await ask(gateway, HOLD, { input: { slot: { serviceId, startsAt } } })
    await until(() => stream.text.includes('CHANGE'))
    expect(stream.text).toMatch(/^retry: \d+\n\nid: \S+\nevent: next\ndata: \{"data":/)
    leaving.abort()
    await until(() => gateway.subscribers() === 0)
  })

  test('can be a GET, as EventSource sends it', async () => {
    const { serviceId } = await findOpenSlot(gateway)
    const url = new URL(gateway.graphqlUrl)
    url.searchParams.set('query', WATCH)
    url.searchParams.set('variables', JSON.stringify(watchInput(serviceId)))
    const leaving = new AbortController()
    const response = await fetch(url, {
      headers: { accept: 'text/event-stream', ...bearer(gateway.publishableKey) },
      signal: leaving.signal,
    })
    const stream = follow(response)
    await until(() => stream.text.includes('SNAPSHOT'))
    leaving.abort()
    await until(() => gateway.subscribers() === 0)
  })

  test('with a query gets one event and the end', async () => {
    const response = await fetch(gateway.graphqlUrl, {
      method: 'POST',
      headers: {
        accept: 'text/event-stream',
        'content-type': 'application/json',
        ...bearer(gateway.publishableKey),
      },
      body: JSON.stringify({ query: '{ organization { __typename } }' }),
    })
    expect((await response.text()).replace(/^retry: \d+\n\n/, '')).toBe(
      'event: next\ndata: {"data":{"organization":{"__typename":"Organization"}}}\n\nevent: complete\ndata:\n\n',
    )
  })

  test('with an invalid document gets its errors and the end', async () => {
    const response = await fetch(gateway.graphqlUrl, {
      method: 'POST',
      headers: { accept: 'text/event-stream', 'content-type': 'application/json' },
      body: JSON.stringify({ query: 'subscription { nothing }' }),
    })
    const text = await response.text()
    expect(text).toContain('GRAPHQL_VALIDATION_FAILED')
    expect(text).toMatch(/event: complete\ndata:\n\n$/)
  })

  test('is kept alive while nothing happens', async () => {
    await using lively = await openTestGateway({ keepAliveMs: 50 })
    const { serviceId } = await findOpenSlot(lively)
    const leaving = new AbortController()
    const stream = follow(await watchByPost(serviceId, { signal: leaving.signal }, lively))
    await until(() => stream.text.endsWith('\n\n:\n\n:\n\n'))
    leaving.abort()
    await until(() => lively.openStreams().eventStreams === 0)
  })

  test('whose client leaves before its source has started loses nothing', async () => {
    const { serviceId } = await findOpenSlot(gateway)
    const leaving = new AbortController()
    const response = await watchByPost(serviceId, { signal: leaving.signal })
    leaving.abort()
    await response.text().catch(() => {})
    await until(() => gateway.openStreams().eventStreams === 0)
    await until(() => gateway.subscribers() === 0)
  })
})

describe.for([
  { mode: 'distinct connections', singleConnection: false, path: '/graphql' },
  { mode: 'a single connection', singleConnection: true, path: '/graphql' },
  { mode: 'a single connection of its own path', singleConnection: true, path: '/graphql/stream' },
])('graphql-sse with $mode', (mode) => {
  test('runs queries and mutations, and watches two views at once', async () => {
    const { serviceId, startsAt } = await findOpenSlot(gateway)
    const client = openSseClient(gateway, mode)
    const variables = watchInput(serviceId)
    const one = client.iterate<Update>({ query: WATCH, variables })
    const other = client.iterate<Update>({ query: WATCH, variables })
    for (const updates of [one, other]) {
      expect((await updates.next()).value?.data?.availability.kind).toBe('SNAPSHOT')
    }
    const hold = client.iterate({ query: HOLD, variables: { input: { slot: { serviceId, startsAt } } } })
    expect((await hold.next()).value).toMatchObject({ data: { holdSlot: { __typename: 'Hold' } } })
    expect((await hold.next()).done).toBe(true)
    for (const updates of [one, other]) {
      expect((await updates.next()).value?.data?.availability.kind).toBe('CHANGE')
    }
    await one.return?.()
    await until(() => gateway.subscribers() === 1)
    client.dispose()
    await until(() => gateway.subscribers() === 0)
    await until(() => gateway.openStreams().eventStreams === 0)
  })
})

describe('a reserved stream', () => {
  const reserve = () => fetch(`${gateway.graphqlUrl}/stream`, { method: 'PUT' })

  test('is only what was given out here', async () => {
    for (const token of ['__proto__', 'constructor', crypto.randomUUID()]) {
      const response = await fetch(`${gateway.graphqlUrl}/stream`, {
        headers: { accept: 'text/event-stream', 'x-graphql-event-stream-token': token },
      })
      expect(response.status).toBe(404)
    }
  })

  test('carries what was started before it was opened', async () => {
    const token = await (await reserve()).text()
    const headers = { 'x-graphql-event-stream-token': token, ...bearer(gateway.publishableKey) }
    const started = await fetch(`${gateway.graphqlUrl}/stream`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ organization { name } }', extensions: { operationId: 'a' } }),
    })
    expect(started.status).toBe(202)
    const leaving = new AbortController()
    const stream = follow(
      await fetch(`${gateway.graphqlUrl}/stream`, {
        headers: { accept: 'text/event-stream', ...headers },
        signal: leaving.signal,
      }),
    )
    await until(() => stream.text.includes('event: complete'))
    expect(stream.text).toContain('"id":"a"')
    leaving.abort()
    await until(() => gateway.openStreams().eventStreams === 0)
  })

  test('cannot be reserved without end', async () => {
    await using small = await openTestGateway({ limits: { reservedStreams: 2 } })
    const statuses: number[] = []
    for (let count = 0; count < 3; count++) {
      statuses.push((await fetch(`${small.graphqlUrl}/stream`, { method: 'PUT' })).status)
    }
    expect(statuses).toEqual([201, 201, 503])
  })

  test('takes no operation over the limit of a body', async () => {
    const token = await (await reserve()).text()
    const response = await fetch(`${gateway.graphqlUrl}/stream`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-graphql-event-stream-token': token },
      body: JSON.stringify({ query: `{ ${'a'.repeat(300_000)} }` }),
    })
    expect(response.status).toBeGreaterThanOrEqual(400)
  })
})

// Who calls: a key in the header or in connection_init, on every transport.

import type { GraphQLError } from 'graphql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bearer, openSseClient, openTestGateway, openWebSocketClient, type TestGateway } from './gateway.ts'

let gateway: TestGateway
const query = '{ organization { name } }'

beforeAll(async () => {
  gateway = await openTestGateway()
})

afterAll(() => gateway[Symbol.asyncDispose]())

async function post(authorization: string | undefined, accept = 'application/graphql-response+json') {
  const response = await fetch(gateway.graphqlUrl, {
    method: 'POST',
    headers: { accept, 'content-type': 'application/json', ...(authorization && { authorization }) },
    body: JSON.stringify({ query }),
  })
  const { data, errors } = (await response.json()) as { data?: unknown; errors?: GraphQLError[] }
  return { status: response.status, code: errors?.[0]?.extensions?.code, data, headers: response.headers }
}

describe('over HTTP', () => {
  test('a key lets in', async () => {
    expect(await post(`Bearer ${gateway.publishableKey}`)).toMatchObject({ status: 200, data: { organization: {} } })
    expect(await post(`bearer  ${gateway.secretKey}`)).toMatchObject({ status: 200, data: { organization: {} } })
  })

  test.for([
    { what: 'no key', authorization: undefined },
    { what: 'an unknown key', authorization: 'Bearer pk_unknown' },
    { what: 'a forged manage token', authorization: `Bearer mt_${'A'.repeat(76)}` },
    { what: 'a key without the word Bearer', authorization: 'pk_unknown' },
    { what: 'another scheme', authorization: 'Basic dXNlcjpwYXNz' },
  ])('$what is UNAUTHENTICATED with 401, for old clients too', async ({ authorization }) => {
    for (const accept of ['application/graphql-response+json', 'application/json']) {
      const refused = await post(authorization, accept)
      expect(refused).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' })
      expect(refused.headers.get('www-authenticate')).toBe('Bearer')
      expect(refused.data ?? null).toBeNull()
    }
  })

  test.for([
    { what: 'POST', query },
    { what: 'GET', query },
    { what: 'POST', query: 'subscription { appointments { id } }' },
    { what: 'GET', query: 'subscription { appointments { id } }' },
    { what: 'GET', query: '{' },
  ])('an event stream by $what with an unknown key is 401, and no stream: $query', async ({ what, query }) => {
    const headers = { accept: 'text/event-stream', ...bearer('pk_unknown') }
    const response =
      what === 'GET'
        ? await fetch(`${gateway.graphqlUrl}?query=${encodeURIComponent(query)}`, { headers })
        : await fetch(gateway.graphqlUrl, {
            method: 'POST',
            headers: { ...headers, 'content-type': 'application/json' },
            body: JSON.stringify({ query }),
          })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe('Bearer')
    expect(response.headers.get('content-type')).toContain('application/json')
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
    expect(gateway.openStreams().eventStreams).toBe(0)
  })

  test('an unknown key is UNAUTHENTICATED in a reserved stream', async () => {
    const token = await (await fetch(`${gateway.graphqlUrl}/stream`, { method: 'PUT' })).text()
    const response = await fetch(`${gateway.graphqlUrl}/stream`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-graphql-event-stream-token': token, ...bearer('pk_unknown') },
      body: JSON.stringify({ query, extensions: { operationId: '1' } }),
    })
    expect(response.status).toBe(401)
    expect(await response.text()).toContain('UNAUTHENTICATED')
  })

  test('graphql-sse sends it as a header', async () => {
    const client = openSseClient(gateway)
    const { value } = await client.iterate({ query }).next()
    expect(value).toMatchObject({ data: { organization: { name: expect.any(String) } } })
    client.dispose()
  })
})

describe('over WebSocket', () => {
  async function ask(connectionParams: Record<string, unknown>) {
    const client = openWebSocketClient(gateway, connectionParams)
    try {
      const { value } = await client.iterate({ query }).next()
      return { data: value?.data, code: value?.errors?.[0]?.extensions?.code }
    } finally {
      await client.dispose()
    }
  }

  test('connection_init carries the key', async () => {
    const { publishableKey } = gateway
    const data = { organization: { name: expect.any(String) } }
    expect(await ask({ authorization: `Bearer ${publishableKey}` })).toMatchObject({ data })
    expect(await ask({ Authorization: `Bearer ${publishableKey}` })).toMatchObject({ data })
    expect(await ask({ authorization: publishableKey })).toMatchObject({ data })
  })

  test('without a key every operation is UNAUTHENTICATED', async () => {
    expect(await ask({})).toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  test.for(['Bearer pk_unknown', 'Basic dXNlcjpwYXNz', 1])('%s closes with 4403', async (authorization) => {
    await expect(ask({ authorization })).rejects.toMatchObject({ code: 4403 })
  })
})

test('while the keys cannot be read, nobody is refused for good', async () => {
  const away = Object.assign(new Error('connect ECONNREFUSED 10.1.2.3:5432'), { code: 'ECONNREFUSED' })
  await using broken = await openTestGateway({ authenticate: () => Promise.reject(away) })
  const response = await fetch(broken.graphqlUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...bearer('pk_any') },
    body: JSON.stringify({ query }),
  })
  expect(response.status).toBe(503)
  expect(response.headers.get('retry-after')).toBe('1')
  const text = await response.text()
  expect(text).toContain('"code":"UNAVAILABLE"')
  expect(text).toContain('"retryAfterMs":1000')
  expect(text).not.toContain('10.1.2.3')
  const client = openWebSocketClient(broken, { authorization: 'pk_any' })
  await expect(client.iterate({ query }).next()).rejects.toMatchObject({ code: 1013 })
  await client.dispose()
})

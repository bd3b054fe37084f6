// What is refused at the door gets a status, a code and a sentence, and nothing of the inside.

import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask, bearer, openTestGateway, type TestGateway } from './gateway.ts'

let gateway: TestGateway

beforeAll(async () => {
  gateway = await openTestGateway({ limits: { bodyBytes: 2000 } })
})

afterAll(() => gateway[Symbol.asyncDispose]())

async function post(body: RequestInit['body'], headers: Record<string, string> = {}) {
  const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body, duplex: 'half' }
  return read(await fetch(gateway.graphqlUrl, init as RequestInit))
}

async function read(response: Response) {
  const { errors, data } = (await response.json()) as {
    data?: unknown
    errors: { message: string; extensions: { code: string } }[]
  }
  return { status: response.status, code: errors?.[0]?.extensions?.code, message: errors?.[0]?.message, data }
}

/** As the bytes stand, for what no HTTP client would send. */
async function sendRaw(text: string): Promise<string> {
  const { hostname, port } = new URL(gateway.url)
  const socket = connect(Number(port), hostname)
  let answer = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    answer += chunk
  })
  socket.write(text)
  await once(socket, 'close')
  return answer
}

describe('the body', () => {
  test('over the limit is refused by its announced length', async () => {
    const refused = await post(JSON.stringify({ query: `{ ${'a'.repeat(3000)} }` }))
    expect(refused).toMatchObject({ status: 413, code: 'REQUEST_TOO_LARGE' })
    expect(refused.message).toContain('2000 bytes')
  })

  test('over the limit is refused without an announced length', async () => {
    const chunks = new ReadableStream({
      pull(controller) {
        controller.enqueue(new TextEncoder().encode(' '.repeat(1500)))
      },
    })
    expect(await post(chunks)).toMatchObject({ status: 413, code: 'REQUEST_TOO_LARGE' })
  })

  test('over the limit is refused for every content type', async () => {
    const body = `query=${'a'.repeat(3000)}`
    const refused = await post(body, { 'content-type': 'application/x-www-form-urlencoded' })
    expect(refused).toMatchObject({ status: 413, code: 'REQUEST_TOO_LARGE' })
  })

  test.for([
    { body: '{"query"', message: 'The body is not valid JSON.' },
    { body: '', message: 'The body is not valid JSON.' },
    { body: 'null', message: 'The body must be a JSON object with a query.' },
    { body: '"{ __typename }"', message: 'The body must be a JSON object with a query.' },
    { body: '1', message: 'The body must be a JSON object with a query.' },
  ])('$body is refused as malformed', async ({ body, message }) => {
    expect(await post(body)).toMatchObject({ status: 400, code: 'BAD_REQUEST', message })
  })

  test('a list of operations is refused', async () => {
    expect(await post('[{"query":"{ __typename }"}]')).toMatchObject({ status: 400, code: 'BAD_REQUEST' })
  })

  test.for(['text/plain', 'multipart/form-data; boundary=x', ''])('of the type "%s" is refused', async (type) => {
    const refused = await post(Buffer.from('{"query":"{ __typename }"}'), { 'content-type': type })
    expect(refused).toMatchObject({ status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' })
  })

  test('compressed is refused', async () => {
    const refused = await post('x', { 'content-encoding': 'gzip' })
    expect(refused).toMatchObject({ status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' })
  })
})

describe('the request', () => {
  test('for an unknown path is answered in JSON', async () => {
    expect(await read(await fetch(`${gateway.url}/nothing`))).toMatchObject({ status: 404, code: 'NOT_FOUND' })
    expect(await read(await fetch(`${gateway.url}/graphql/nothing`))).toMatchObject({ status: 404 })
    expect(await read(await fetch(`${gateway.url}/toString`))).toMatchObject({ status: 404 })
  })

  test('with a mutation over GET is refused and changes nothing', async () => {
    const query = 'mutation { releaseHold(input: { holdId: "x" }) { __typename } }'
    const response = await fetch(`${gateway.graphqlUrl}?query=${encodeURIComponent(query)}`, {
      headers: bearer(gateway.secretKey),
    })
    expect(response.headers.get('allow')).toBe('POST')
    expect(await read(response)).toMatchObject({ status: 405, code: 'BAD_REQUEST' })
  })

  test('with a mutation over GET is refused for an event stream too', async () => {
    const query = 'mutation { releaseHold(input: { holdId: "x" }) { __typename } }'
    const response = await fetch(`${gateway.graphqlUrl}?query=${encodeURIComponent(query)}`, {
      headers: { accept: 'text/event-stream', ...bearer(gateway.secretKey) },
    })
    expect(response.status).toBe(405)
  })

  test('with another method is refused', async () => {
    const response = await fetch(gateway.graphqlUrl, { method: 'PATCH' })
    expect(response.headers.get('allow')).toBe('GET, POST')
    expect(await read(response)).toMatchObject({ status: 405 })
  })

  test('with an address over the limit is refused', async () => {
    const answer = await sendRaw(`GET /graphql?query=${'a'.repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`)
    expect(answer).toMatch(/^HTTP\/1.1 431 /)
    expect(answer).toContain('REQUEST_TOO_LARGE')
  })

  test('that is no HTTP is refused', async () => {
    const answer = await sendRaw('HELLO\r\n\r\n')
    expect(answer).toMatch(/^HTTP\/1.1 400 /)
    expect(answer).toContain('BAD_REQUEST')
  })

  test('has an id, its own or that of the caller', async () => {
    const response = await fetch(`${gateway.url}/healthz`)
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    const named = await fetch(`${gateway.url}/healthz`, { headers: { 'x-request-id': 'booking-page-1' } })
    expect(named.headers.get('x-request-id')).toBe('booking-page-1')
    const hostile = await fetch(`${gateway.url}/healthz`, { headers: { 'x-request-id': '"><script>' } })
    expect(hostile.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })
})

describe('a page of another origin', () => {
  test('may call with a key', async () => {
    const preflight = await fetch(gateway.graphqlUrl, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://salon.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*')
    expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization,content-type')
    const answer = await fetch(`${gateway.graphqlUrl}?query={__typename}`, {
      headers: { origin: 'https://salon.example' },
    })
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
  })

  test('may call only if it is on the list, when there is one', async () => {
    await using listed = await openTestGateway({ allowedOrigins: ['https://salon.example'] })
    const ask = (origin: string) => fetch(`${listed.graphqlUrl}?query={__typename}`, { headers: { origin } })
    expect((await ask('https://salon.example')).headers.get('access-control-allow-origin')).toBe(
      'https://salon.example',
    )
    expect((await ask('https://other.example')).headers.get('access-control-allow-origin')).toBeNull()
  })
})

test('one address keeps no more than its share of a calendar, whatever sessions it invents', async () => {
  const [service] = (await askAs<{ services: { id: string }[] }>('{ services { id } }')).services
  const serviceId = service?.id
  const at = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString()
  const { availability } = await askAs<{ availability: { slots: { startsAt: string }[] } }>(
    'query ($input: AvailabilityInput!) { availability(input: $input) { slots { startsAt } } }',
    { input: { serviceId, from: at(2), to: at(30) } },
  )
  // Far enough apart that none is in the way of another.
  const wishes = availability.slots.filter((_, index) => index % 4 === 0).slice(0, 100)
  expect(wishes).toHaveLength(100)
  const hold = `mutation ($input: HoldSlotInput!) { holdSlot(input: $input) {
    ... on HoldLimitReachedError { scope limit retryAfterMs } ... on SlotUnavailableError { code } } }`
  const answers = await Promise.all(
    wishes.map(({ startsAt }, index) =>
      askAs<{ holdSlot: { scope?: string; limit?: number; code?: string } }>(hold, {
        input: { slot: { serviceId, startsAt }, sessionKey: `invented ${index}` },
      }),
    ),
  )
  const refused = answers.filter(({ holdSlot }) => holdSlot.scope === 'ADDRESS')
  const taken = answers.filter(({ holdSlot }) => holdSlot.code === 'SLOT_UNAVAILABLE')
  expect(refused.length).toBe(100 - 60 - taken.length)
  expect(refused[0]?.holdSlot).toMatchObject({ limit: 60, retryAfterMs: expect.any(Number) })
})

function askAs<Data>(query: string, variables: object = {}): Promise<Data> {
  return ask<Data>(gateway, query, variables)
}

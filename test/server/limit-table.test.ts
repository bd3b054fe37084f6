// The table of limits generates its own tests: each limit, on each way in that it names, is met and let go again.

import type { Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { asSystem, inTransaction } from '../../src/db/transaction.ts'
import { connectRetell } from '../../src/domain/outside/calls/voice-agents.ts'
import { createAdmission } from '../../src/runtime/limits/admission.ts'
import { DEFAULT_LIMITS, LIMIT_NAMES, LIMITS, type LimitName, type Way } from '../../src/runtime/limits/table.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { openServer } from '../../src/server.ts'
import { until } from '../support/until.ts'
import { openTestGateway, ask as query, type TestGateway, WATCH, watchInput } from './gateway.ts'
import {
  ASK,
  type Caller,
  type Held,
  headersOf,
  holdBody,
  isRefused,
  openConnection,
  openSocket,
  postJson,
  signature,
  type Told,
  type Used,
  WEBHOOK_KEY,
} from './limit-probes.ts'

let now = 0
const admission = createAdmission({ proxies: 1, limits: { messageBytes: 2000 }, now: () => now })
const limits = admission.limits as Record<LimitName, number>
let gateway: TestGateway
let integrationId: string
let serviceId: string
/** As the caller behind the publishable key is counted. */
let keyName: string
let others = 0
/** A key whose look-up never ends. */
const SLOW = 'pk_slow'

beforeAll(async () => {
  gateway = await openTestGateway({ admission, withWebhooks: true, slowKey: SLOW })
  const [location] = await asSystem(
    gateway.db,
    (tx) => tx.sql<{ id: string; organizationId: string }[]>`
      select id, organization_id as "organizationId" from locations limit 1`,
  )
  const { id: locationId, organizationId } = location as { id: string; organizationId: string }
  const connection = {
    locationId,
    apiKey: WEBHOOK_KEY,
    language: 'de' as const,
    functions: [],
    serviceNames: [],
    holdSeconds: null,
  }
  integrationId = (await inTransaction(gateway.db, organizationId, (tx) => connectRetell(tx, connection))).id
  const { services } = await query<{ services: { id: string }[] }>(gateway, '{ services { id } }')
  serviceId = String(services[0]?.id)
  const [key] = await asSystem(
    gateway.db,
    (tx) => tx.sql<{ id: string }[]>`select id from api_keys where kind = 'PUBLISHABLE'`,
  )
  keyName = `key:${key?.id}`
})

afterAll(() => gateway[Symbol.asyncDispose]())

beforeEach(() => {
  Object.assign(limits, DEFAULT_LIMITS, { messageBytes: 2000 })
  now += 60_000
})

/** From an address that nobody had before. */
function somebody(key: string | null): Caller {
  others++
  return { gateway, address: `203.0.113.${others}`, key }
}

const BUSY = { status: 503, code: 'UNAVAILABLE' }
const LATER = { status: 429, code: 'RATE_LIMITED' }

function expectRefusal(limit: LimitName, way: Way, told: Told): void {
  const { per } = LIMITS[limit]
  const isOfSocket = way === 'WEBSOCKET' && (limit.startsWith('sockets') || limit === 'messagesPerSocket')
  if (isOfSocket && limit !== 'socketsOpeningPerAddress') {
    expect(told.status).toBe(limit === 'messagesPerSocket' ? 1008 : 1013)
    return
  }
  // On a socket there is no status: the probe writes 429 for every refusal.
  if (way !== 'WEBSOCKET') expect(told.status).toBe(per === 'process' ? BUSY.status : LATER.status)
  expect(told.code).toBe(per === 'process' ? BUSY.code : LATER.code)
  if (way !== 'WEBSOCKET') expect(Number(told.retryAfter)).toBeGreaterThanOrEqual(1)
  if (told.retryAfterMs !== undefined) expect(told.retryAfterMs).toBeGreaterThan(0)
}

/** Who is counted by a limit: without a key where it is about that. */
function keyFor(limit: LimitName): string | null {
  return limit === 'requestsWithoutKey' || limit === 'socketsWithoutKey' ? null : gateway.publishableKey
}

async function meetRate(limit: LimitName, way: Way): Promise<void> {
  const caller = somebody(keyFor(limit))
  // A socket asks once to be opened.
  const times = way === 'WEBSOCKET' ? 4 : 3
  limits[limit] = times
  const isCost = limit === 'costPerAddress'
  const perRequest = way === 'WEBSOCKET' && !isCost ? 2 : 1
  for (let used = 0; used < times; used += perRequest) {
    expect(isRefused(await ASK[way](caller, integrationId))).toBe(false)
  }
  const refused = await ASK[way](caller, integrationId)
  expect(isRefused(refused)).toBe(true)
  // A socket is not even opened.
  if (way === 'WEBSOCKET' && !isCost) expect(refused.status).toBe(1013)
  else expectRefusal(limit, way, refused)
  if (LIMITS[limit].per === 'address') {
    expect(isRefused(await ASK[way](somebody(caller.key), integrationId))).toBe(false)
  }
  now += 10_000
  expect(isRefused(await ASK[way](caller, integrationId))).toBe(false)
}

type Hold = (caller: Caller, way: Way, used: Used) => Promise<Held>

/** Filled up to `most` by steps of `each`: the next is refused, and let in when one has gone. */
async function meetPlaces(limit: LimitName, way: Way, { hold, most = 2, each = 1 }: Holding): Promise<void> {
  const { per } = LIMITS[limit]
  const caller = somebody(keyFor(limit))
  const usedBy =
    ({ address }: Caller) =>
    () =>
      admission.places.used(limit, per === 'address' ? address : per === 'key' ? keyName : undefined)
  const used = usedBy(caller)
  await until(() => used() === 0, { what: 'What the test before has left' })
  limits[limit] = most
  const held: Held[] = []
  for (let taken = 0; taken + each <= most; taken += each) held.push(await hold(caller, way, used))
  expect(held.filter(isRefused)).toEqual([])
  const refused = await hold(caller, way, used)
  expectRefusal(limit, way, refused)
  await refused.release()
  if (per === 'address') {
    const other = somebody(caller.key)
    const one = await hold(other, way, usedBy(other))
    expect(isRefused(one)).toBe(false)
    await one.release()
  }
  const full = used()
  await held.pop()?.release()
  await until(() => used() < full, { what: 'The place that was given back' })
  const again = await hold(caller, way, used)
  expect(isRefused(again)).toBe(false)
  for (const one of [...held, again]) await one.release()
  await until(() => used() === 0, { what: 'That everything is given back' })
}

interface Holding {
  hold: Hold
  most?: number
  each?: number
}

/** What keeps a request of this way from being answered: its body has not arrived, or its key is not looked up. */
const holdRequest: Hold = (caller, way, used) =>
  way === 'GET' ? holdGet({ ...caller, key: SLOW }, used) : holdBody(caller, { way, integrationId, sent: 1, used })

const holdBytes: Hold = (caller, way, used) => holdBody(caller, { way, integrationId, sent: 500, used })

/** An event stream, or a socket with one subscription. */
const holdSubscription: Hold = async (caller, way) => {
  const payload = { query: WATCH.padEnd(900), variables: watchInput(serviceId) }
  if (way === 'SSE') return holdStream(caller, payload)
  const socket = await openSocket(caller)
  return { ...(await socket.ask(payload)), release: socket.release }
}

const holdReservation: Hold = async (caller) => {
  const response = await fetch(gateway.graphqlUrl, { method: 'PUT', headers: headersOf(caller) })
  const { told, text } = await tell(response)
  return {
    ...told,
    // Opened it is reserved no more.
    async release() {
      if (told.status !== 201) return
      await openReserved(caller, text)
    },
  }
}

const PLACES: Partial<Record<LimitName, Holding>> = {
  requestsUnderWayPerAddress: { hold: holdRequest },
  requestsUnderWay: { hold: holdRequest },
  bodyBytesPerAddress: { hold: holdBytes, most: 1200, each: 500 },
  bodyBytesTotal: { hold: holdBytes, most: 1200, each: 500 },
  socketsOpeningPerAddress: { hold: (caller) => openSocket(caller, { init: false }) },
  socketsWithoutKey: { hold: (caller) => openSocket(caller) },
  socketsPerAddress: { hold: (caller) => openSocket(caller) },
  socketsPerKey: { hold: (caller) => openSocket(caller) },
  subscriptionsPerAddress: { hold: holdSubscription },
  subscriptionsPerKey: { hold: holdSubscription },
  subscriptions: { hold: holdSubscription },
  keptBytesPerAddress: { hold: holdSubscription, most: 2500, each: 1000 },
  keptBytes: { hold: holdSubscription, most: 2500, each: 1000 },
  reservedStreamsPerAddress: { hold: holdReservation },
  reservedStreams: { hold: holdReservation },
}

/** What is met in its own way. */
const OTHERS: Partial<Record<LimitName, (way: Way) => Promise<void>>> = {
  async bodyBytes(way) {
    limits.bodyBytes = 500
    const send = (length: number) => {
      const accept = way === 'SSE' ? 'text/event-stream' : 'application/json'
      const query = `{ __typename }${' '.repeat(length)}`
      return postJson(somebody(gateway.publishableKey), { query }, { accept })
    }
    expect((await tell(await send(300))).told.status).toBe(200)
    expect((await tell(await send(600))).told).toMatchObject({ status: 413, code: 'REQUEST_TOO_LARGE' })
  },
  async deliveryBytes() {
    limits.deliveryBytes = 500
    const send = (length: number) => {
      const body = JSON.stringify({ event: 'unheard_of', padding: ' '.repeat(length) })
      const headers = { ...headersOf(somebody(null)), ...signature(body) }
      return fetch(`${gateway.url}/webhooks/retell/${integrationId}/events`, { method: 'POST', headers, body })
    }
    expect((await tell(await send(300))).told.status).toBeLessThan(300)
    expect((await tell(await send(600))).told.status).toBe(413)
  },
  async messageBytes() {
    const ask = async (length: number) => {
      const socket = await openSocket(somebody(gateway.publishableKey))
      void socket.ask({ query: `{ __typename }${' '.repeat(length)}` }).catch(() => {})
      return socket
    }
    const fits = await ask(500)
    expect(await fits.ask({ query: '{ __typename }' })).toEqual({ status: 200 })
    await fits.release()
    const tooLong = await ask(3000)
    expect(await until(() => tooLong.closedWith())).toBe(1009)
  },
  async messagesPerSocket() {
    limits.messagesPerSocket = 20
    const socket = await openSocket(somebody(gateway.publishableKey))
    for (let sent = 0; sent < 10; sent++) socket.ping()
    expect(await socket.ask({ query: '{ __typename }' })).toEqual({ status: 200 })
    expect(socket.closedWith()).toBeNull()
    for (let sent = 0; sent < 20; sent++) socket.ping()
    expect(await until(() => socket.closedWith())).toBe(1008)
  },
  async subscriptionsPerSocket(way) {
    limits.subscriptionsPerSocket = 2
    const payload = { query: WATCH, variables: watchInput(serviceId) }
    const caller = somebody(gateway.publishableKey)
    if (way === 'WEBSOCKET') {
      const socket = await openSocket(caller)
      const told = [await socket.ask(payload), await socket.ask(payload), await socket.ask(payload)]
      expect(told.map(({ code }) => code)).toEqual([undefined, undefined, 'RATE_LIMITED'])
      return socket.release()
    }
    const { text: token } = await tell(await fetch(gateway.graphqlUrl, { method: 'PUT', headers: headersOf(caller) }))
    const start = (operationId: string) =>
      postJson(caller, { ...payload, extensions: { operationId } }, { 'x-graphql-event-stream-token': token })
    // What was not sent yet counts too.
    const statuses = [await start('1'), await start('2'), await start('3')].map(({ status }) => status)
    expect([statuses.at(0), statuses.at(-1)]).toEqual([202, 429])
    await openReserved(caller, token)
  },
  async connections() {
    const own = createAdmission({ limits: { connections: 2 } })
    const input = { host: '127.0.0.1', port: 0, portName: 'PORT', routes: {}, admission: own }
    await using server = await openServer({ ...input, logger: createLogger('silent') })
    const open = () => openConnection({ gateway: server }, () => own.places.used('connections'))
    const held = [await open(), await open()]
    const refused = await open()
    expect(held.filter(isRefused)).toEqual([])
    expect(refused).toMatchObject({ status: 503, code: 'UNAVAILABLE', retryAfter: '1' })
    await held[0]?.release()
    await until(() => own.places.used('connections') < 2)
    const again = await open()
    expect(isRefused(again)).toBe(false)
    for (const one of [held[1], again]) await one?.release()
  },
  async connectionsPerAddress() {
    // The tests' own connections all come from this machine, which is not counted.
    const direct = createAdmission({ limits: { connectionsPerAddress: 2 } })
    const from = (remoteAddress: string) => direct.openConnection({ remoteAddress } as Socket)
    const giveBack = from('203.0.113.1')
    from('203.0.113.1')
    expect(() => from('203.0.113.1')).toThrow('The limit of one address is 2')
    from('203.0.113.2')
    giveBack()
    from('203.0.113.1')
  },
}

for (const limit of LIMIT_NAMES) {
  for (const way of LIMITS[limit].ways) {
    test(`${LIMITS[limit].variable} holds for ${way}`, async () => {
      const own = OTHERS[limit]
      const holding = PLACES[limit]
      if (own) await own(way)
      else if (holding) await meetPlaces(limit, way, holding)
      else if (LIMITS[limit].kind === 'rate') await meetRate(limit, way)
      else expect.fail(`nothing meets ${limit}`)
    })
  }
}

async function tell(response: Response): Promise<{ told: Told; text: string }> {
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream')
  if (isStream) await response.body?.cancel()
  const text = isStream ? '' : await response.text()
  const { errors } = text.startsWith('{') ? (JSON.parse(text) as { errors?: Fault[] }) : {}
  const retryAfter = response.headers.get('retry-after') ?? undefined
  return { told: { status: response.status, retryAfter, ...errors?.[0]?.extensions }, text }
}

interface Fault {
  extensions: { code: string; retryAfterMs?: number }
}

/** And left again: what was started into it ends. */
async function openReserved(caller: Caller, token: string): Promise<void> {
  const aborted = new AbortController()
  const headers = { accept: 'text/event-stream', 'x-graphql-event-stream-token': token }
  await fetch(gateway.graphqlUrl, { headers: { ...headersOf(caller), ...headers }, signal: aborted.signal })
  aborted.abort()
}

async function holdStream(caller: Caller, payload: object): Promise<Held> {
  const aborted = new AbortController()
  const response = await fetch(gateway.graphqlUrl, {
    method: 'POST',
    signal: aborted.signal,
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headersOf(caller) },
    body: JSON.stringify(payload),
  })
  const told = response.ok ? { status: 200 } : (await tell(response)).told
  return { ...told, release: async () => aborted.abort() }
}

async function holdGet(caller: Caller, used: Used): Promise<Held> {
  const before = used()
  const aborted = new AbortController()
  let told: Told | null = null
  const asked = fetch(`${gateway.graphqlUrl}?query={__typename}`, {
    headers: headersOf(caller),
    signal: aborted.signal,
  })
  asked.then(
    async (response) => {
      told = (await tell(response)).told
    },
    () => {},
  )
  await until(() => told !== null || used() > before, { what: 'The request' })
  return { ...(told ?? { status: 0 }), release: async () => aborted.abort() }
}

// Clients that do not read: bounded bytes, one snapshot when they drain, and an end when they never do.

import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { UNSENT_LIMIT_BYTES } from '../../../src/server/fan-out/sinks.ts'
import { until } from '../../support/until.ts'
import { bearer, openTestGateway, type TestGateway } from '../gateway.ts'
import { openRawSocket } from '../raw-sockets.ts'
import { createTicker, TICKS } from '../ticker.ts'

const TEXT_BYTES = 20_000
const ticker = createTicker()
/** By the client's port. */
const upgraded = new Map<number | undefined, Socket>()
let gateway: TestGateway

beforeAll(async () => {
  gateway = await openTestGateway({
    schema: ticker.schema,
    openContext: ticker.openContext,
    onUpgrade: (socket) => void upgraded.set(socket.remotePort, socket),
  })
})

afterAll(() => gateway[Symbol.asyncDispose]())

/** Tells as much as several times the bound and what the kernel takes in between. */
async function flood(topic: string, isEnough: () => boolean): Promise<string> {
  let text = ''
  for (let count = 0; count < 5000 && !isEnough(); count++) {
    text = `${count}`.padEnd(TEXT_BYTES, '.')
    ticker.tell(topic, text)
    await new Promise(setImmediate)
  }
  for (let count = 0; count < 100; count++) {
    text = `last ${count}`.padEnd(TEXT_BYTES, '.')
    ticker.tell(topic, text)
    await new Promise(setImmediate)
  }
  return text
}

test('a socket that is not read holds no more than the bound, and gets one snapshot for the rest', async () => {
  const slow = await openRawSocket(gateway, gateway.publishableKey)
  const quick = await openRawSocket(gateway, gateway.publishableKey)
  const [connection] = [...upgraded.values()]
  for (const { subscribe } of [slow, quick]) subscribe('1', TICKS, { topic: 'flood', after: '' })
  await until(() => slow.texts('1').length === 1 && quick.texts('1').length === 1)
  slow.pause()
  let most = 0
  const isFull = () => {
    most = Math.max(most, connection?.writableLength ?? 0)
    return most >= UNSENT_LIMIT_BYTES
  }
  const last = await flood('flood', isFull)
  expect(isFull()).toBe(true)
  expect(connection?.writableLength).toBeLessThan(UNSENT_LIMIT_BYTES + 2 * TEXT_BYTES)
  await until(() => quick.texts('1').at(-1) === last)
  expect(quick.messages.filter(({ payload }) => payload?.data?.ticks.kind === 'SNAPSHOT')).toHaveLength(1)
  slow.resume()
  await until(() => slow.texts('1').at(-1) === last)
  const kinds = slow.messages.flatMap(({ payload }) => payload?.data?.ticks.kind ?? [])
  expect(kinds.slice(1, -1)).not.toContain('SNAPSHOT')
  expect(kinds.at(-1)).toBe('SNAPSHOT')
  ticker.tell('flood', 'after')
  await until(() => slow.texts('1').at(-1) === 'after')
  expect(slow.messages.at(-1)?.payload?.data?.ticks.kind).toBe('CHANGE')
  slow.socket.terminate()
  quick.socket.terminate()
})

test('an event stream that is not read is conflated in the same way', async () => {
  const url = new URL(gateway.graphqlUrl)
  url.searchParams.set('query', TICKS)
  url.searchParams.set('variables', JSON.stringify({ topic: 'events' }))
  const request = get(url, { headers: { accept: 'text/event-stream', ...bearer(gateway.publishableKey) } })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const quick = await openRawSocket(gateway, gateway.publishableKey)
  quick.subscribe('1', TICKS, { topic: 'events' })
  await until(() => ticker.members('events') === 2)
  const before = process.memoryUsage().rss
  const last = await flood('events', () => quick.texts('1').length > 1500)
  await until(() => quick.texts('1').at(-1) === last)
  // More than 30 MB were told. The quick one keeps its texts in this process too.
  expect(process.memoryUsage().rss - before).toBeLessThan(400 * 2 ** 20)
  let text = ''
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  await until(() => text.includes(last))
  expect(text.length).toBeLessThan(20 * 2 ** 20)
  expect(text.slice(text.lastIndexOf('id: '))).toContain('"kind":"SNAPSHOT"')
  request.destroy()
  quick.socket.terminate()
  await until(() => ticker.members('events') === 0)
})

test('who does not drain in time is closed, and nobody else is', async () => {
  await using strict = await openTestGateway({
    schema: ticker.schema,
    openContext: ticker.openContext,
    stalledMs: 200,
    onUpgrade: (socket) => void upgraded.set(socket.remotePort, socket),
  })
  upgraded.clear()
  const slow = await openRawSocket(strict, strict.publishableKey)
  const quick = await openRawSocket(strict, strict.publishableKey)
  const [connection] = [...upgraded.values()]
  for (const { subscribe } of [slow, quick]) subscribe('1', TICKS, { topic: 'stalled', after: '' })
  await until(() => ticker.members('stalled') === 2)
  slow.pause()
  const last = await flood('stalled', () => connection?.destroyed || (connection?.writableLength ?? 0) > 300_000)
  await until(() => connection?.destroyed)
  await until(() => ticker.members('stalled') === 1)
  await until(() => quick.texts('1').at(-1) === last)
  expect(strict.openStreams().webSockets).toBe(1)
  slow.socket.terminate()
  quick.socket.terminate()
})

test('a socket with many subscriptions waits for all of them at once', async () => {
  const slow = await openRawSocket(gateway, gateway.publishableKey)
  const [, connection] = [...upgraded].at(-1) ?? []
  const ids = Array.from({ length: 30 }, (_, index) => `${index}`)
  for (const id of ids) slow.subscribe(id, TICKS, { topic: `many ${id}`, after: '' })
  await until(() => ids.every((id) => slow.texts(id).length === 1))
  const warnings: Error[] = []
  process.on('warning', (warning) => warnings.push(warning))
  slow.pause()
  for (let count = 0; count < 200; count++) {
    for (const id of ids) ticker.tell(`many ${id}`, `${count}`.padEnd(TEXT_BYTES, '.'))
    await new Promise(setImmediate)
  }
  expect(connection?.writableLength).toBeGreaterThanOrEqual(UNSENT_LIMIT_BYTES)
  expect(connection?.writableLength).toBeLessThan(UNSENT_LIMIT_BYTES + ids.length * 2 * TEXT_BYTES)
  slow.resume()
  await until(() => ids.every((id) => slow.texts(id).at(-1)?.startsWith('199.')))
  expect(warnings).toEqual([])
  slow.socket.terminate()
})

test('a socket that asks and does not read is not read either', async () => {
  const slow = await openRawSocket(gateway, gateway.publishableKey)
  const [, connection] = [...upgraded].at(-1) ?? []
  slow.pause()
  let asked = 0
  let most = 0
  while (asked < 2000) {
    for (let count = 0; count < 20; count++) slow.subscribe(String(asked++), '{ hello }', {})
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
    most = Math.max(most, connection?.writableLength ?? 0)
  }
  // All together would be 40 MB.
  expect(most).toBeLessThan(4 * 2 ** 20)
  slow.resume()
  // Answered, or refused because too many ran at once.
  const answered = () => slow.messages.filter(({ type }) => type === 'complete' || type === 'error').length
  await until(() => answered() === asked, { deadlineMs: 30_000 })
  slow.socket.terminate()
})

test('a reserved stream that is not read holds back its operations, and gets a snapshot for what it missed', async () => {
  const stream = `${gateway.graphqlUrl}/stream`
  const token = await (await fetch(stream, { method: 'PUT' })).text()
  const headers = {
    'content-type': 'application/json',
    'x-graphql-event-stream-token': token,
    ...bearer(gateway.publishableKey),
  }
  const request = get(stream, { headers: { ...headers, accept: 'text/event-stream' } })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const body = { query: TICKS, variables: { topic: 'reserved' }, extensions: { operationId: 'one' } }
  expect((await fetch(stream, { method: 'POST', headers, body: JSON.stringify(body) })).status).toBe(202)
  const quick = await openRawSocket(gateway, gateway.publishableKey)
  quick.subscribe('1', TICKS, { topic: 'reserved' })
  await until(() => ticker.members('reserved') === 2)
  const last = await flood('reserved', () => quick.texts('1').length > 1500)
  let text = ''
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  await until(() => text.includes(last))
  // More than 30 MB were told; what the kernel has taken in between is read first.
  expect(text.length).toBeLessThan(20 * 2 ** 20)
  expect(text.slice(text.lastIndexOf('event: '))).toContain('"kind":"SNAPSHOT"')
  request.destroy()
  quick.socket.terminate()
  await until(() => ticker.members('reserved') === 0)
})

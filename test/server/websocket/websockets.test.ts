// graphql-transport-ws: the close codes of the protocol, and what a socket may do.

import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { until } from '../../support/until.ts'
import {
  findOpenSlot,
  HOLD,
  openTestGateway,
  openWebSocketClient,
  type TestGateway,
  WATCH,
  watchInput,
} from '../gateway.ts'

let gateway: TestGateway

beforeAll(async () => {
  gateway = await openTestGateway({
    connectionInitMs: 300,
    keepAliveMs: 240,
    limits: { messageBytes: 5000, subscriptionsPerSocket: 3 },
  })
})

afterAll(() => gateway[Symbol.asyncDispose]())

/** A socket that speaks the protocol only as far as the test does. */
function openSocket(protocol = 'graphql-transport-ws', options: object = {}) {
  const socket = new WebSocket(gateway.webSocketUrl, protocol, options)
  const messages: { type: string; id?: string; payload?: unknown }[] = []
  socket.on('message', (data) => messages.push(JSON.parse(String(data))))
  const closed = once(socket, 'close').then(([code, reason]) => ({ code, reason: String(reason) }))
  return {
    socket,
    messages,
    closed,
    opened: once(socket, 'open'),
    send: (message: object | string) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
  }
}

async function acknowledged() {
  const connection = openSocket()
  await connection.opened
  connection.send({ type: 'connection_init', payload: { authorization: gateway.publishableKey } })
  await until(() => connection.messages.some((message) => message.type === 'connection_ack'))
  return connection
}

function watch(id: string, serviceId: string) {
  return { id, type: 'subscribe', payload: { query: WATCH, variables: watchInput(serviceId) } }
}

describe('the socket closes', () => {
  test.for(['{', '"text"', '{}', '{"type":"nothing"}', '{"type":"subscribe"}'])(
    'with 4400 for the message %s',
    async (message) => {
      const { opened, send, closed } = openSocket()
      await opened
      send(message)
      expect(await closed).toEqual({ code: 4400, reason: 'Invalid message received' })
    },
  )

  test('with 4401 for an operation before the acknowledgement', async () => {
    const { opened, send, closed } = openSocket()
    await opened
    send({ id: '1', type: 'subscribe', payload: { query: '{ __typename }' } })
    expect(await closed).toEqual({ code: 4401, reason: 'Unauthorized' })
  })

  test('with 4403 for an unknown key', async () => {
    const { opened, send, closed } = openSocket()
    await opened
    send({ type: 'connection_init', payload: { authorization: 'Bearer pk_unknown' } })
    expect(await closed).toEqual({ code: 4403, reason: 'Forbidden' })
  })

  test('with 4406 for another subprotocol', async () => {
    const socket = new WebSocket(gateway.webSocketUrl)
    const [code] = await once(socket, 'close')
    expect(code).toBe(4406)
  })

  test('with 4408 when no connection_init comes', async () => {
    expect(await openSocket().closed).toEqual({ code: 4408, reason: 'Connection initialisation timeout' })
  })

  test('with 4409 for an id that is in use', async () => {
    const { serviceId } = await findOpenSlot(gateway)
    const { send, closed } = await acknowledged()
    send(watch('1', serviceId))
    send(watch('1', serviceId))
    expect(await closed).toEqual({ code: 4409, reason: 'Subscriber for 1 already exists' })
    await until(() => gateway.subscribers() === 0)
  })

  test('with 4429 for a second connection_init', async () => {
    const { send, closed } = await acknowledged()
    send({ type: 'connection_init' })
    expect(await closed).toEqual({ code: 4429, reason: 'Too many initialisation requests' })
  })

  test('with 1009 for a message over the limit', async () => {
    const { send, closed } = await acknowledged()
    send({ id: '1', type: 'subscribe', payload: { query: `{ ${'a'.repeat(5000)} }` } })
    expect(await closed).toMatchObject({ code: 1009 })
  })

  test('when the client answers no pings', async () => {
    const { socket, closed } = openSocket('graphql-transport-ws', { autoPong: false })
    socket.once('open', () => socket.send(JSON.stringify({ type: 'connection_init' })))
    expect(await closed).toMatchObject({ code: 1006 })
  })
})

describe('an operation', () => {
  test('that is malformed gets an error without notes of the inside', async () => {
    const { send, messages, socket } = await acknowledged()
    send({ id: '1', type: 'subscribe', payload: { query: '{ nothing }' } })
    await until(() => messages.some((message) => message.type === 'error'))
    const error = messages.find((message) => message.type === 'error')
    expect(error?.payload).toMatchObject([{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }])
    expect(JSON.stringify(error)).not.toContain('http')
    socket.terminate()
  })

  test('over the number that a socket may carry is refused', async () => {
    const { serviceId } = await findOpenSlot(gateway)
    const { send, messages, socket } = await acknowledged()
    for (const id of ['1', '2', '3', '4']) send(watch(id, serviceId))
    await until(() => messages.some((message) => message.type === 'error'))
    expect(messages.find((message) => message.type === 'error')).toMatchObject({
      id: '4',
      payload: [{ extensions: { code: 'RATE_LIMITED' } }],
    })
    socket.terminate()
    await until(() => gateway.subscribers() === 0)
  })

  test('can be a query or a mutation', async () => {
    const client = openWebSocketClient(gateway, { authorization: gateway.publishableKey })
    const { value } = await client.iterate({ query: '{ organization { name } }' }).next()
    expect(value).toMatchObject({ data: { organization: { name: expect.any(String) } } })
    await client.dispose()
  })
})

describe('a subscription', () => {
  test('delivers the snapshot and then what changes', async () => {
    const { serviceId, startsAt } = await findOpenSlot(gateway)
    const client = openWebSocketClient(gateway, { authorization: gateway.publishableKey })
    const updates = client.iterate<{ availability: { kind: string } }>({
      query: WATCH,
      variables: watchInput(serviceId),
    })
    expect((await updates.next()).value?.data?.availability.kind).toBe('SNAPSHOT')
    const held = client.iterate({ query: HOLD, variables: { input: { slot: { serviceId, startsAt } } } })
    expect((await held.next()).value).toMatchObject({ data: { holdSlot: { __typename: 'Hold' } } })
    expect((await updates.next()).value?.data?.availability.kind).toBe('CHANGE')
    await client.dispose()
    await until(() => gateway.subscribers() === 0)
  })

  test('that is completed gives its source back at once', async () => {
    const { serviceId } = await findOpenSlot(gateway)
    const { send, messages, socket } = await acknowledged()
    send(watch('1', serviceId))
    await until(() => messages.some((message) => message.type === 'next'))
    expect(gateway.subscribers()).toBe(1)
    send({ id: '1', type: 'complete' })
    await until(() => gateway.subscribers() === 0)
    socket.terminate()
  })

  test('gives its source back when the socket is cut, also before it has started', async () => {
    const { serviceId } = await findOpenSlot(gateway)
    for (const started of [true, false]) {
      const { send, messages, socket } = await acknowledged()
      send(watch('1', serviceId))
      if (started) await until(() => messages.some((message) => message.type === 'next'))
      socket.terminate()
      await until(() => gateway.openStreams().webSockets === 0)
      await until(() => gateway.subscribers() === 0)
    }
  })

  test('completed before it has started, and started again under its id, is not lost', async () => {
    const { serviceId } = await findOpenSlot(gateway)
    const { send, messages, socket } = await acknowledged()
    send(watch('1', serviceId))
    send({ id: '1', type: 'complete' })
    send(watch('1', serviceId))
    // Refused while the first is still ending, or begun after it: never both at once.
    await until(() => messages.some((message) => message.type === 'error' || message.type === 'next'))
    expect(gateway.subscribers()).toBeLessThanOrEqual(1)
    socket.terminate()
    await until(() => gateway.openStreams().webSockets === 0)
    await until(() => gateway.subscribers() === 0)
  })
})

test('an upgrade elsewhere, or from a page that is not on the list, is refused', async () => {
  const elsewhere = new WebSocket(gateway.webSocketUrl.replace('/graphql', '/nothing'), 'graphql-transport-ws')
  expect(String((await once(elsewhere, 'error'))[0])).toContain('404')
  await using listed = await openTestGateway({ allowedOrigins: ['https://salon.example'] })
  const foreign = new WebSocket(listed.webSocketUrl, 'graphql-transport-ws', { origin: 'https://other.example' })
  expect(String((await once(foreign, 'error'))[0])).toContain('403')
})

// How the gateway closes: not ready, no new connections, streams sent away, requests in flight answered.

import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { until } from '../support/until.ts'
import { bearer, findOpenSlot, openTestGateway, openWebSocketClient, WATCH, watchInput } from './gateway.ts'

test('a WebSocket is closed with 1001 and its source returned', async () => {
  await using gateway = await openTestGateway()
  const { serviceId } = await findOpenSlot(gateway)
  const client = openWebSocketClient(gateway, { authorization: gateway.publishableKey })
  const closed = new Promise<{ code: number }>((resolve) =>
    client.on('closed', (event) => resolve(event as { code: number })),
  )
  const updates = client.iterate({ query: WATCH, variables: watchInput(serviceId) })
  await updates.next()
  const ended = updates.next().catch((event: unknown) => event)
  await gateway.close()
  expect(await closed).toMatchObject({ code: 1001 })
  await ended
  expect(gateway.subscribers()).toBe(0)
  expect(gateway.openStreams()).toEqual({ webSockets: 0, eventStreams: 0 })
})

test('an event stream ends without saying that it is complete', async () => {
  await using gateway = await openTestGateway()
  const { serviceId } = await findOpenSlot(gateway)
  const response = await fetch(gateway.graphqlUrl, {
    method: 'POST',
    headers: { accept: 'text/event-stream', 'content-type': 'application/json', ...bearer(gateway.publishableKey) },
    body: JSON.stringify({ query: WATCH, variables: watchInput(serviceId) }),
  })
  await until(() => gateway.subscribers() === 1)
  await gateway.close()
  expect(await response.text()).not.toContain('complete')
  await until(() => gateway.subscribers() === 0)
})

test('a request in flight is answered, an idle connection is closed, a new one is not accepted', async () => {
  const asked = Promise.withResolvers<void>()
  const release = Promise.withResolvers<null>()
  await using gateway = await openTestGateway({
    authenticate: () => {
      asked.resolve()
      return release.promise
    },
  })
  const { hostname, port } = new URL(gateway.url)
  const idle = connect(Number(port), hostname)
  await once(idle, 'connect')
  const answered = fetch(gateway.graphqlUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...bearer('pk_slow') },
    body: JSON.stringify({ query: '{ organization { name } }' }),
  })
  await asked.promise
  const closing = gateway.close()
  await once(idle.resume(), 'close')
  await expect(fetch(`${gateway.url}/healthz`)).rejects.toThrow()
  release.resolve(null)
  expect((await answered).status).toBe(401)
  await closing
})

test('a request that crosses the closing on an open connection is answered, as the last one of it', async () => {
  await using gateway = await openTestGateway()
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const ask = async () => {
    const [response] = (await once(get(`${gateway.url}/healthz`, { agent }), 'response')) as [IncomingMessage]
    await once(response.resume(), 'end')
    return response
  }
  expect((await ask()).headers.connection).toBe('keep-alive')
  const closing = gateway.close()
  await until(async () => {
    const probe = connect(Number(new URL(gateway.url).port), '127.0.0.1')
    return once(probe, 'connect').then(
      () => {
        probe.destroy()
        return false
      },
      () => true,
    )
  })
  const last = await ask()
  expect(last.statusCode).toBe(200)
  expect(last.headers.connection).toBe('close')
  await expect(ask()).rejects.toThrow('ECONNREFUSED')
  await closing
})

test('a gateway whose database is away is alive and not ready', async () => {
  await using gateway = await openTestGateway()
  const readyz = async () => {
    const response = await fetch(`${gateway.url}/readyz`)
    return { status: response.status, body: await response.json() }
  }
  expect(await readyz()).toEqual({ status: 200, body: { status: 'ready' } })
  await gateway.db[Symbol.asyncDispose]()
  expect(await readyz()).toEqual({ status: 503, body: { status: 'unavailable' } })
  expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200)
})

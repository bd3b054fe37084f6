// Groups: one execution and one serialization for all subscribers of the same operation with the same rights.

import { once } from 'node:events'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { until } from '../../support/until.ts'
import { bearer, openTestGateway, type TestGateway } from '../gateway.ts'
import { openRawSocket, type RawSocket } from '../raw-sockets.ts'
import { createTicker, TICKS } from '../ticker.ts'

const ticker = createTicker()
const sockets: RawSocket[] = []
/** How often each upgraded connection was written to. */
const writes = new Map<number | undefined, number>()
let gateway: TestGateway
let topics = 0

beforeAll(async () => {
  gateway = await openTestGateway({
    schema: ticker.schema,
    openContext: ticker.openContext,
    onUpgrade(socket) {
      const port = socket.remotePort
      const count = () => void writes.set(port, (writes.get(port) ?? 0) + 1)
      const { _write, _writev } = socket
      socket._write = (...given) => {
        count()
        _write.apply(socket, given)
      }
      socket._writev = (...given) => {
        count()
        _writev?.apply(socket, given)
      }
    },
  })
})

afterAll(() => gateway[Symbol.asyncDispose]())

beforeEach(() => {
  for (const { socket } of sockets.splice(0)) socket.terminate()
  ticker.executed.length = 0
  ticker.authorized.length = 0
  ticker.faults.clear()
  ticker.gate = null
})

async function connect(key = gateway.publishableKey): Promise<RawSocket> {
  const socket = await openRawSocket(gateway, key)
  sockets.push(socket)
  return socket
}

/** Subscribes on a socket of its own and waits for the first message. */
async function join(topic: string, { id = '1', query = TICKS, key = gateway.publishableKey, after = '' } = {}) {
  const socket = await connect(key)
  socket.subscribe(id, query, { topic, after })
  await until(() => socket.texts(id).length > 0)
  return socket
}

const newTopic = () => `topic ${topics++}`

describe('the same operation with the same rights', () => {
  test('is executed once for all, whatever the white space, the id and where each begins', async () => {
    const topic = newTopic()
    const variants = [
      { id: '1', query: TICKS },
      { id: 'a much longer id, with "quotes" and ünïcode', query: TICKS.replaceAll(' ', '\n  ') },
      { id: '2', query: `# as watched by the board\n${TICKS}`, after: 'elsewhere' },
    ]
    const members = []
    for (const variant of variants) members.push({ ...variant, socket: await join(topic, variant) })
    expect(gateway.groups()).toBe(1)
    expect(ticker.executed).toEqual(['begin'])
    ticker.tell(topic, 'one')
    ticker.tell(topic, 'two')
    for (const { socket, id } of members) {
      await until(() => socket.texts(id).length === 3)
      expect(socket.texts(id)).toEqual(['begin', 'one', 'two'])
    }
    expect(ticker.executed).toEqual(['begin', 'one', 'two'])
    expect(ticker.authorized).toHaveLength(3)
  })

  test('is shared over WebSocket and event streams alike', async () => {
    const topic = newTopic()
    const socket = await join(topic)
    const leaving = new AbortController()
    const response = await fetch(gateway.graphqlUrl, {
      method: 'POST',
      signal: leaving.signal,
      headers: {
        accept: 'text/event-stream',
        'content-type': 'application/json',
        ...bearer(gateway.publishableKey),
      },
      body: JSON.stringify({ query: TICKS, variables: { topic, after: '' } }),
    })
    let text = ''
    const reading = (async () => {
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) text += chunk
    })().catch(() => {})
    await until(() => text.includes('begin'))
    ticker.tell(topic, 'one')
    await until(() => text.includes('one') && socket.texts('1').length === 2)
    expect(ticker.executed).toEqual(['begin', 'one'])
    expect(text.replace(/^retry: \d+\n\n/, '')).toBe(
      [
        `id: ${topic}-0\nevent: next\ndata: {"data":{"ticks":{"kind":"SNAPSHOT","text":"begin"}}}\n\n`,
        `id: ${topic}-1\nevent: next\ndata: {"data":{"ticks":{"kind":"CHANGE","text":"one"}}}\n\n`,
      ].join(''),
    )
    // Who comes back with the last id has not read this one.
    ticker.faults.set('broken', () => new Error('broken'))
    ticker.tell(topic, 'broken')
    await until(() => text.includes('errors'))
    expect(text.slice(text.lastIndexOf('\n\n', text.length - 3))).toMatch(/^\n\nevent: next\ndata: .*"errors"/)
    leaving.abort()
    await reading
  })

  test('tells its members of a fault outside of the resolvers, and goes on with a snapshot', async () => {
    const topic = newTopic()
    const [one, other] = [await join(topic), await join(topic)]
    ticker.tellBroken(topic)
    await until(() => [one, other].every((socket) => JSON.stringify(socket.messages).includes('INTERNAL_SERVER_ERROR')))
    ticker.tell(topic, 'after')
    await until(() => [one, other].every((socket) => socket.texts('1').at(-1) === 'after'))
  })

  test('is forgotten with its last member', async () => {
    const topic = newTopic()
    const one = await join(topic)
    const other = await join(topic)
    one.send({ id: '1', type: 'complete' })
    await until(() => ticker.members(topic) === 1)
    ticker.tell(topic, 'one')
    await until(() => other.texts('1').length === 2)
    expect(one.texts('1')).toEqual(['begin'])
    other.socket.terminate()
    await until(() => ticker.members(topic) === 0)
    expect(gateway.groups()).toBe(0)
  })

  test('reaches who joins while it is executed: nothing missed, nothing twice', async () => {
    const topic = newTopic()
    const early = await join(topic)
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    ticker.gate = gate
    ticker.tell(topic, 'one')
    await until(() => ticker.executed.includes('one'))
    ticker.tell(topic, 'two')
    const late = await connect()
    late.subscribe('late', TICKS, { topic, after: '' })
    await until(() => ticker.members(topic) === 2)
    ticker.tell(topic, 'three')
    open()
    await until(() => early.texts('1').length === 4 && late.texts('late').length === 2)
    expect(early.texts('1')).toEqual(['begin', 'one', 'two', 'three'])
    expect(late.texts('late')).toEqual(['two', 'three'])
    expect(late.messages.find(({ id }) => id === 'late')?.payload?.data?.ticks.kind).toBe('SNAPSHOT')
  })

  test('is told no more to who has left while it is executed, nor to who took over the id', async () => {
    const topic = newTopic()
    const other = newTopic()
    const staying = await join(topic)
    const leaving = await join(topic)
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    ticker.gate = gate
    ticker.tell(topic, 'one')
    await until(() => ticker.executed.includes('one'))
    leaving.send({ id: '1', type: 'complete' })
    await until(() => ticker.members(topic) === 1)
    leaving.subscribe('1', TICKS, { topic: other, after: '' })
    await until(() => ticker.members(other) === 1)
    open()
    await until(() => staying.texts('1').length === 2 && leaving.texts('1').length === 2)
    expect(leaving.texts('1')).toEqual(['begin', 'begin'])
  })

  test('ends for all when its source does, after the last result', async () => {
    const topic = newTopic()
    const members = [await join(topic), await join(topic)]
    ticker.tell(topic, 'last')
    ticker.end(topic)
    for (const { messages } of members) {
      await until(() => messages.some(({ type }) => type === 'complete'))
      expect(messages.map(({ type }) => type)).toEqual(['connection_ack', 'next', 'next', 'complete'])
    }
    expect(gateway.groups()).toBe(0)
  })
})

describe('what is never shared', () => {
  test('another kind of key, other variables, another selection', async () => {
    const topic = newTopic()
    await join(topic)
    await join(topic, { key: gateway.secretKey })
    await join(newTopic())
    await join(topic, { query: TICKS.replace('kind text', 'text') })
    expect(gateway.groups()).toBe(4)
    ticker.executed.length = 0
    ticker.tell(topic, 'one')
    await until(() => ticker.executed.length === 3)
    expect(ticker.executed).toEqual(['one', 'one', 'one'])
  })

  test('the right to subscribe: each member is authorized itself', async () => {
    const allowed = await join('secret', { key: gateway.secretKey })
    const refused = await connect()
    refused.subscribe('1', TICKS, { topic: 'secret', after: '' })
    await until(() => refused.messages.some(({ type }) => type === 'complete'))
    ticker.tell('secret', 'one')
    await until(() => allowed.texts('1').length === 2)
    expect(refused.messages.slice(1)).toMatchObject([
      { type: 'next', payload: { errors: [{ extensions: { code: 'FORBIDDEN' } }] } },
      { type: 'complete' },
    ])
  })

  test('a variable that does more than to say where to begin', async () => {
    const query = 'subscription ($topic: String!) { ticks(topic: $topic, after: $topic) { text } }'
    await join('one topic', { query })
    await join('another topic', { query })
    expect(gateway.groups()).toBe(2)
  })
})

describe('frames', () => {
  test.for([1, 60, 100, 1000, 65_400, 65_500, 70_000, 300_000])(
    'with a text of %i characters arrive whole under each id, as `ws` and as undici read them',
    async (length) => {
      const topic = newTopic()
      const text = 'ü'.repeat(length / 2) + 'x'.repeat(length - Math.floor(length / 2) * 2)
      const members = [await join(topic, { id: '1' }), await join(topic, { id: 'another' })]
      const browser = new globalThis.WebSocket(gateway.webSocketUrl, 'graphql-transport-ws')
      const received: { type: string; payload?: { data: { ticks: { text: string } } } }[] = []
      browser.addEventListener('message', ({ data }) => received.push(JSON.parse(String(data))))
      await once(browser, 'open')
      browser.send(JSON.stringify({ type: 'connection_init', payload: { authorization: gateway.publishableKey } }))
      await until(() => received.length === 1)
      browser.send(
        JSON.stringify({ id: 'third', type: 'subscribe', payload: { query: TICKS, variables: { topic, after: '' } } }),
      )
      await until(() => received.length === 2)
      ticker.tell(topic, text)
      ticker.tell(topic, 'after')
      await until(() => received.length === 4)
      expect(received.slice(2).map(({ payload }) => payload?.data.ticks.text)).toEqual([text, 'after'])
      for (const [index, id] of ['1', 'another'].entries()) {
        await until(() => members[index]?.texts(id).length === 3)
        expect(members[index]?.texts(id).slice(1)).toEqual([text, 'after'])
      }
      browser.close()
    },
  )

  test('of several groups on one socket are one write', async () => {
    const names = Array.from({ length: 20 }, newTopic)
    const socket = await connect()
    for (const [index, topic] of names.entries()) socket.subscribe(String(index), TICKS, { topic, after: '' })
    await until(() => names.every((_, index) => socket.texts(String(index)).length === 1))
    writes.clear()
    for (const topic of names) ticker.tell(topic, 'one')
    await until(() => names.every((_, index) => socket.texts(String(index)).length === 2))
    expect([...writes.values()]).toEqual([1])
  })
})

describe('a result with errors', () => {
  test('goes to all members, and is followed by a snapshot instead of the next change', async () => {
    const topic = newTopic()
    const members = [await join(topic), await join(topic)]
    ticker.faults.set('broken', () => new Error('password=hunter2'))
    ticker.tell(topic, 'one')
    ticker.tell(topic, 'broken')
    for (const { texts } of members) await until(() => texts('1').length === 3)
    ticker.tell(topic, 'two')
    ticker.tell(topic, 'three')
    for (const { texts, messages } of members) {
      await until(() => texts('1').at(-1) === 'three')
      const kinds = messages.flatMap(({ payload }) => payload?.data?.ticks?.kind ?? [])
      expect(texts('1')).toEqual(['begin', 'one', undefined, 'three'])
      expect(kinds).toEqual(['SNAPSHOT', 'CHANGE', 'SNAPSHOT'])
      expect(JSON.stringify(messages)).not.toContain('hunter2')
      expect(messages[3]?.payload?.errors?.[0]?.extensions?.code).toBe('INTERNAL_SERVER_ERROR')
    }
    expect(ticker.executed.filter((text) => text === 'broken')).toHaveLength(1)
  })

  test('because the database is away is no result: the change arrives when it is back, and the later ones after it', async () => {
    const topic = newTopic()
    const members = [await join(topic), await join(topic)]
    ticker.faults.set('unreadable', () => Object.assign(new Error('gone'), { code: 'CONNECTION_CLOSED' }))
    ticker.tell(topic, 'unreadable')
    ticker.tell(topic, 'next')
    await until(() => ticker.executed.filter((text) => text === 'unreadable').length > 2)
    ticker.faults.clear()
    for (const { texts } of members) {
      await until(() => texts('1').length === 3)
      expect(texts('1')).toEqual(['begin', 'unreadable', 'next'])
    }
  })

  test('that takes long makes later changes wait with their members, who then get a snapshot', async () => {
    const topic = newTopic()
    const member = await join(topic)
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    ticker.gate = gate
    for (let count = 0; count < 1000; count++) ticker.tell(topic, `${count}`)
    open()
    await until(() => member.texts('1').at(-1) === '999')
    expect(member.texts('1').length).toBeLessThan(50)
    expect(member.messages.at(-1)?.payload?.data?.ticks.kind).toBe('SNAPSHOT')
  })
})

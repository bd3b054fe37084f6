// Everyone who fans out: a server on its core with so many subscribers, told to deliver as fast as it can or at a pace.

import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import msgpack from 'msgpack-lite'
import type { Latencies, SubscribersJob } from '../load/subscribers.ts'
import { monotonicMs } from './clock.ts'
import { findFreePort } from './free-port.ts'
import { formatAvailability, RIVAL_SUBSCRIPTION, RIVAL_TOPIC, STAMP_MARK } from './messages.ts'
import { type PinnedProcess, SERVER_CORE, startNode } from './processes.ts'
import { type Counted, type Subscribers, startSubscribers } from './subscribers.ts'

export interface Contestant extends AsyncDisposable {
  server: PinnedProcess
  subscribers: Subscribers
  opening: Opening
  /** Delivers events to all subscribers for about that long. */
  burst(ms: number): Promise<Burst>
  /** One event every `gapMs`; how long after its sending (our own: its commit) it arrived. */
  paced(events: number, gapMs: number): Promise<Latencies>
}

export interface Burst {
  perSecond: number
  /** Of one message on the wire, framing included. */
  wireBytes: number
  cpuMicrosPerDelivery: number
}

/** What one subscriber cost: resident memory, and processor time for connecting, initiating and subscribing. */
export interface Opening {
  residentBytes: number
  cpuMicros: number
}

const SETTLE_MS = 1000
/** Around a message of some hundred bytes: the frame's header; the event's names and the chunk's length. */
const FRAMING_BYTES = { websocket: 4, sse: 27 }
const WARM_UP_SHARE = 0.1
const FIRST_ANSWER_BYTES = 3000

/** Opens the subscribers and weighs the server before and after; a first tenth warms it up and is not counted. */
export async function openSubscribers(
  server: PinnedProcess,
  job: Omit<SubscribersJob, 'first'>,
): Promise<{ subscribers: Subscribers; opening: Opening; sample: string | null }> {
  const subscribers = await startSubscribers()
  const first = Math.ceil(job.count * WARM_UP_SHARE)
  const sample = await subscribers.open({ ...job, first: 0, count: first })
  await pause(SETTLE_MS)
  const count = job.count - first
  const before = { bytes: server.residentBytes(), cpuMs: server.cpuMs() }
  await subscribers.open({ ...job, first, count })
  await pause(SETTLE_MS)
  const opening = {
    residentBytes: (server.residentBytes() - before.bytes) / count,
    cpuMicros: ((server.cpuMs() - before.cpuMs) * 1000) / count,
  }
  return { subscribers, opening, sample }
}

/** Delivers rounds of `count` messages until the time is over; the round's size follows from the first one's rate. */
export async function measureBurst(
  { server, subscribers }: { server: PinnedProcess; subscribers: Subscribers },
  count: number,
  ms: number,
  send: (rounds: number) => Promise<void>,
): Promise<Burst> {
  const deliver = async (rounds: number): Promise<Burst> => {
    subscribers.countFrom()
    const cpuMs = server.cpuMs()
    const startedAt = monotonicMs()
    const arrived = subscribers.awaitCount(rounds * count)
    await send(rounds)
    const came = await arrived
    if (came.counted < rounds * count) throw new Error(`Only ${came.counted} of ${rounds * count} messages arrived.`)
    return describeBurst(came, startedAt, server.cpuMs() - cpuMs)
  }
  const { perSecond } = await deliver(3)
  return deliver(Math.max(3, Math.round((perSecond * ms) / 1000 / count)))
}

export function describeBurst({ counted, bytes, at }: Counted, startedAt: number, cpuMs: number): Burst {
  return {
    perSecond: (counted / (at - startedAt)) * 1000,
    wireBytes: bytes / counted,
    cpuMicrosPerDelivery: (cpuMs * 1000) / counted,
  }
}

/** `ws` for WebSocket, node:http for server-sent events: nothing but the writes. */
export async function openFloor(transport: 'websocket' | 'sse', count: number, wireBytes: number): Promise<Contestant> {
  await using stack = new AsyncDisposableStack()
  const port = await findFreePort()
  const server = stack.use(startServer(transport === 'sse' ? 'raw-sse' : 'raw-websocket', [port]))
  await server.receive('ready')
  const opened = await openSubscribers(server, {
    transport: `raw-${transport}`,
    port,
    count,
    subscriptions: [],
    awaitsSnapshot: false,
    mark: STAMP_MARK,
  })
  stack.use(opened.subscribers)
  const bytes = Math.round(wireBytes) - FRAMING_BYTES[transport]
  const broadcast = async (rounds: number, gapMs: number) => {
    server.send({ rounds, bytes, gapMs })
    await server.receive('broadcast')
  }
  const owned = stack.move()
  return {
    server,
    ...opened,
    burst: (ms) => measureBurst({ server, ...opened }, count, ms, (rounds) => broadcast(rounds, 0)),
    async paced(events, gapMs) {
      opened.subscribers.record()
      await broadcast(events, gapMs)
      return opened.subscribers.latencies()
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** What opening costs `ws` and graphql-ws alone; the first answer has the size of a day of open slots. */
export async function weighBareEngine(count: number): Promise<Opening> {
  await using stack = new AsyncDisposableStack()
  const port = await findFreePort()
  const server = stack.use(startServer('bare-engine', [port, FIRST_ANSWER_BYTES]))
  await server.receive('ready')
  const { subscribers, opening } = await openSubscribers(server, {
    transport: 'websocket',
    port,
    count,
    subscriptions: [RIVAL_SUBSCRIPTION],
    awaitsSnapshot: true,
  })
  stack.use(subscribers)
  return opening
}

/** A GraphQL server with Redis behind it; events are published to Redis. */
export async function openRival(
  name: 'graphql-ws' | 'mercurius',
  count: number,
  redisPort: number,
): Promise<Contestant> {
  await using stack = new AsyncDisposableStack()
  const port = await findFreePort()
  const server = stack.use(startServer(name, [port, redisPort]))
  await server.receive('ready')
  const redis = new Redis({ port: redisPort, host: '127.0.0.1', protocol: 2 })
  stack.defer(() => redis.disconnect())
  const opened = await openSubscribers(server, {
    transport: 'websocket',
    port,
    count,
    subscriptions: [RIVAL_SUBSCRIPTION],
    awaitsSnapshot: false,
    mark: STAMP_MARK,
  })
  stack.use(opened.subscribers)
  let version = 0
  const publish = async () => {
    const payload = formatAvailability(monotonicMs(), ++version)
    const message =
      name === 'mercurius'
        ? msgpack.encode({ id: `bench-${version}`, msg: { topic: RIVAL_TOPIC, payload } })
        : JSON.stringify(payload)
    await redis.publish(RIVAL_TOPIC, message)
  }
  const owned = stack.move()
  return {
    server,
    ...opened,
    burst: (ms) =>
      measureBurst({ server, ...opened }, count, ms, async (rounds) => {
        for (let round = 0; round < rounds; round++) await publish()
      }),
    async paced(events, gapMs) {
      opened.subscribers.record()
      for (let event = 0; event < events; event++) {
        await publish()
        await pause(gapMs)
      }
      return opened.subscribers.latencies()
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

function startServer(name: string, parameters: number[]): PinnedProcess {
  const file = fileURLToPath(new URL(`../servers/${name}.ts`, import.meta.url))
  return startNode({ file, parameters, core: SERVER_CORE })
}

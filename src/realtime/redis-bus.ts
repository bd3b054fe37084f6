// The bus over Redis: sixteen channels, subscribed once per process, watched by heartbeats of our own.
import { randomUUID } from 'node:crypto'
import type { Logger } from '../runtime/logger.ts'
import { type Loop, startLoop } from '../runtime/loops.ts'
import { type Bus, type BusListener, createLocalBus } from './bus.ts'
import { type BusMessage, createBusMessages } from './bus-messages.ts'
import { createMisfitWatch } from './bus-misfits.ts'
import { createPartitionHealth, HEARTBEAT_MS } from './partition-health.ts'
import { partitionChannels, partitionOf } from './partitions.ts'
import { openRedisConnections, type RedisConnections } from './redis-connections.ts'

interface RedisBusInput {
  /** None: the bus stays in this process. One: a server. Several: the nodes of a cluster. */
  urls: string[]
  /** What the gateways of one database share (`readBusSecret`): a message without its seal is not believed. */
  secret: string
  logger: Logger
  /** Keeps apart those who share a Redis but no database. */
  channelPrefix?: string
}

const TURN_MS = HEARTBEAT_MS / 2
/** Unsound for so long: the library does not recover by itself, e.g. from a failed SUBSCRIBE. All connections are made anew. */
const RENEW_AFTER_MS = 3000

export function createBus({ urls, secret, logger, channelPrefix = 'slotwire:' }: RedisBusInput): Bus {
  if (urls.length === 0) return createLocalBus()
  const channels = partitionChannels(channelPrefix)
  const messages = createBusMessages(secret)
  const health = createPartitionHealth(channels.length)
  const processId = randomUUID()
  let listener: BusListener | null = null
  let connections: RedisConnections | null = null
  let loop: Loop | null = null
  let renewAtMs = 0
  /** Until a whole round of our own heartbeats was taken. */
  let publishFails = true
  let isReliable = false

  const onLoss = (error?: Error) => {
    if (isReliable && error) logger.warn({ err: error }, 'lost Redis')
    health.forget()
    judge()
  }
  const judge = () => {
    const wasReliable = isReliable
    isReliable = connections !== null && !publishFails && health.isSound(performance.now())
    if (isReliable !== wasReliable) listener?.onReliability(isReliable)
  }
  const misfits = createMisfitWatch({ logger, readLog: () => listener?.onUnreadable() })
  const onMessage = (partition: number, bytes: Buffer) => {
    const message = messages.decode(bytes, partition)
    if (typeof message === 'string') return misfits.note(message, partition)
    health.heard(partition, performance.now())
    if (!isReliable) judge()
    if (message.from === processId) return
    if (message.transaction) listener?.onTransaction(message.transaction)
    else if (message.transaction === null) misfits.wake()
  }
  const send = async (partition: number, message: BusMessage) => {
    try {
      await connections?.pubSub.publish(channels[partition] as string, messages.encode(message, partition))
      return true
    } catch (error) {
      if (isReliable) logger.warn({ err: error }, 'could not publish to Redis')
      publishFails = true
      judge()
      return false
    }
  }
  const connect = () => {
    connections?.disconnect()
    health.forget()
    renewAtMs = performance.now() + RENEW_AFTER_MS
    const opened = openRedisConnections({ urls, onLoss, onReady: () => loop?.wake() })
    connections = opened
    for (const [partition, channel] of channels.entries()) {
      const deliver = (bytes: Buffer) => {
        if (connections === opened) onMessage(partition, bytes)
      }
      void opened.pubSub.subscribe(channel, deliver)
    }
  }
  const turn = async () => {
    judgeSoon()
    const now = performance.now()
    if (isReliable) renewAtMs = now + RENEW_AFTER_MS
    else if (now >= renewAtMs) connect()
    // Whoever is heard proves the partition: many gateways need no more heartbeats than one. A doubtful one asks itself.
    const doubtful = !isReliable
    const due = channels.flatMap((_, partition) =>
      doubtful || now - health.lastHeardAtMs(partition) >= HEARTBEAT_MS - TURN_MS ? [partition] : [],
    )
    void Promise.all(due.map((partition) => send(partition, { from: processId }))).then((taken) => {
      if (doubtful && taken.every(Boolean)) publishFails = false
      judgeSoon()
    })
  }
  // Messages that have arrived but were not read yet come before the timers are judged by them.
  const judgeSoon = () => void setImmediate(judge)

  return {
    listen(given) {
      listener = given
      connect()
      loop = startLoop({ name: 'bus', intervalMs: TURN_MS, run: turn, logger })
    },
    publish(transaction) {
      void send(partitionOf(transaction.organizationId), { from: processId, transaction })
    },
    isReliable: () => isReliable,
    async [Symbol.asyncDispose]() {
      listener = null
      misfits[Symbol.dispose]()
      await loop?.[Symbol.asyncDispose]()
      const closing = connections
      connections = null
      isReliable = false
      closing?.disconnect()
    },
  }
}

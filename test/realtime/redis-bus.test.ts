// The bus over a real Redis: what it delivers, and that it knows when it does not.

import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import type { CommittedTransaction } from '../../src/db/changes.ts'
import type { Bus } from '../../src/realtime/bus.ts'
import { createBus } from '../../src/realtime/redis-bus.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { redisChannelPrefix, startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

const logger = createLogger('silent')
const secret = 'a secret of this file'

const unhandled: unknown[] = []
const onUnhandled = (error: unknown) => void unhandled.push(error)
beforeEach(() => void process.on('unhandledRejection', onUnhandled))
afterEach(() => {
  process.off('unhandledRejection', onUnhandled)
  expect(unhandled.splice(0)).toEqual([])
})

function listenTo(bus: Bus) {
  const heard: CommittedTransaction[] = []
  const reliability: boolean[] = []
  const unreadable: number[] = []
  bus.listen({
    onTransaction: (transaction) => void heard.push(transaction),
    onUnreadable: () => void unreadable.push(heard.length),
    onReliability: (isReliable) => void reliability.push(isReliable),
  })
  return { heard, reliability, unreadable }
}

function transaction(xid: number, organizationId: string = randomUUID()): CommittedTransaction {
  return { organizationId, xid: String(xid), changes: [], appointments: [] }
}

describe('two gateways on one Redis', () => {
  it('hear each other whole and in order, and not themselves', async () => {
    const given = { urls: [inject('redisUrl')], secret, logger, channelPrefix: redisChannelPrefix() }
    await using one = createBus(given)
    await using other = createBus(given)
    const [heardByOne, heardByOther] = [listenTo(one), listenTo(other)]
    await until(() => one.isReliable() && other.isReliable())
    const organizationId = randomUUID()
    const sent = Array.from({ length: 200 }, (_, index) => transaction(index, organizationId))
    for (const each of sent) one.publish(each)
    await until(() => heardByOther.heard.length === 200)
    expect(heardByOther.heard).toEqual(sent)
    expect(heardByOne.heard).toEqual([])
  })

  it('do not hear who has another prefix', async () => {
    const urls = [inject('redisUrl')]
    await using one = createBus({ urls, secret, logger, channelPrefix: redisChannelPrefix() })
    await using other = createBus({ urls, secret, logger, channelPrefix: redisChannelPrefix() })
    const [, { heard }] = [listenTo(one), listenTo(other)]
    await until(() => one.isReliable() && other.isReliable())
    for (let xid = 0; xid < 100; xid++) one.publish(transaction(xid))
    const client = new Redis(urls[0] as string)
    await client.ping()
    client.disconnect()
    expect(heard).toEqual([])
  })
})

describe('a bus that lost its Redis', () => {
  it('says so at once when the connection breaks, never throws, and is reliable again when Redis is', async () => {
    await using redis = await startRedis()
    await using bus = createBus({ urls: [redis.url], secret, logger })
    const { reliability } = listenTo(bus)
    await until(() => bus.isReliable())
    await redis.stop()
    await until(() => !bus.isReliable(), { deadlineMs: 500 })
    for (let xid = 0; xid < 100; xid++) bus.publish(transaction(xid))
    await redis.start()
    await until(() => bus.isReliable(), { deadlineMs: 3000 })
    expect(reliability).toEqual([true, false, true])
  })

  it('notices within two heartbeats a Redis that is frozen with its connections open', async () => {
    await using redis = await startRedis()
    await using bus = createBus({ urls: [redis.url], secret, logger })
    listenTo(bus)
    await until(() => bus.isReliable())
    redis.freeze()
    await until(() => !bus.isReliable(), { deadlineMs: 1500 })
    for (let xid = 0; xid < 100; xid++) bus.publish(transaction(xid))
    redis.thaw()
    await until(() => bus.isReliable(), { deadlineMs: 5000 })
  })

  it('notices connections that were killed', async () => {
    await using redis = await startRedis()
    await using bus = createBus({ urls: [redis.url], secret, logger })
    const { reliability } = listenTo(bus)
    await until(() => bus.isReliable())
    const client = new Redis(redis.url)
    await client.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    client.disconnect()
    await until(() => reliability.length === 3, { deadlineMs: 3000 })
    expect(reliability).toEqual([true, false, true])
  })

  it('finds a Redis that comes up later', async () => {
    await using redis = await startRedis()
    await redis.stop()
    await using bus = createBus({ urls: [redis.url], secret, logger })
    listenTo(bus)
    bus.publish(transaction(1))
    expect(bus.isReliable()).toBe(false)
    await redis.start()
    await until(() => bus.isReliable(), { deadlineMs: 5000 })
  })

  it('closes at once while Redis is away', async () => {
    await using redis = await startRedis()
    const bus = createBus({ urls: [redis.url], secret, logger })
    listenTo(bus)
    await until(() => bus.isReliable())
    await redis.stop()
    await bus[Symbol.asyncDispose]()
  }, 5000)

  it('closes in the middle of connecting, at whatever step, and rejects nothing behind its back', async () => {
    await using redis = await startRedis()
    for (let steps = 0; steps < 40; steps++) {
      const bus = createBus({ urls: [redis.url], secret, logger, channelPrefix: redisChannelPrefix() })
      bus.listen({ onTransaction: () => {}, onUnreadable: () => {}, onReliability: () => {} })
      for (let step = 0; step < steps; step++) await new Promise((resolve) => setImmediate(resolve))
      await bus[Symbol.asyncDispose]()
    }
    // A round trip later whatever was rejected has been told.
    const other = new Redis(redis.url)
    await other.ping()
    other.disconnect()
  })
})

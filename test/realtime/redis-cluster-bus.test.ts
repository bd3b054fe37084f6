// The bus over a real Redis Cluster with sharded pub/sub.

import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { CommittedTransaction } from '../../src/db/changes.ts'
import type { Bus } from '../../src/realtime/bus.ts'
import { partitionChannels } from '../../src/realtime/partitions.ts'
import { createBus } from '../../src/realtime/redis-bus.ts'
import { openRedisConnections } from '../../src/realtime/redis-connections.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { until } from '../support/until.ts'
import { forgery, garbage } from './garbage.ts'
import { startRedisCluster } from './redis-cluster.ts'

const logger = createLogger('silent')
const secret = 'a secret of this file'
const unhandled: unknown[] = []
const onUnhandled = (error: unknown) => {
  unhandled.push(error)
}
beforeEach(() => void process.on('unhandledRejection', onUnhandled))
afterEach(() => {
  process.off('unhandledRejection', onUnhandled)
  expect(unhandled.splice(0)).toEqual([])
})

function listenTo(bus: Bus) {
  const heard: CommittedTransaction[] = []
  bus.listen({
    onTransaction: (transaction) => void heard.push(transaction),
    onUnreadable: () => {},
    onReliability: () => {},
  })
  return heard
}

function transactions(count: number): CommittedTransaction[] {
  return Array.from({ length: count }, (_, xid) => ({
    organizationId: randomUUID(),
    xid: String(xid),
    changes: [],
    appointments: [],
  }))
}

it('delivers over all shards and through garbage; each shard carries its share, by sharded channels alone', async () => {
  await using cluster = await startRedisCluster({ count: 3, masters: 3 })
  await using one = createBus({ urls: cluster.urls, secret, logger })
  await using other = createBus({ urls: cluster.urls, secret, logger })
  listenTo(one)
  const heard = listenTo(other)
  await until(() => one.isReliable() && other.isReliable())
  const sent = transactions(300)
  const raw = openRedisConnections({ urls: cluster.urls, onLoss: () => {}, onReady: () => {} })
  const channels = partitionChannels('slotwire:')
  const texts = garbage({ seed: 56, count: 300, transaction: forgery(randomUUID(), randomUUID(), '2031-05-04') })
  for (const [index, transaction] of sent.entries()) {
    await raw.pubSub.publish(String(channels[index % channels.length]), texts[index])
    one.publish(transaction)
  }
  await until(() => heard.length === 300)
  raw.disconnect()
  expect(new Set(heard)).toEqual(new Set(sent))
  expect(new Set(heard.map(({ organizationId }) => organizationId)).size).toBe(300)
  const shares = await Promise.all([0, 1, 2].map((node) => cluster.ask(node, 'PUBSUB', 'SHARDCHANNELS')))
  const counts = shares.map((channels) => (channels as unknown[]).length)
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(partitionChannels('').length)
  expect(Math.min(...counts)).toBeGreaterThanOrEqual(5)
  for (const node of [0, 1, 2]) expect(await cluster.ask(node, 'PUBSUB', 'CHANNELS')).toEqual([])
})

it('knows that it lost a master, and delivers again after the failover', async () => {
  await using cluster = await startRedisCluster({ count: 3, masters: 2 })
  await using one = createBus({ urls: cluster.urls, secret, logger })
  await using other = createBus({ urls: cluster.urls, secret, logger })
  listenTo(one)
  const heard = listenTo(other)
  await until(() => one.isReliable() && other.isReliable())
  await cluster.nodes[0]?.stop()
  await until(() => !one.isReliable() && !other.isReliable(), { deadlineMs: 1500 })
  for (const transaction of transactions(50)) one.publish(transaction)
  await until(() => cluster.ask(2, 'CLUSTER', 'FAILOVER', 'TAKEOVER'))
  await until(() => one.isReliable() && other.isReliable(), { deadlineMs: 15_000 })
  // Pub/sub promises nothing; but what is sent from here on arrives, and soon all of it.
  await until(async () => {
    heard.length = 0
    for (const transaction of transactions(100)) one.publish(transaction)
    return until(() => heard.length === 100, { deadlineMs: 1000 })
  })
})

it('outlives a cluster with a gap in its slots, and delivers once it is closed', async () => {
  await using cluster = await startRedisCluster({ count: 3, masters: 3 })
  const gap = ['10923', '16383']
  for (const node of [0, 1, 2]) await cluster.ask(node, 'CLUSTER', 'DELSLOTSRANGE', ...gap)
  await using bus = createBus({ urls: cluster.urls, secret, logger })
  listenTo(bus)
  // Ready, as the library sees it: heartbeats go to the nodes that are there.
  await until(async () => String(await cluster.ask(0, 'CLIENT', 'LIST')).includes('cmd=spublish'))
  expect(bus.isReliable()).toBe(false)
  await cluster.ask(2, 'CLUSTER', 'ADDSLOTSRANGE', ...gap)
  await until(() => bus.isReliable(), { deadlineMs: 20_000 })
})

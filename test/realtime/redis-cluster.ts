// A Redis Cluster of a test's own: masters that share the hash slots, and replicas that can take over.

import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Redis } from 'ioredis'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

export interface TestCluster extends AsyncDisposable {
  urls: string[]
  nodes: TestRedis[]
  /** Sends a command to one node. */
  ask(node: number, ...command: string[]): Promise<unknown>
}

const SLOTS = 16_384

/** The first `masters` of `count` nodes are masters; the others are replicas of the first. */
export async function startRedisCluster({ count, masters }: { count: number; masters: number }): Promise<TestCluster> {
  await using stack = new AsyncDisposableStack()
  const nodes: TestRedis[] = []
  for (let index = 0; index < count; index++) {
    const configuration = path.join(tmpdir(), `slotwire-cluster-${randomUUID()}.conf`)
    stack.defer(() => rm(configuration, { force: true }))
    nodes.push(stack.use(await startNode(configuration)))
  }
  const ask = async (node: number, ...command: string[]) => {
    const client = new Redis((nodes[node] as TestRedis).url, { maxRetriesPerRequest: 1 })
    client.on('error', () => {})
    try {
      const [name = '', ...rest] = command
      return await client.call(name, ...rest)
    } finally {
      client.disconnect()
    }
  }
  for (let index = 0; index < masters; index++) {
    const [first, last] = [Math.ceil((SLOTS * index) / masters), Math.ceil((SLOTS * (index + 1)) / masters) - 1]
    await ask(index, 'CLUSTER', 'ADDSLOTSRANGE', String(first), String(last))
    await ask(index, 'CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))
  }
  for (let index = 1; index < count; index++) {
    await ask(index, 'CLUSTER', 'MEET', '127.0.0.1', String((nodes[0] as TestRedis).port))
  }
  const knowsAll = async (node: number) =>
    String(await ask(node, 'CLUSTER', 'NODES'))
      .trim()
      .split('\n').length === count
  for (const node of nodes.keys()) await until(() => knowsAll(node))
  const firstId = String(await ask(0, 'CLUSTER', 'MYID'))
  for (let index = masters; index < count; index++) {
    await until(() => ask(index, 'CLUSTER', 'REPLICATE', firstId))
    await until(async () => String(await ask(index, 'INFO', 'replication')).includes('master_link_status:up'))
  }
  for (const node of nodes.keys()) {
    await until(async () => String(await ask(node, 'CLUSTER', 'INFO')).includes('cluster_state:ok'))
  }
  const opened = stack.move()
  return { urls: nodes.map(({ url }) => url), nodes, ask, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

// The cluster's own port is ten thousand above, and has to exist.
async function startNode(configuration: string): Promise<TestRedis> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 30_000)
    try {
      return await startRedis({
        port,
        settings: [
          '--cluster-enabled',
          'yes',
          '--cluster-config-file',
          configuration,
          '--cluster-node-timeout',
          '1000',
          '--cluster-require-full-coverage',
          'no',
        ],
      })
    } catch (error) {
      if (!String(error).includes('Address already in use')) throw error
    }
  }
}

// From commit to client with one subscriber, against a bare Redis publish after the commit.

import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type BenchDatabase, openBenchDatabase } from './support/database.ts'
import { openGateway, startWriter } from './support/gateway-contestant.ts'
import { LOAD_CORE, pinFamily, SERVER_CORE, startNode } from './support/processes.ts'
import { type RedisServer, startRedis } from './support/redis.ts'
import type { Report } from './support/report.ts'
import { resourceUuid, serviceUuid } from './support/slots.ts'

/** The slots of one day. */
const CHANGES = 48
const ROUNDS = 6
const GAP_MS = 10

export async function measureLatency(): Promise<Report> {
  await using redis = await startRedis()
  await using database = await openBenchDatabase()
  pinFamily(database.pid, LOAD_CORE)
  const bareMs = await measureBare(database, redis)
  await using ours = await openGateway('websocket', 1, { database, redisUrl: redis.url })
  const p50s: number[] = []
  for (let round = 0; round < ROUNDS; round++) p50s.push((await ours.paced(CHANGES, GAP_MS)).p50Ms)
  // The first rounds only warm up.
  const value = Math.min(...p50s.slice(ROUNDS / 2))
  return {
    rows: [
      {
        part: 'latency',
        measured: 'commit to client, p50 ms, one subscriber, by way of another gateway',
        value,
        against: 'bare Redis publish after the commit, p50 ms',
        denominator: bareMs,
        target: { atMost: 3 },
      },
    ],
    notes: ['latency: from the acknowledged commit in the writing process to the arrival in the subscribing one.'],
  }
}

async function measureBare(database: BenchDatabase, redis: RedisServer): Promise<number> {
  const file = fileURLToPath(new URL('servers/bare-subscriber.ts', import.meta.url))
  await using subscriber = startNode({ file, parameters: [redis.url], core: SERVER_CORE })
  await subscriber.receive('ready')
  await using writer = await startWriter(database.url, redis.url, 'bare')
  const midnight = Math.ceil(Date.now() / 86_400_000 + 60) * 86_400_000
  for (let change = 0; change < CHANGES * ROUNDS; change++) {
    const startsAt = midnight + (change >> 1) * 1_800_000
    await writer.write({ serviceId: serviceUuid(0), resourceId: resourceUuid(0), startsAt })
    await pause(GAP_MS)
  }
  subscriber.send({ report: true })
  return (await subscriber.receive<{ medianMs: number }>('medianMs')).medianMs
}

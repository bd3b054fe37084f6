// Deliveries per second over server-sent events, against node:http writing one shared chunk to every response.

import { openBenchDatabase } from './support/database.ts'
import { openGateway } from './support/gateway-contestant.ts'
import { openFloor } from './support/live-contestants.ts'
import { LOAD_CORE, pinFamily } from './support/processes.ts'
import { startRedis } from './support/redis.ts'
import type { Report } from './support/report.ts'
import { median } from './support/statistics.ts'

const CLIENTS = 5000
const ROUNDS = 3
const BURST_MS = 1500

export async function measureSse(): Promise<Report> {
  await using redis = await startRedis()
  await using database = await openBenchDatabase()
  pinFamily(database.pid, LOAD_CORE)
  await using ours = await openGateway('sse', CLIENTS, { database, redisUrl: redis.url })
  const { wireBytes } = await ours.burst(0)
  await using floor = await openFloor('sse', CLIENTS, wireBytes)
  const rates: Record<'ours' | 'floor', number[]> = { ours: [], floor: [] }
  for (let round = 0; round < ROUNDS; round++) {
    rates.ours.push((await ours.burst(BURST_MS)).perSecond)
    rates.floor.push((await floor.burst(BURST_MS)).perSecond)
  }
  return {
    rows: [
      {
        part: 'sse',
        measured: `SSE deliveries/s, ${CLIENTS.toLocaleString('en')} clients, ${Math.round(wireBytes)} bytes on the wire`,
        value: median(rates.ours),
        against: 'raw http chunk writes',
        denominator: median(rates.floor),
        target: { atLeast: 0.8 },
      },
    ],
    notes: [],
  }
}

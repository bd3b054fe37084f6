// Deliveries per second to thousands of subscribers, and what a subscriber costs, against the floor and the rivals.

import { type Burst, type Contestant, type Opening, openFloor, openRival } from './support/live-contestants.ts'
import { startRedis } from './support/redis.ts'
import type { Report, Row } from './support/report.ts'
import { median } from './support/statistics.ts'

const ROUNDS = 3
const BURST_MS = 1500
const RIVALS_AT = 5000
const MESSAGE_BYTES = 300

interface Result {
  bursts: Burst[]
  opening: Opening
}

/** The server under test alone on its core; subscribers, Redis, PostgreSQL and the writer on the other. */
export async function measureFanOut(): Promise<Report> {
  await using redis = await startRedis()
  const rows: Row[] = []
  const notes: string[] = []
  for (const count of [1000, 5000, 10_000]) {
    const floor = await measureInTurn([await openFloor('websocket', count, MESSAGE_BYTES)])
    rows.push(...describe('raw ws loop', count, floor[0] as Result))
  }
  for (const name of ['graphql-ws', 'mercurius'] as const) {
    const [rival] = await measureInTurn([await openRival(name, RIVALS_AT, redis.port)])
    rows.push(...describe(name, RIVALS_AT, rival as Result))
  }
  return { rows, notes }
}

/** All contestants stay open and take turns, so that a slow moment of the machine meets each of them. */
async function measureInTurn(contestants: Contestant[]): Promise<Result[]> {
  await using stack = new AsyncDisposableStack()
  for (const contestant of contestants) stack.use(contestant)
  const results = contestants.map(({ opening }): Result => ({ opening, bursts: [] }))
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, contestant] of contestants.entries()) {
      results[index]?.bursts.push(await contestant.burst(BURST_MS))
    }
  }
  return results
}

function describe(name: string, count: number, { bursts, opening }: Result): Row[] {
  const part = 'fan-out'
  const at = `${name}, ${count.toLocaleString('en')} clients`
  return [
    { part, measured: `deliveries/s, ${at}`, value: median(bursts.map((burst) => burst.perSecond)) },
    {
      part,
      measured: `server µs per delivery, ${at}`,
      value: median(bursts.map((burst) => burst.cpuMicrosPerDelivery)),
    },
    { part, measured: `resident KB per subscriber, ${at}`, value: opening.residentBytes / 1024 },
    { part, measured: `server µs per connect + init + subscribe, ${at}`, value: opening.cpuMicros },
  ]
}

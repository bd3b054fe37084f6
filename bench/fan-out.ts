// Deliveries per second to thousands of WebSocket subscribers, and what each costs, against the floor and the rivals.

import { openBenchDatabase } from './support/database.ts'
import { type GatewayContestant, openGateway } from './support/gateway-contestant.ts'
import {
  type Burst,
  type Contestant,
  type Opening,
  openFloor,
  openRival,
  weighBareEngine,
} from './support/live-contestants.ts'
import { LOAD_CORE, pinFamily } from './support/processes.ts'
import { startRedis } from './support/redis.ts'
import { announce, type Report, type Row } from './support/report.ts'
import { median } from './support/statistics.ts'

const ROUNDS = 3
const BURST_MS = 1500
const COUNTS = { 1000: 0.75, 5000: 0.85, 10000: 0.85 }
const RIVALS_AT = 5000
const SWEEPS_AT = 10_000
const SWEEPS = 8
const SWEEP_GAP_MS = 500
const RESIDENT_LIMIT_KB = 10
const RIVALS = { 'graphql-ws': 6, mercurius: 5 }
const OPENING_SHARE = 0.35
/** All slots of a day, held and released. */
const OFFERED_CHANGES = 96
const OFFERED_PER_SECOND = 50

const part = 'fan-out'

/** The server under test alone on its core; subscribers, Redis, PostgreSQL and the writer on the other. */
export async function measureFanOut(): Promise<Report> {
  await using redis = await startRedis()
  await using database = await openBenchDatabase()
  pinFamily(database.pid, LOAD_CORE)
  const rows: Row[] = []
  for (const [count, share] of Object.entries(COUNTS).map(([key, value]) => [Number(key), value] as const)) {
    await using ours = await openGateway('websocket', count, { database, redisUrl: redis.url })
    const { wireBytes } = await ours.burst(0)
    await using floor = await openFloor('websocket', count, wireBytes)
    const [our, raw] = await measureInTurn([ours, floor])
    rows.push(...announce(compareWithFloor(count, share, our as Result, raw as Result)))
    if (count === SWEEPS_AT) rows.push(...announce([await compareSweeps(ours, floor)]))
  }
  for (const [name, share] of Object.entries(RIVALS)) {
    // Opened one after the other and measured in turn, as with the floor.
    await using ours = await openGateway('websocket', RIVALS_AT, { database, redisUrl: redis.url })
    const { wireBytes } = await ours.burst(0)
    await using floor = await openFloor('websocket', RIVALS_AT, wireBytes)
    await using rival = await openRival(name as keyof typeof RIVALS, RIVALS_AT, redis.port)
    const [our, raw, their] = await measureInTurn([ours, floor, rival])
    const results = { ours: our as Result, floor: raw as Result, rival: their as Result }
    rows.push(...announce(compareWithRival(name, share, results)))
    rows.push(...announce([await compareOffered(name, ours, results.rival)]))
    if (name === 'graphql-ws')
      rows.push(...announce([compareEngine(name, await weighBareEngine(RIVALS_AT), results.rival)]))
  }
  return { rows, notes: ['fan-out: every change is committed by another process and comes over Redis.'] }
}

interface Result {
  bursts: Burst[]
  opening: Opening
}

/** All stay open and take turns, so that a slow moment of the machine meets each of them. */
async function measureInTurn(contestants: Contestant[]): Promise<Result[]> {
  const results = contestants.map(({ opening }): Result => ({ opening, bursts: [] }))
  // Until the hot code is compiled; not counted.
  for (const contestant of contestants) await contestant.burst(BURST_MS)
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, contestant] of contestants.entries()) {
      results[index]?.bursts.push(await contestant.burst(BURST_MS))
    }
  }
  return results
}

function compareWithFloor(count: number, share: number, ours: Result, floor: Result): Row[] {
  const wireBytes = Math.round(median(ours.bursts.map((burst) => burst.wireBytes)))
  const at = `${count.toLocaleString('en')} clients, ${wireBytes} bytes on the wire`
  const rows: Row[] = [
    {
      part,
      measured: `WebSocket deliveries/s, ${at}`,
      value: perSecond(ours),
      against: 'raw ws loop, shared buffer',
      denominator: perSecond(floor),
      target: { atLeast: share },
    },
    {
      part,
      measured: `server µs per delivery, ${at}`,
      value: cpuMicros(ours),
      against: 'raw ws loop',
      denominator: cpuMicros(floor),
    },
  ]
  if (count !== RIVALS_AT) return rows
  return [
    ...rows,
    {
      part,
      measured: `resident KB per subscriber, ${count.toLocaleString('en')} clients`,
      value: ours.opening.residentBytes / 1024,
      against: 'the limit',
      denominator: RESIDENT_LIMIT_KB,
      target: { atMost: 1 },
    },
  ]
}

function compareWithRival(
  name: string,
  share: number,
  { ours, floor, rival }: { ours: Result; floor: Result; rival: Result },
): Row[] {
  const at = `${RIVALS_AT.toLocaleString('en')} clients`
  const against = `${name} over Redis`
  const opening: Row = {
    part,
    measured: `server µs per connect + init + subscribe, ${at}`,
    value: ours.opening.cpuMicros,
    against,
    denominator: rival.opening.cpuMicros,
    target: name === 'graphql-ws' ? { atMost: OPENING_SHARE } : undefined,
  }
  const memory: Row = {
    part,
    measured: `resident KB per subscriber, ${at}`,
    value: ours.opening.residentBytes / 1024,
    against,
    denominator: rival.opening.residentBytes / 1024,
  }
  const deliveries: Row = {
    part,
    measured: `WebSocket deliveries/s, ${at}`,
    value: perSecond(ours),
    against,
    denominator: perSecond(rival),
    target: { atLeast: share },
  }
  // What is left for anybody to gain with one write for each client.
  const limit: Row = {
    part,
    measured: `raw ws loop deliveries/s, ${at}`,
    value: perSecond(floor),
    against,
    denominator: perSecond(rival),
  }
  return [deliveries, limit, opening, memory]
}

/** What users notice when much happens at once: messages that merge, against a message for every change. */
async function compareOffered(name: string, ours: GatewayContestant, rival: Result): Promise<Row> {
  const rates: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    rates.push((await ours.offered(OFFERED_CHANGES, 1000 / OFFERED_PER_SECOND)).perSecond)
  }
  return {
    part,
    measured: `slot changes told/s, ${RIVALS_AT.toLocaleString('en')} clients, ${OFFERED_PER_SECOND} changes/s`,
    value: median(rates),
    against: `the most that ${name} tells`,
    denominator: perSecond(rival),
  }
}

/** What is left for anybody to gain who keeps `ws` and graphql-ws for the protocol. */
function compareEngine(name: string, engine: Opening, rival: Result): Row {
  return {
    part,
    measured: `ws and graphql-ws alone: server µs per connect + init + subscribe, ${RIVALS_AT.toLocaleString('en')} clients`,
    value: engine.cpuMicros,
    against: `${name} over Redis`,
    denominator: rival.opening.cpuMicros,
  }
}

async function compareSweeps(ours: Contestant, floor: Contestant): Promise<Row> {
  const sweep = await floor.paced(SWEEPS, SWEEP_GAP_MS)
  const delivery = await ours.paced(SWEEPS, SWEEP_GAP_MS)
  return {
    part,
    measured: `commit to client, p99 ms, ${SWEEPS_AT.toLocaleString('en')} clients`,
    value: delivery.p99Ms,
    against: 'one raw ws sweep of them, ms',
    denominator: sweep.p99Ms,
    target: { atMost: 1.3 },
  }
}

function perSecond({ bursts }: Result): number {
  return median(bursts.map((burst) => burst.perSecond))
}

function cpuMicros({ bursts }: Result): number {
  return median(bursts.map((burst) => burst.cpuMicrosPerDelivery))
}

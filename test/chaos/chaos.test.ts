// Everything goes away in turn while two hundred clients watch: afterwards each knows what the query answers.

import { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { type Random, seededRandom } from '../support/seeded-random.ts'
import { until } from '../support/until.ts'
import { converge } from './convergence.ts'
import { mutate, startOperations } from './operations.ts'
import { type View, type Watcher, watchOverEventSources, watchOverWebSockets } from './watchers.ts'
import { type ChaosWorld, openChaosWorld } from './world.ts'

const DAY = 24 * 3_600_000
const seed = Number(process.env.CHAOS_SEED ?? Date.now() % 1_000_000)
/** Longer than one round: rounds are repeated, over a single Redis and over a cluster in turn. */
const seconds = Number(process.env.CHAOS_SECONDS ?? 0)
const FROM = Math.ceil(Date.now() / DAY) * DAY + 2 * DAY
const DAYS = 6
const OVER_WEB_SOCKET = 188
const OVER_EVENT_SOURCE = 12

interface Fault {
  name: string
  /** Ends when what went away is back. `busy` lets operations go on for so many answers, and measures a change. */
  run: (world: ChaosWorld, busy: (answers: number) => Promise<void>) => Promise<void>
  /** Whether both gateways and PostgreSQL are there all the time. */
  canMeasure: boolean
}

const CONNECTIONS: Fault[] = [
  {
    name: 'connections between clients and gateways cut at random',
    canMeasure: true,
    async run({ networks }, busy) {
      for (let count = 0; count < 4; count++) {
        for (const network of networks) network.cut(() => Math.random() < 0.4)
        await busy(20)
      }
    },
  },
]

const GATEWAYS: Fault[] = [
  {
    name: 'a gateway killed and started again',
    canMeasure: false,
    async run({ gateways: [first] }, busy) {
      await first?.process().kill()
      await busy(20)
      await first?.restart()
    },
  },
  {
    name: 'PostgreSQL restarted',
    canMeasure: false,
    async run(world, busy) {
      await world.restartPostgres(() => refusedMutation(world))
      await busy(5)
    },
  },
]

const SINGLE_REDIS: Fault[] = [
  {
    name: 'Redis stopped',
    canMeasure: true,
    async run({ redis }, busy) {
      await redis?.stop()
      await busy(25)
      await redis?.start()
    },
  },
  {
    name: 'Redis paused',
    canMeasure: true,
    async run({ redis }, busy) {
      redis?.freeze()
      await busy(25)
      redis?.thaw()
    },
  },
  {
    name: "Redis' connections killed",
    canMeasure: true,
    async run({ redis }, busy) {
      const client = new Redis(redis?.url ?? '')
      for (let count = 0; count < 3; count++) {
        for (const kind of ['pubsub', 'normal']) await client.call('CLIENT', 'KILL', 'TYPE', kind, 'SKIPME', 'yes')
        await busy(15)
      }
      client.disconnect()
    },
  },
]

const CLUSTER: Fault[] = [
  {
    name: 'a replica of the cluster promoted',
    canMeasure: true,
    async run({ cluster }, busy) {
      const role = async (node: number) => String(await cluster?.ask(node, 'ROLE')).split(',')[0]
      const replica = (await role(3)) === 'slave' ? 3 : 0
      await cluster?.ask(replica, 'CLUSTER', 'FAILOVER')
      await busy(25)
      await until(async () => (await role(replica)) === 'master')
    },
  },
  {
    name: 'a master of the cluster paused',
    canMeasure: true,
    async run({ cluster }, busy) {
      cluster?.nodes[1]?.freeze()
      await busy(25)
      cluster?.nodes[1]?.thaw()
    },
  },
]

/** While the database is away a mutation is refused soon, with the code that says: send it again. */
async function refusedMutation({ gateways, key, services }: ChaosWorld): Promise<void> {
  const slot = { serviceId: services[0], startsAt: new Date(FROM).toISOString() }
  const url = String(gateways[0]?.process().url)
  const answers = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const askedAt = performance.now()
      const answer = await mutate(url, key, { name: 'book', input: { slot, customer: { name: 'Ada' } } })
      return { answer, tookMs: performance.now() - askedAt }
    }),
  )
  expect(answers.map(({ answer }) => answer)).toEqual(answers.map(() => 'UNAVAILABLE'))
  const slowest = Math.max(...answers.map(({ tookMs }) => tookMs))
  note(`  a mutation without PostgreSQL was refused after at most ${slowest.toFixed(0)} ms`)
  expect(slowest).toBeLessThan(10_000)
}

function drawViews(random: Random, { services, resources }: ChaosWorld, count: number): View[] {
  return Array.from({ length: count }, () => {
    const from = FROM + random.below(DAYS - 1) * DAY + random.below(20) * 3_600_000
    return {
      serviceId: random.pick(services),
      from: new Date(from).toISOString(),
      to: new Date(from + (1 + random.below(2)) * DAY + random.below(24) * 900_000).toISOString(),
      ...(random.chance(0.3) && { resourceIds: [random.pick(resources)] }),
    }
  })
}

/** A subscriber of the second gateway that sees what is held at the first: from the answer to the message. */
async function openProbe({ gateways, key, services }: ChaosWorld, random: Random) {
  const serviceId = String(services[0])
  const from = FROM + 20 * DAY
  const view = { serviceId, from: new Date(from).toISOString(), to: new Date(from + DAY).toISOString() }
  const addressOf = () => String(gateways[1]?.process().url)
  const watching = watchOverWebSockets({ addressOf, key, views: [view], perSocket: 1, random, returnWithinMs: 100 })
  const [{ known }] = watching.all as [Watcher]
  return {
    ...watching,
    async measure(): Promise<number> {
      const [before] = await until(() => known.describe().length > 0 && known.describe())
      const startsAt = String(before?.split(' ')[0])
      // Everybody who could serve it.
      for (let count = 0; count < 6; count++) {
        const input = { slot: { serviceId, startsAt }, ttlSeconds: 300 }
        await mutate(String(gateways[0]?.process().url), key, { name: 'hold', input })
      }
      const heldAt = performance.now()
      await until(() => !known.describe().some((slot) => slot.startsWith(startsAt)), { intervalMs: 2 })
      return performance.now() - heldAt
    },
  }
}

function note(line: string): void {
  process.stdout.write(`${line}\n`)
}

async function runChaos(bus: 'single' | 'cluster', round: number): Promise<void> {
  await using world = await openChaosWorld({ bus })
  const random = seededRandom(seed + round)
  const { key } = world
  const addressOf = () => random.pick(world.networks).url
  const views = drawViews(random, world, OVER_WEB_SOCKET + OVER_EVENT_SOURCE)
  const overWebSocket = watchOverWebSockets({
    addressOf,
    key,
    views: views.slice(0, OVER_WEB_SOCKET),
    perSocket: 4,
    random,
    returnWithinMs: 200,
  })
  const overEventSource = watchOverEventSources({ addressOf, key, views: views.slice(OVER_WEB_SOCKET), random })
  const watchers = [...overWebSocket.all, ...overEventSource.all]
  const operations = startOperations({ ...world, addressOf, from: FROM, days: DAYS, clients: 4, random })
  const busy = async (count: number) => {
    const goal = operations.count() + count
    await until(() => operations.count() >= goal, { deadlineMs: 30_000, what: `${count} more answers` })
  }
  const probe = await openProbe(world, random)
  watchers.push(...probe.all)
  const faultsSeen = () => watchers.flatMap(({ known }) => known.faults)
  try {
    await until(() => watchers.every(({ known }) => known.cursor() !== null), { deadlineMs: 30_000 })
    const faults = [...CONNECTIONS, ...(bus === 'single' ? SINGLE_REDIS : CLUSTER), ...GATEWAYS]
    for (const { name, run, canMeasure } of faults) {
      const staleness: number[] = []
      const busyAndMeasured = async (count: number) => {
        if (canMeasure) staleness.push(await probe.measure())
        await busy(count)
      }
      operations.resume()
      await busy(10)
      await run(world, busyAndMeasured)
      await busy(10)
      await operations.pause()
      const convergedMs = await converge(world, watchers)
      note(`  ${name}: all ${watchers.length} know the answer; compared within ${convergedMs.toFixed(0)} ms`)
      if (canMeasure) note(`    told after ${staleness.map((ms) => ms.toFixed(0)).join(', ')} ms`)
      expect(faultsSeen()).toEqual([])
    }
    expect([...overWebSocket.errors, ...overEventSource.errors, ...probe.errors]).toEqual([])
    const sum = (of: 'snapshots' | 'changes') => watchers.reduce((total, { known }) => total + known.counts[of], 0)
    const connections = overWebSocket.connections() + overEventSource.connections()
    note(`  ${sum('changes')} changes and ${sum('snapshots')} snapshots over ${connections} connections`)
    note(`  outcomes: ${JSON.stringify(operations.outcomes)}`)
  } finally {
    await operations.pause()
    probe.close()
    overWebSocket.close()
    overEventSource.close()
  }
}

test(
  `two hundred clients lose nothing, whatever goes away (seed ${seed})`,
  async () => {
    const until = performance.now() + seconds * 1000
    for (let round = 0; round === 0 || performance.now() < until; round++) {
      const bus = round % 2 === 0 ? 'single' : 'cluster'
      note(`chaos round ${round}, ${bus === 'single' ? 'one Redis' : 'a Redis Cluster'}`)
      await runChaos(bus, round)
    }
  },
  (seconds + 240) * 1000,
)

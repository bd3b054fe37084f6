// Pages as people open them: each asks from its own instant. What they cost beside pages that all ask from the same one.

import { setTimeout as pause } from 'node:timers/promises'
import type { Latencies } from './load/subscribers.ts'
import { churn } from './support/churn.ts'
import { monotonicMs } from './support/clock.ts'
import { type BenchDatabase, openBenchDatabase } from './support/database.ts'
import { type Gateway, startGateway } from './support/gateway.ts'
import { formatInstant, START_MARK, startWriter, type Writer } from './support/gateway-contestant.ts'
import { type Opening, openSubscribers } from './support/live-contestants.ts'
import { LOAD_CORE, pinFamily, SERVER_CORE } from './support/processes.ts'
import { startRedis } from './support/redis.ts'
import { announce, type Report, type Row } from './support/report.ts'
import { RESOURCES_PER_SERVICE, resourceUuid, serviceUuid } from './support/slots.ts'
import { median } from './support/statistics.ts'
import type { Subscribers } from './support/subscribers.ts'

export interface PagesOptions {
  /** Pages of each kind that is compared; the crowd over fifty services is five times as many. */
  pages: number
  /** How long pages come and go. */
  churnSeconds: number
}

export const PAGES_DEFAULTS: PagesOptions = { pages: 2000, churnSeconds: 30 }

const part = 'pages'
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const HALF_HOUR_MS = HOUR_MS / 2
/** Between two pages that open. */
const APART_MS = 29
const ROUNDS = 3
const CHANGES = 10
const STALLED_MS = 20_000
const CROWD = { services: 50, days: 10, perSecond: 50, seconds: 8 }
const LIMITS = { residentKb: 8, p99Ms: 50, churnMb: 300 }
/** After the first third of the time. */
const FLAT_MB_PER_MINUTE = 10

/** README's, and two others who want to know more or less of the same. */
const DOCUMENTS = [
  'subscription Watch($input: AvailabilityInput!) { availability(input: $input) { kind opened { startsAt } closed { startsAt } cursor } }',
  'subscription Watch($input: AvailabilityInput!) { availability(input: $input) { kind opened { startsAt endsAt } closed { startsAt } cursor } }',
  'subscription Watch($input: AvailabilityInput!) { availability(input: $input) { kind opened { startsAt segments { name } } closed { startsAt } cursor } }',
]

interface Page {
  from: number
  days: number
  document: number
}

interface Bench {
  database: BenchDatabase
  redisUrl: string
  writer: Writer
}

export async function measurePages({ pages, churnSeconds }: PagesOptions = PAGES_DEFAULTS): Promise<Report> {
  await using redis = await startRedis()
  await using database = await openBenchDatabase()
  pinFamily(database.pid, LOAD_CORE)
  await using writer = await startWriter(database.url, redis.url)
  const bench = { database, redisUrl: redis.url, writer }
  const rows = [...(await compareKinds(bench, pages)), ...(await measureCrowd(bench, 5 * pages))]
  rows.push(...(await measureChurn(bench, churnSeconds)))
  return {
    rows,
    notes: [`pages: opened ${APART_MS} ms apart; each has README's document and 72 hours from its own instant.`],
  }
}

interface Weighed {
  opening: Opening
  residentBytes: number
  cpuMsPerChange: number
}

/** Each kind has a gateway and a service of its own; they take turns. */
async function compareKinds(bench: Bench, count: number): Promise<Row[]> {
  const first = Date.now() - count * APART_MS
  const kinds: ((index: number) => Page)[] = [
    () => ({ from: first, days: 3, document: 0 }),
    (index) => ({ from: first + index * APART_MS, days: 3, document: 0 }),
    (index) => ({ from: first + index * APART_MS, days: 1 + (index % 14), document: index % DOCUMENTS.length }),
  ]
  await using stack = new AsyncDisposableStack()
  const crowds: OpenPages[] = []
  for (const [service, page] of kinds.entries()) {
    crowds.push(
      stack.use(
        await openPages(
          bench,
          service,
          Array.from({ length: count }, (_, index) => page(index)),
        ),
      ),
    )
  }
  const cpuMs = crowds.map((): number[] => [])
  for (let round = 0; round < ROUNDS + 1; round++) {
    for (const [index, crowd] of crowds.entries()) {
      const perChange = await crowd.change(CHANGES)
      // The first round compiles the hot code.
      if (round > 0) cpuMs[index]?.push(perChange)
    }
  }
  const [same, own, mixed] = crowds.map(
    (crowd, index): Weighed => ({ ...crowd.weighed(), cpuMsPerChange: median(cpuMs[index] ?? []) }),
  ) as [Weighed, Weighed, Weighed]
  return announce(compareWeighed(count, { same, own, mixed }))
}

function compareWeighed(count: number, { same, own, mixed }: Record<'same' | 'own' | 'mixed', Weighed>): Row[] {
  const what = `${count.toLocaleString('en')} pages, each from its own instant`
  const against = 'all from the same one'
  const megabytes = (bytes: number) => bytes / 1024 / 1024
  return [
    {
      ...{ part, against, measured: `server ms per change, ${what}`, target: { atMost: 1.2 } },
      ...{ value: own.cpuMsPerChange, denominator: same.cpuMsPerChange },
    },
    {
      ...{ part, against, measured: `resident MB in all, ${what}`, target: { atMost: 1.3 } },
      ...{ value: megabytes(own.residentBytes), denominator: megabytes(same.residentBytes) },
    },
    {
      ...{ part, against, measured: `server µs to open, ${what}`, target: { atMost: 1.5 } },
      ...{ value: own.opening.cpuMicros, denominator: same.opening.cpuMicros },
    },
    {
      ...{ part, against: 'the limit, KB', measured: `resident KB per page, ${what}`, target: { atMost: 1 } },
      ...{ value: own.opening.residentBytes / 1024, denominator: LIMITS.residentKb },
    },
    {
      ...{
        part,
        against,
        measured: 'server ms per change, 14 ranges and three documents mixed',
        target: { atMost: 2 },
      },
      ...{ value: mixed.cpuMsPerChange, denominator: same.cpuMsPerChange },
    },
  ]
}

interface OpenPages extends AsyncDisposable {
  /** So many changes, one after the other, each of which everybody is told of: the server's processor time for one. */
  change(changes: number): Promise<number>
  weighed(): { opening: Opening; residentBytes: number }
}

async function openPages(bench: Bench, service: number, pages: Page[]): Promise<OpenPages> {
  await using stack = new AsyncDisposableStack()
  const { gateway, subscribers, opening } = await open(
    bench,
    pages.map((page) => subscriptionOf(service, page)),
  )
  stack.use(gateway)
  stack.use(subscribers)
  const residentBytes = gateway.process.residentBytes()
  // Inside everybody's range, whenever the page was opened.
  const startsAt = Math.ceil(Date.now() / HALF_HOUR_MS) * HALF_HOUR_MS + 6 * HOUR_MS
  let written = 0
  const owned = stack.move()
  return {
    async change(changes) {
      const cpuMs = gateway.process.cpuMs()
      for (let change = 0; change < changes; change++) {
        subscribers.countFrom()
        // Held, then released.
        const slot = written++ >> 1
        await bench.writer.write({
          serviceId: serviceUuid(service),
          resourceId: resourceUuid(service * RESOURCES_PER_SERVICE + (slot % RESOURCES_PER_SERVICE)),
          startsAt: startsAt + (slot % 24) * HALF_HOUR_MS,
        })
        const { counted } = await subscribers.awaitCount(pages.length, STALLED_MS)
        if (counted < pages.length) throw new Error(`${counted} of ${pages.length} pages were told of a change.`)
      }
      return (gateway.process.cpuMs() - cpuMs) / changes
    },
    weighed: () => ({ opening, residentBytes }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

async function open(
  { database, redisUrl }: Bench,
  subscriptions: object[],
): Promise<{ gateway: Gateway; subscribers: Subscribers; opening: Opening }> {
  const gateway = await startGateway({ databaseUrl: database.url, redisUrl, core: SERVER_CORE })
  const opened = await openSubscribers(gateway.process, {
    transport: 'websocket',
    port: gateway.port,
    count: subscriptions.length,
    subscriptions,
    authorization: `Bearer ${database.secretKey}`,
    awaitsSnapshot: true,
    mark: START_MARK,
  })
  return { gateway, ...opened }
}

function subscriptionOf(service: number, { from, days, document }: Page): object {
  const instants = { from: new Date(from).toISOString(), to: new Date(from + days * DAY_MS).toISOString() }
  return {
    query: DOCUMENTS[document],
    variables: { input: { serviceId: `service_${serviceUuid(service)}`, ...instants } },
  }
}

/** All over a location: is one core enough, and how late is what they see? */
async function measureCrowd(bench: Bench, count: number): Promise<Row[]> {
  const first = Date.now() - count * APART_MS
  const subscriptions = Array.from({ length: count }, (_, index) =>
    subscriptionOf(index % CROWD.services, { from: first + index * APART_MS, days: CROWD.days, document: 0 }),
  )
  const opened = await open(bench, subscriptions)
  await using gateway = opened.gateway
  await using subscribers = opened.subscribers
  const { latencies, cores } = await writeAtPace(bench.writer, gateway, subscribers)
  const what = `${count.toLocaleString('en')} pages over ${CROWD.services} services, ${CROWD.perSecond} changes/s`
  return announce([
    {
      ...{ part, measured: `cores used, ${what}`, against: 'one core', target: { atMost: 1 } },
      ...{ value: cores, denominator: 1 },
    },
    {
      ...{ part, measured: `commit to client, p99 ms, ${what}`, against: 'the limit, ms', target: { atMost: 1 } },
      ...{ value: latencies.p99Ms, denominator: LIMITS.p99Ms },
    },
  ])
}

async function writeAtPace(
  writer: Writer,
  gateway: Gateway,
  subscribers: Subscribers,
): Promise<{ latencies: Latencies; cores: number }> {
  const firstAt = Math.ceil(Date.now() / HALF_HOUR_MS) * HALF_HOUR_MS + 12 * HOUR_MS
  subscribers.record()
  const startedAt = monotonicMs()
  const cpuMs = gateway.process.cpuMs()
  for (let change = 0; change < CROWD.perSecond * CROWD.seconds; change++) {
    const service = (change * 7) % CROWD.services
    const resource = service * RESOURCES_PER_SERVICE + (change % RESOURCES_PER_SERVICE)
    // Every change at a time of its own, which names it.
    const startsAt = firstAt + change * HALF_HOUR_MS
    const { at } = await writer.write({ serviceId: serviceUuid(service), resourceId: resourceUuid(resource), startsAt })
    subscribers.sent(formatInstant(startsAt), at)
    await pause(Math.max(0, startedAt + ((change + 1) * 1000) / CROWD.perSecond - monotonicMs()))
  }
  const cores = (gateway.process.cpuMs() - cpuMs) / (monotonicMs() - startedAt)
  await pause(500)
  return { latencies: await subscribers.latencies(), cores }
}

/** Pages come and go on a service of twenty people over twenty days. */
async function measureChurn({ database, redisUrl }: Bench, seconds: number): Promise<Row[]> {
  await using gateway = await startGateway({ databaseUrl: database.url, redisUrl, core: SERVER_CORE })
  const { peakMb, growthMbPerMinute, opened } = await churn(gateway, {
    seconds,
    authorization: `Bearer ${database.secretKey}`,
    subscription: (now) => subscriptionOf(CROWD.services, { from: now, days: 20, document: 0 }),
  })
  const what = `${opened.toLocaleString('en')} pages that came and went in ${seconds} s`
  return announce([
    {
      ...{ part, measured: `resident MB at most, ${what}`, against: 'the limit, MB', target: { atMost: 1 } },
      ...{ value: peakMb, denominator: LIMITS.churnMb },
    },
    {
      ...{ part, measured: `growth in MB per minute, ${what}`, against: 'what counts as flat' },
      ...{ value: growthMbPerMinute, denominator: FLAT_MB_PER_MINUTE, target: { atMost: 1 } },
    },
  ])
}

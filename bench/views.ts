// Two thousand different views watched at once while fifty changes a second are committed: does one core suffice?

import { setTimeout as pause } from 'node:timers/promises'
import { monotonicMs } from './support/clock.ts'
import { openBenchDatabase } from './support/database.ts'
import { startGateway } from './support/gateway.ts'
import { availabilitySubscription, formatInstant, START_MARK, startWriter } from './support/gateway-contestant.ts'
import { openSubscribers } from './support/live-contestants.ts'
import { LOAD_CORE, pinFamily, SERVER_CORE } from './support/processes.ts'
import { startRedis } from './support/redis.ts'
import type { Report } from './support/report.ts'
import { RESOURCES_PER_SERVICE, resourceUuid, SERVICE_COUNT, serviceUuid } from './support/slots.ts'

const CHANGES_PER_SECOND = 50
const SECONDS = 8
const DAY_MS = 86_400_000
const HALF_HOUR_MS = 1_800_000
/** Twenty ranges of every service, each with all its people. */
const RANGES = [0, 1, 2, 3, 4].flatMap((firstDay) => [1, 3, 5, 7].map((days) => ({ firstDay, days })))

export async function measureViews(): Promise<Report> {
  await using redis = await startRedis()
  await using database = await openBenchDatabase()
  pinFamily(database.pid, LOAD_CORE)
  await using gateway = await startGateway({ databaseUrl: database.url, redisUrl: redis.url, core: SERVER_CORE })
  await using writer = await startWriter(database.url, redis.url)
  const midnight = Math.ceil(Date.now() / DAY_MS + 30) * DAY_MS
  const subscriptions = Array.from({ length: SERVICE_COUNT }, (_, service) => serviceUuid(service)).flatMap(
    (serviceId) =>
      RANGES.map(({ firstDay, days }) => {
        const from = midnight + firstDay * DAY_MS
        return availabilitySubscription({ serviceId, resourceIds: null, from, to: from + days * DAY_MS })
      }),
  )
  const { subscribers: opened } = await openSubscribers(gateway.process, {
    transport: 'websocket',
    port: gateway.port,
    count: subscriptions.length,
    subscriptions,
    authorization: `Bearer ${database.secretKey}`,
    awaitsSnapshot: true,
    mark: START_MARK,
  })
  await using subscribers = opened
  subscribers.record()
  const startedAt = monotonicMs()
  const cpuMs = gateway.process.cpuMs()
  for (let change = 0; change < CHANGES_PER_SECOND * SECONDS; change++) {
    // Every change at a time of its own, which names it.
    const service = (change * 37) % SERVICE_COUNT
    const resource = service * RESOURCES_PER_SERVICE + (change % RESOURCES_PER_SERVICE)
    const startsAt = midnight + change * HALF_HOUR_MS
    const { at } = await writer.write({ serviceId: serviceUuid(service), resourceId: resourceUuid(resource), startsAt })
    subscribers.sent(formatInstant(startsAt), at)
    await pause(Math.max(0, startedAt + ((change + 1) * 1000) / CHANGES_PER_SECOND - monotonicMs()))
  }
  const wallMs = monotonicMs() - startedAt
  const busyShare = (gateway.process.cpuMs() - cpuMs) / wallMs
  await pause(500)
  const latencies = await subscribers.latencies()
  const what = `${subscriptions.length.toLocaleString('en')} distinct views, ${CHANGES_PER_SECOND} changes/s`
  return {
    rows: [
      {
        part: 'views',
        measured: `share of one core, ${what}`,
        value: busyShare,
        against: 'the core',
        denominator: 1,
        target: { atMost: 1 },
      },
      {
        part: 'views',
        measured: `commit to client, p99 ms, ${what}`,
        value: latencies.p99Ms,
        against: 'the limit, ms',
        denominator: 100,
        target: { atMost: 1 },
      },
    ],
    notes: [
      `views: ${latencies.messages} messages, p50 ${latencies.p50Ms.toFixed(1)} ms; the changes came at ${(
        (CHANGES_PER_SECOND * SECONDS * 1000) / wallMs
      ).toFixed(1)} a second.`,
    ],
  }
}

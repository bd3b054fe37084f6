// Our gateway as a contestant: a real process, and another one that writes, so that every change comes over Redis.

import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Write, Written } from '../servers/writer.ts'
import { monotonicMs } from './clock.ts'
import type { BenchDatabase } from './database.ts'
import { startGateway } from './gateway.ts'
import { type Burst, type Contestant, describeBurst, openSubscribers } from './live-contestants.ts'
import { LOAD_CORE, SERVER_CORE, startNode } from './processes.ts'
import { resourceUuid, serviceUuid } from './slots.ts'

export interface Writer extends AsyncDisposable {
  write(write: Write): Promise<Written>
}

/** The first `startsAt` of a message tells which write it came from. */
export const START_MARK = '"startsAt":"'

const DAY_MS = 86_400_000
const HALF_HOUR_MS = 1_800_000
/** Two changes on their way: the second is there when the first has been delivered, and never two in one turn. */
const UNDER_WAY = 2
const STALLED_MS = 100

/** `bare`: publishes nothing but the time of the commit, on the channel `bare`. */
export async function startWriter(
  databaseUrl: string,
  redisUrl: string,
  publishing: 'bus' | 'bare' = 'bus',
): Promise<Writer> {
  const file = fileURLToPath(new URL('../servers/writer.ts', import.meta.url))
  const child = startNode({ file, parameters: [databaseUrl, redisUrl, publishing], core: LOAD_CORE })
  await child.receive('ready')
  return {
    write(write) {
      child.send(write)
      return child.receive<Written>('written')
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  }
}

export function availabilitySubscription({
  serviceId,
  resourceIds,
  from,
  to,
}: {
  serviceId: string
  /** Null: everyone who offers the service. */
  resourceIds: string[] | null
  from: number
  to: number
}): object {
  return {
    query: `subscription Watch($input: AvailabilityInput!) {
      availability(input: $input) { kind opened { startsAt endsAt } closed { startsAt endsAt } cursor }
    }`,
    variables: {
      input: {
        serviceId: `service_${serviceId}`,
        resourceIds: resourceIds?.map((id) => `resource_${id}`) ?? null,
        from: new Date(from).toISOString(),
        to: new Date(to).toISOString(),
      },
    },
  }
}

export interface GatewayContestant extends Contestant {
  /** Changes at a pace, whether or not those before have arrived; counts the slots told of, for a message may hold several. */
  offered(changes: number, gapMs: number): Promise<Burst>
}

/** Everybody watches one day of one person. */
export async function openGateway(
  transport: 'websocket' | 'sse',
  count: number,
  { database, redisUrl }: { database: BenchDatabase; redisUrl: string },
): Promise<GatewayContestant> {
  await using stack = new AsyncDisposableStack()
  const gateway = stack.use(await startGateway({ databaseUrl: database.url, redisUrl, core: SERVER_CORE }))
  const writer = stack.use(await startWriter(database.url, redisUrl))
  const from = Math.ceil(Date.now() / DAY_MS + 30) * DAY_MS
  const view = { serviceId: serviceUuid(0), resourceIds: [resourceUuid(0)], from, to: from + DAY_MS }
  const opened = await openSubscribers(gateway.process, {
    transport,
    port: gateway.port,
    count,
    subscriptions: [availabilitySubscription(view)],
    authorization: `Bearer ${database.secretKey}`,
    awaitsSnapshot: true,
    mark: START_MARK,
  })
  const subscribers = stack.use(opened.subscribers)
  let slot = 0
  const writeTo = (index: number) =>
    writer.write({
      serviceId: view.serviceId,
      resourceId: resourceUuid(0),
      startsAt: from + (index % 48) * HALF_HOUR_MS,
    })

  const deliver = async (changes: number): Promise<Burst> => {
    subscribers.countFrom()
    const cpuMs = gateway.process.cpuMs()
    const startedAt = monotonicMs()
    for (let change = 1; change <= changes; change++) {
      // The same slot twice: held, then released.
      await writeTo(slot++ >> 1)
      await subscribers.awaitCount((change - UNDER_WAY + 1) * count, STALLED_MS)
    }
    const came = await subscribers.awaitCount(changes * count, 10 * STALLED_MS)
    return describeBurst(came, startedAt, gateway.process.cpuMs() - cpuMs)
  }
  const owned = stack.move()
  return {
    server: gateway.process,
    ...opened,
    async burst(ms) {
      const { perSecond } = await deliver(4)
      return deliver(2 * Math.max(2, Math.round((perSecond * ms) / 2000 / count)))
    },
    async offered(changes, gapMs) {
      subscribers.countFrom({ mark: START_MARK })
      const cpuMs = gateway.process.cpuMs()
      const startedAt = monotonicMs()
      const arrived = subscribers.awaitCount(changes * count)
      const writes: Promise<unknown>[] = []
      for (let change = 0; change < changes; change++) {
        await pause(Math.max(0, startedAt + change * gapMs - monotonicMs()))
        // All slots of the day are held, then all released: what is told in one message never cancels out.
        writes.push(writeTo(change))
      }
      await Promise.all(writes)
      const came = await arrived
      if (came.counted !== changes * count) throw new Error(`${came.counted} of ${changes * count} slots were told of.`)
      return describeBurst(came, startedAt, gateway.process.cpuMs() - cpuMs)
    },
    async paced(events, gapMs) {
      subscribers.record()
      for (let event = 0; event < events; event++) {
        const { written, at } = await writeTo(event)
        subscribers.sent(formatInstant(written.startsAt), at)
        await pause(gapMs)
      }
      const latencies = await subscribers.latencies()
      for (let event = 0; event < events; event++) await writeTo(event)
      return latencies
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** As the gateway writes it: without milliseconds. */
export function formatInstant(at: number): string {
  return new Date(at).toISOString().replace('.000Z', 'Z')
}

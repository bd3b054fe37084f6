// After the public AnyCable protocol, scaled down: everybody is cut again and again while changes go on, and nobody loses any.

import { isDeepStrictEqual } from 'node:util'
import { expect, test } from 'vitest'
import { seededRandom } from '../support/seeded-random.ts'
import { openTcpProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'
import { converge } from './convergence.ts'
import { mutate } from './operations.ts'
import { type View, watchOverWebSockets } from './watchers.ts'
import { openChaosWorld } from './world.ts'

/** There: 10,000 clients, cut about every 15 s for 2 s, 120 broadcasts at 2 a second. */
const clients = Number(process.env.JITTER_CLIENTS ?? 100)
const changes = Number(process.env.JITTER_CHANGES ?? 30)
const seed = Number(process.env.CHAOS_SEED ?? Date.now() % 1_000_000)
/** Of the original's times. */
const SCALE = 0.1
const CUT_EVERY_MS = 15_000 * SCALE
const AWAY_MS = 2000 * SCALE
const CHANGE_EVERY_MS = 500 * SCALE
const DAY = 24 * 3_600_000

test(`clients that are cut every ${CUT_EVERY_MS} ms for ${AWAY_MS} ms all converge (seed ${seed})`, async () => {
  await using world = await openChaosWorld({ bus: 'single' })
  const random = seededRandom(seed)
  const { key, services, gateways } = world
  // Slices of the clients are cut one after the other.
  await using stack = new AsyncDisposableStack()
  const networks = await Promise.all(
    Array.from({ length: 10 }, (_, index) => openTcpProxy(world.networks[index % 2]?.target ?? { port: 0 })),
  )
  for (const network of networks) stack.use(network)
  const from = Math.ceil(Date.now() / DAY) * DAY + 2 * DAY
  const views: View[] = Array.from({ length: clients }, (_, index) => ({
    serviceId: String(services[index % services.length]),
    from: new Date(from).toISOString(),
    to: new Date(from + 3 * DAY).toISOString(),
  }))
  let next = 0
  const watching = watchOverWebSockets({
    addressOf: () => String(networks[next++ % networks.length]?.url),
    key,
    views,
    perSocket: 1,
    random,
    returnWithinMs: AWAY_MS * 2,
  })
  stack.defer(() => watching.close())
  await until(() => watching.all.every(({ known }) => known.cursor() !== null), { deadlineMs: 60_000 })

  let turn = 0
  let cuts = 0
  const cutting = setInterval(() => {
    cuts += networks[turn++ % networks.length]?.cut() ?? 0
  }, CUT_EVERY_MS / networks.length)
  stack.defer(() => clearInterval(cutting))
  let made = 0
  let isMaking = false
  const making = setInterval(async () => {
    if (isMaking || made >= changes) return
    isMaking = true
    const url = String(gateways[made % 2]?.process().url)
    const startsAt = new Date(from + 8 * 3_600_000 + random.below(2 * 96) * 900_000).toISOString()
    const slot = { serviceId: random.pick(services), startsAt }
    const answer = await mutate(url, key, { name: 'book', input: { slot, customer: { name: 'Ada' } } })
    if (typeof answer !== 'string' && answer.__typename === 'BookedAppointment') made++
    isMaking = false
  }, CHANGE_EVERY_MS)
  stack.defer(() => clearInterval(making))
  await until(() => made >= changes && cuts >= clients * 2, { deadlineMs: 120_000, what: 'That all is made and cut' })
  clearInterval(cutting)

  const firsts = watching.all.slice(0, services.length)
  const isConverged = () =>
    watching.all.every(({ known }, index) =>
      isDeepStrictEqual(known.describe(), firsts[index % services.length]?.known.describe()),
    )
  const endedAt = performance.now()
  await until(isConverged, { deadlineMs: 30_000, intervalMs: 50 })
  const tookMs = performance.now() - endedAt
  // All know the same of each view; that it is right, the first of each says.
  await converge(world, firsts)
  const snapshots = watching.all.reduce((sum, { known }) => sum + known.counts.snapshots, 0)
  process.stdout.write(
    `  ${clients} clients, ${cuts} cuts, ${made} changes: all converged ${tookMs.toFixed(0)} ms after the last cut\n`,
  )
  expect(watching.all.flatMap(({ known }) => known.faults)).toEqual([])
  expect(watching.errors).toEqual([])
  // Nobody had to begin anew.
  expect(snapshots).toBe(clients)
}, 240_000)

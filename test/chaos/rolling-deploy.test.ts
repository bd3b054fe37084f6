// SIGTERM: sockets are sent away in slices with 1001, what is under way is answered, and whoever comes back misses nothing.

import { expect, test } from 'vitest'
import { seededRandom } from '../support/seeded-random.ts'
import { until } from '../support/until.ts'
import { converge } from './convergence.ts'
import { startOperations } from './operations.ts'
import { type View, watchOverWebSockets } from './watchers.ts'
import { openChaosWorld } from './world.ts'

const DAY = 24 * 3_600_000
const CLIENTS = 120

test('both gateways are replaced one after the other under load, and no client misses anything', async () => {
  await using world = await openChaosWorld({ bus: 'single' })
  const random = seededRandom(1)
  const { key, services, networks, gateways } = world
  const from = Math.ceil(Date.now() / DAY) * DAY + 2 * DAY
  const views: View[] = Array.from({ length: CLIENTS }, (_, index) => ({
    serviceId: String(services[index % services.length]),
    from: new Date(from + (index % 5) * 3_600_000).toISOString(),
    to: new Date(from + 3 * DAY).toISOString(),
  }))
  /** As a load balancer does: not to one that says it is not ready. */
  let isReady = [true, true]
  const addressOf = () => String(random.pick(networks.filter((_, index) => isReady[index])).url)
  const closeCodes: number[] = []
  const watching = watchOverWebSockets({
    addressOf,
    key,
    views,
    perSocket: 1,
    random,
    returnWithinMs: 100,
    onClose: (code) => void closeCodes.push(code),
  })
  const operations = startOperations({ ...world, addressOf, from, days: 3, clients: 4, random })
  try {
    await until(() => watching.all.every(({ known }) => known.cursor() !== null), { deadlineMs: 60_000 })
    operations.resume()
    for (const [index, gateway] of gateways.entries()) {
      const answered = operations.count()
      await until(() => operations.count() > answered + 30)
      isReady = gateways.map((_, other) => other !== index)
      const sentAway = closeCodes.length
      expect(await gateway.process().stop()).toBe(0)
      process.stdout.write(`  ${closeCodes.length - sentAway} sockets were sent away\n`)
      await gateway.restart()
      isReady = [true, true]
    }
    await operations.pause()
    await converge(world, watching.all)
    expect(closeCodes.length).toBeGreaterThan(CLIENTS / 2)
    expect(new Set(closeCodes)).toEqual(new Set([1001]))
    expect(watching.errors).toEqual([])
    expect(watching.all.flatMap(({ known }) => known.faults)).toEqual([])
    // Every mutation was answered: those that were under way, and those that came while a gateway was closing.
    expect(Object.keys(operations.outcomes).filter((name) => /^no answer|UNAVAILABLE/.test(name))).toEqual([])
  } finally {
    await operations.pause()
    watching.close()
  }
}, 180_000)

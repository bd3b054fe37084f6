// Whatever the bus loses, repeats or delays, and in whatever order transactions commit: every client knows the truth.

import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { WEEKDAYS } from '../../src/domain/catalogue/definitions.ts'
import type { Bus, BusListener } from '../../src/realtime/bus.ts'
import type { AvailabilityQuestion } from '../../src/realtime/cursors.ts'
import { hourAhead, segment } from '../support/salon.ts'
import { addResource, addService, openTenant, type Tenant } from '../support/tenant.ts'
import { until } from '../support/until.ts'
import { answerOf, follow, type LiveClient, openGateway, type TestGateway } from './gateways.ts'
import { createWriter, type Random, seededRandom } from './random-changes.ts'

const HOUR = 3_600_000
let tenant: Tenant
beforeAll(async () => {
  tenant = await openTenant()
})
afterAll(() => tenant[Symbol.asyncDispose]())

/** Loses, repeats and delays what it carries, and claims to be reliable all the same. */
function createFlakyBuses(random: Random, count: number): Bus[] {
  const listeners = new Set<BusListener>()
  return Array.from({ length: count }, (): Bus => {
    let own: BusListener | undefined
    return {
      listen(listener) {
        own = listener
        listeners.add(listener)
      },
      publish(transaction) {
        const message = structuredClone(transaction)
        for (const listener of listeners) {
          for (let copies = Math.floor(random() * 3); copies > 0; copies--) {
            setTimeout(() => listeners.has(listener) && listener.onTransaction(message), random() * 80)
          }
        }
      },
      isReliable: () => true,
      async [Symbol.asyncDispose]() {
        if (own) listeners.delete(own)
      },
    }
  })
}

it('converges without a gap or a duplicate, through commits in any order and a bus that lies', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const random = seededRandom(seed)
      const resourceIds: string[] = []
      for (const kind of ['STAFF', 'STAFF', 'STAFF', 'ROOM'] as const) {
        const weeklyHours = WEEKDAYS.map((weekday) => ({ weekday, opensAt: 0, closesAt: 1440 }))
        resourceIds.push((await addResource(tenant, { kind, name: kind, weeklyHours })).id)
      }
      const people = resourceIds.slice(0, 3)
      const [plain, composite] = [
        await addService(tenant, [segment({ candidateIds: people, bufferBeforeMinutes: 20, bufferAfterMinutes: 10 })]),
        await addService(tenant, [
          segment({
            candidateIds: people,
            resourceGroups: [
              { kind: 'STAFF', candidateIds: people },
              { kind: 'ROOM', candidateIds: resourceIds.slice(3) },
            ],
          }),
          segment({ candidateIds: people, resourceGroups: [] }),
          segment({ candidateIds: people, sameStaffAsPrevious: true }),
        ]),
      ]
      const from = hourAhead(0)
      const questions: AvailabilityQuestion[] = [plain, composite].flatMap(({ id }) =>
        [null, [people[0] as string]].flatMap((named) =>
          Array.from({ length: 3 }, () => {
            const start = from + Math.floor(random() * 60 * HOUR)
            return {
              organizationId: tenant.organizationId,
              serviceId: id,
              from: start,
              to: start + 1 + Math.floor(random() * 60 * HOUR),
              resourceIds: named,
            }
          }),
        ),
      )
      await using stack = new AsyncDisposableStack()
      const gateways: TestGateway[] = createFlakyBuses(random, 2).map((bus) =>
        stack.use(openGateway(tenant.url, { bus })),
      )
      const clients = await Promise.all(
        questions.flatMap((question) => gateways.map((gateway) => watch(gateway, question))),
      )

      const writers = Array.from({ length: 4 }, (_, index) =>
        createWriter({
          db: (gateways[index % 2] as TestGateway).db,
          organizationId: tenant.organizationId,
          resourceIds,
          from,
          to: from + 72 * HOUR,
          random,
        }),
      )
      {
        await using _returning = comeBackNowAndThen(clients, gateways, random)
        await Promise.all(
          writers.map(async ({ step }) => {
            for (let steps = 0; steps < 40; steps++) await step()
          }),
        )
      }

      for (const { question, client } of clients) {
        await until(async () => isDeepStrictEqual(client().slots(), await answerOf(tenant.db, question)), {
          deadlineMs: 4000,
          intervalMs: 50,
        })
        expect(client().faults).toEqual([])
      }
      await Promise.all(clients.map(({ client }) => client().close()))
    }),
    { numRuns: 3 },
  )
}, 90_000)

interface Watching {
  question: AvailabilityQuestion
  client(): LiveClient
  /** Cuts the client and comes back with its last cursor, or with an earlier one, at any gateway. */
  comeBack(gateway: TestGateway, missedUpdates: number, random: Random): Promise<void>
}

async function watch(gateway: TestGateway, question: AvailabilityQuestion): Promise<Watching> {
  let client = follow(await gateway.live.availability({ ...question, after: null }))
  return {
    question,
    client: () => client,
    async comeBack(other, missedUpdates, random) {
      await client.close()
      await client.finished
      // Away for as long as somebody who stayed is told so many updates, or nothing more happens.
      const stayed = follow(await other.live.availability({ ...question, after: null }))
      await until(() => stayed.updates.length > missedUpdates, { deadlineMs: 1000 }).catch(() => {})
      await stayed.close()
      expect(client.faults).toEqual([])
      const { updates } = client
      const at = random() < 0.5 ? updates.length - 1 : Math.floor(random() * updates.length)
      const after = updates[at]?.cursor ?? null
      const known = after === null ? null : client.slots()
      client = follow(await other.live.availability({ ...question, after }), known)
    },
  }
}

/** Until disposed of; then the last one is back, or what went wrong is thrown. */
function comeBackNowAndThen(clients: Watching[], gateways: TestGateway[], random: Random): AsyncDisposable {
  let stopped = false
  const done = (async () => {
    while (!stopped) {
      const client = clients[Math.floor(random() * clients.length)] as Watching
      const gateway = gateways[Math.floor(random() * gateways.length)] as TestGateway
      await client.comeBack(gateway, Math.floor(random() * 4), random)
    }
  })()
  return {
    async [Symbol.asyncDispose]() {
      stopped = true
      await done
    },
  }
}

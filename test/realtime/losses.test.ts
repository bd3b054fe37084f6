// Redis, Postgres and connections go away in the middle: members stay, nothing is lost, staleness is bounded.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openDatabase } from '../../src/db/client.ts'
import { migrate } from '../../src/db/migrate.ts'
import { type BookingLane, createBookingLane } from '../../src/domain/claims/booking-lane.ts'
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts'
import { createBus } from '../../src/realtime/redis-bus.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { findFreePort, startRedis } from '../support/redis.ts'
import { ALWAYS_OPEN, book, hold, hourAhead, openSalon, secretCaller, segment } from '../support/salon.ts'
import { addResource, addService, addTenant } from '../support/tenant.ts'
import { until } from '../support/until.ts'
import { answerOf, follow, openGateway } from './gateways.ts'

const HOUR = 3_600_000
const logger = createLogger('silent')
const secret = 'a secret of this file'
const unhandled: unknown[] = []
const onUnhandled = (error: unknown) => {
  unhandled.push(error)
}
beforeEach(() => void process.on('unhandledRejection', onUnhandled))
afterEach(() => {
  process.off('unhandledRejection', onUnhandled)
  expect(unhandled.splice(0)).toEqual([])
})

it('with Redis stopped in the middle subscribers of two gateways are never stale for a second, and lose nothing', async () => {
  await using salon = await openSalon({ people: 2 })
  await using redis = await startRedis()
  const gateways = [0, 1].map(() => openGateway(salon.url, { bus: createBus({ urls: [redis.url], secret, logger }) }))
  await using stack = new AsyncDisposableStack()
  for (const gateway of gateways) stack.use(gateway)
  const lanes = gateways.map(({ db }) => stack.use(createBookingLane(db)))
  const from = hourAhead(0)
  const asked = {
    organizationId: salon.organizationId,
    serviceId: salon.cutId,
    from,
    to: from + 48 * HOUR,
    resourceIds: null,
  }
  await until(() => gateways.every(({ live }) => live.status().busIsReliable))
  const clients = await Promise.all(
    gateways.map(async ({ live }) => follow(await live.availability({ ...asked, after: null }))),
  )
  await until(() => clients.every(({ updates }) => updates.length === 1))

  let index = 0
  const staleness: number[] = []
  const bookOne = async () => {
    const startsAt = from + index * 30 * 60_000
    const lane = lanes[index++ % 2] as BookingLane
    const startedAt = performance.now()
    await book({ ...salon, lane }, startsAt, {
      slot: { serviceId: salon.cutId, startsAt, resourceIds: [salon.people[0] ?? null] },
    })
    const committedAt = performance.now()
    const isTold = () =>
      clients.every((client) => {
        const slot = client.slots().find((one) => one.startsAt === startsAt)
        return slot?.segments[0]?.candidateIds.includes(salon.people[0] ?? '') === false
      })
    await until(isTold, { deadlineMs: 3000, intervalMs: 1 })
    staleness.push(performance.now() - committedAt)
    return committedAt - startedAt
  }
  const timesUp = await Promise.all([bookOne()])
  for (let times = 0; times < 10; times++) timesUp.push(await bookOne())
  const quick = staleness.splice(0)
  await redis.stop()
  for (let times = 0; times < 6; times++) await bookOne()
  expect(Math.max(...staleness)).toBeLessThan(1000)
  await redis.start()
  await until(() => gateways.every(({ live }) => live.status().busIsReliable))
  for (let times = 0; times < 5; times++) await bookOne()
  expect(quick.sort((a, b) => a - b)[5]).toBeLessThan(150)
  for (const client of clients) {
    expect(client.slots()).toEqual(await answerOf(salon.db, asked))
    expect(client.faults).toEqual([])
    expect(client.updates.filter(({ kind }) => kind === 'SNAPSHOT')).toHaveLength(1)
    await client.close()
  }
})

it('through a restart and a crash of Postgres members stay, and are current within two seconds of its return', async () => {
  const dataDirectory = await mkdtemp(path.join(tmpdir(), 'slotwire-losses-'))
  await using stack = new AsyncDisposableStack()
  stack.defer(() => rm(dataDirectory, { recursive: true, force: true }))
  const port = await findFreePort()
  const start = () => startEmbeddedPostgres({ dataDirectory, port, logger, settings: { restart_after_crash: 'on' } })
  let server = await start()
  stack.defer(() => server[Symbol.asyncDispose]())
  await migrate(server.url)
  const db = stack.use(openDatabase({ url: server.url }))
  const tenant = { ...(await addTenant(db)), db }
  const person = await addResource(tenant, { weeklyHours: ALWAYS_OPEN })
  const service = await addService(tenant, [segment({ candidateIds: [person.id] })])
  const salon = { ...tenant, cutId: service.id, caller: secretCaller(tenant.organizationId) }
  const lane = stack.use(createBookingLane(db))
  const gateway = stack.use(openGateway(server.url))
  const from = hourAhead(0)
  const asked = {
    organizationId: salon.organizationId,
    serviceId: service.id,
    from,
    to: from + 48 * HOUR,
    resourceIds: null,
  }
  const client = follow(await gateway.live.availability({ ...asked, after: null }))
  await until(() => client.updates.length === 1)
  await hold({ ...salon, lane }, from, { ttlSeconds: 1 })
  await until(() => client.updates.length === 2)
  const cursor = client.cursor()
  const known = client.slots()

  // One whose acknowledgement was lost may have been made: never the same start again.
  let tries = 1
  const bookAny = () => book({ ...salon, lane }, from + tries++ * 30 * 60_000)

  await server[Symbol.asyncDispose]()
  const arriving = gateway.live.availability({ ...asked, after: cursor })
  await until(() => gateway.live.status().databaseIsAway)
  server = await start()
  // Nothing tells this gateway but the log.
  await until(bookAny, { deadlineMs: 5000 })
  const isCurrent = async () => isDeepStrictEqual(client.slots(), await answerOf(db, asked))
  await until(isCurrent, { deadlineMs: 2000 })
  const returned = follow(await arriving, known)
  await until(async () => isDeepStrictEqual(returned.slots(), await answerOf(db, asked)))
  expect(returned.updates[0]?.kind).toBe('CHANGE')

  // A backend that is killed makes the server recover as from a crash: transaction ids may come again.
  const [backend] = await db.sql<[{ pid: number }]>`select pg_backend_pid() as pid`
  const beforeCrash = client.cursor()
  process.kill(backend.pid, 'SIGKILL')
  await until(bookAny, { deadlineMs: 8000, intervalMs: 100 })
  await until(isCurrent, { deadlineMs: 2000 })
  expect(client.faults).toEqual([])
  expect(returned.faults).toEqual([])
  expect(client.updates.filter(({ kind }) => kind === 'SNAPSHOT')).toHaveLength(1)
  const late = follow(await gateway.live.availability({ ...asked, after: beforeCrash }))
  await until(() => late.updates.length === 1)
  expect(late.updates[0]?.kind).toBe('SNAPSHOT')
}, 60_000)

// Live availability of one gateway, told by its own commits or by the log alone.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { inTransaction } from '../../src/db/transaction.ts'
import { readClock } from '../../src/domain/availability/resource-states.ts'
import { expireHolds } from '../../src/domain/bookings/expired-holds.ts'
import { releaseHold } from '../../src/domain/bookings/release-hold.ts'
import { setWeeklyHours } from '../../src/domain/catalogue/working-schedules.ts'
import { createBookingLane } from '../../src/domain/claims/booking-lane.ts'
import { book, hold, hourAhead, openSalon, type Salon } from '../support/salon.ts'
import { until } from '../support/until.ts'
import { answerOf, follow, openGateway } from './gateways.ts'

const HOUR = 3_600_000

let salon: Salon
beforeEach(async () => {
  salon = await openSalon({ people: 2 })
})
afterEach(() => salon[Symbol.asyncDispose]())

function question(fromHours: number, hours: number, resourceIds: string[] | null = null) {
  const from = hourAhead(fromHours)
  return { organizationId: salon.organizationId, serviceId: salon.cutId, from, to: from + hours * HOUR, resourceIds }
}

describe.each([
  { way: 'its own commits', isDeaf: false },
  { way: 'the log alone', isDeaf: true },
])('a subscriber that learns by $way', ({ isDeaf }) => {
  it('gets a snapshot and then every change, and always knows what the query answers', async () => {
    await using gateway = openGateway(salon.url, { isDeaf })
    await using lane = createBookingLane(gateway.db)
    const asked = question(0, 8)
    const client = follow(await gateway.live.availability({ ...asked, after: null }))
    await until(() => client.updates.length === 1)
    expect(client.updates[0]).toMatchObject({ kind: 'SNAPSHOT', closed: [] })
    expect(client.slots()).toEqual(await answerOf(salon.db, asked))

    const held = await hold({ ...salon, lane }, asked.from + HOUR)
    await until(() => client.updates.length === 2)
    expect(client.updates[1]?.kind).toBe('CHANGE')
    expect(client.slots()).toEqual(await answerOf(salon.db, asked))

    await book({ ...salon, lane }, null, { holdId: held.id })
    await book({ ...salon, lane }, asked.from + HOUR)
    await until(() => !client.slots().some(({ startsAt }) => startsAt === asked.from + HOUR))
    expect(client.slots()).toEqual(await answerOf(salon.db, asked))
    expect(client.faults).toEqual([])
    await client.close()
  })

  it('sees a released hold open again', async () => {
    await using gateway = openGateway(salon.url, { isDeaf })
    await using lane = createBookingLane(gateway.db)
    const asked = question(10, 2)
    const client = follow(await gateway.live.availability({ ...asked, after: null }))
    const before = await until(() => client.slots().length && client.slots())
    const held = await hold({ ...salon, lane }, asked.from)
    await until(() => client.updates.length === 2)
    await releaseHold(lane, { caller: salon.caller, holdId: held.id })
    await until(() => client.updates.length === 3)
    expect(client.slots()).toEqual(before)
    expect(client.faults).toEqual([])
    await client.close()
  })

  it('sees changed hours', async () => {
    await using gateway = openGateway(salon.url, { isDeaf })
    const asked = question(24, 24)
    const client = follow(await gateway.live.availability({ ...asked, after: null }))
    await until(() => client.updates.length === 1)
    const [resourceId = ''] = salon.people
    await inTransaction(gateway.db, salon.organizationId, (tx) =>
      setWeeklyHours(tx, {
        resourceId,
        expectedVersion: 1,
        weeklyHours: [{ weekday: 'MONDAY', opensAt: 540, closesAt: 600 }],
      }),
    )
    await until(() => client.updates.length === 2)
    expect(client.slots()).toEqual(await answerOf(salon.db, asked))
    expect(client.faults).toEqual([])
    await client.close()
  })
})

describe('an expired hold', () => {
  it('opens its slot at that instant, without a sweeper and never before the database agrees', async () => {
    await using gateway = openGateway(salon.url)
    await using lane = createBookingLane(gateway.db)
    const asked = question(60, 2)
    const client = follow(await gateway.live.availability({ ...asked, after: null }))
    await until(() => client.updates.length === 1)
    const before = client.slots()
    const held = await hold({ ...salon, lane }, asked.from, { ttlSeconds: 1 })
    await until(() => client.updates.length === 2)
    await until(() => client.updates.length === 3, { intervalMs: 1 })
    const now = await inTransaction(salon.db, salon.organizationId, readClock)
    expect(client.slots()).toEqual(before)
    expect(now).toBeGreaterThanOrEqual(held.expiresAt)
    expect(now - held.expiresAt).toBeLessThan(200)
    await expireHolds(gateway.db)
    expect(client.updates.length).toBe(3)
    expect(client.faults).toEqual([])
    await client.close()
  })
})

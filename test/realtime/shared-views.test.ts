// One view for everybody who watches the same service and people, whatever the range: each knows the answer to its own.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { releaseHold } from '../../src/domain/bookings/release-hold.ts'
import { type BookingLane, createBookingLane } from '../../src/domain/claims/booking-lane.ts'
import type { AvailabilityQuestion } from '../../src/realtime/cursors.ts'
import { book, hold, hourAhead, openSalon, type Salon } from '../support/salon.ts'
import { until } from '../support/until.ts'
import { answerOf, follow, openGateway, type TestGateway } from './gateways.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
let salon: Salon
let gateway: TestGateway
let lane: BookingLane
beforeAll(async () => {
  salon = await openSalon({ people: 2 })
  gateway = openGateway(salon.url)
  lane = createBookingLane(gateway.db)
})
afterAll(async () => {
  await lane[Symbol.asyncDispose]()
  await gateway[Symbol.asyncDispose]()
  await salon[Symbol.asyncDispose]()
})

function range(from: number, to: number): AvailabilityQuestion {
  const { organizationId, cutId: serviceId } = salon
  return { organizationId, serviceId, from, to, resourceIds: null }
}

const watch = async (asked: AvailabilityQuestion) => follow(await gateway.live.availability({ ...asked, after: null }))

describe('subscribers of one service with ranges of their own', () => {
  it('are one view, each is told what it sees of a change, and most are told the same object', async () => {
    const from = hourAhead(0)
    const asked = [0, 1, 2, 3].map((index) => range(from - index * 17 * MINUTE, from + DAY))
    const edges = [range(from - HOUR, from + 6 * HOUR + 1), range(from + 6 * HOUR + 1, from + DAY)]
    const before = gateway.live.status().views
    const clients = await Promise.all([...asked, ...edges].map(watch))
    await until(() => clients.every(({ updates }) => updates.length === 1))
    expect(gateway.live.status().views - before).toBe(1)
    const held = await hold({ ...salon, lane }, from + 6 * HOUR)
    await until(() => clients.every(({ updates }) => updates.length === 2))
    const told = clients.map(({ updates }) => updates[1])
    expect(new Set(told.slice(0, 4)).size).toBe(1)
    expect(told[4]?.opened.every(({ startsAt }) => startsAt <= from + 6 * HOUR)).toBe(true)
    expect(told[5]?.opened.every(({ startsAt }) => startsAt > from + 6 * HOUR)).toBe(true)
    for (const [index, one] of [...asked, ...edges].entries()) {
      expect(clients[index]?.slots()).toEqual(await answerOf(salon.db, one))
    }
    await releaseHold(lane, { caller: salon.caller, holdId: held.id })
    await until(() => clients.every(({ updates }) => updates.length === 3))
    for (const [index, one] of [...asked, ...edges].entries()) {
      expect(clients[index]?.slots()).toEqual(await answerOf(salon.db, one))
      expect(clients[index]?.faults).toEqual([])
    }
    for (const client of clients) await client.close()
  })

  it('share a snapshot where they see the same, whatever lies before the first start', async () => {
    const to = hourAhead(20)
    const [one, other] = await Promise.all(
      [Date.now() - 9 * DAY, Date.now() - MINUTE].map((from) =>
        gateway.live.availability({ ...range(from, to), after: null }),
      ),
    )
    const first = (await one?.next())?.value
    expect((await other?.next())?.value).toBe(first)
    expect(first.opened.map(({ startsAt }: { startsAt: number }) => startsAt)).toEqual(
      (await answerOf(salon.db, range(Date.now() - MINUTE, to))).map(({ startsAt }) => startsAt),
    )
    await one?.return()
    await other?.return()
  })

  it('see nothing of what happens outside, also not where the view grows for somebody else', async () => {
    const [near, far] = [range(hourAhead(40), hourAhead(44)), range(hourAhead(24 * 20), hourAhead(24 * 21))]
    const first = await watch(near)
    await until(() => first.updates.length === 1)
    const second = await watch(far)
    await until(() => second.updates.length === 1)
    expect(second.slots()).toEqual(await answerOf(salon.db, far))
    await book({ ...salon, lane }, far.from + HOUR)
    await until(() => second.updates.length === 2)
    expect(second.slots()).toEqual(await answerOf(salon.db, far))
    await book({ ...salon, lane }, near.from + HOUR)
    await until(() => first.updates.length === 2)
    expect(first.slots()).toEqual(await answerOf(salon.db, near))
    expect(second.updates).toHaveLength(2)
    expect([...first.faults, ...second.faults]).toEqual([])
    await first.close()
    await second.close()
  })

  it('go on with the cursor of a page that saw another range', async () => {
    const wide = range(hourAhead(50), hourAhead(60))
    const page = await watch(wide)
    await until(() => page.updates.length === 1)
    const narrow = { ...wide, from: wide.from + 2 * HOUR }
    const known = page.slots().filter(({ startsAt }) => startsAt >= narrow.from)
    const after = page.cursor()
    await page.close()
    await book({ ...salon, lane }, wide.from)
    await book({ ...salon, lane }, wide.from + 4 * HOUR)
    const back = follow(await gateway.live.availability({ ...narrow, after }), known)
    await until(() => back.updates.length === 1)
    expect(back.updates[0]?.kind).toBe('CHANGE')
    expect(back.updates[0]?.opened.every(({ startsAt }) => startsAt >= narrow.from)).toBe(true)
    expect(back.slots()).toEqual(await answerOf(salon.db, narrow))
    await back.close()
  })
})

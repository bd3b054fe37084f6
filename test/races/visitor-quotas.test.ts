import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { createBookingLane } from '../../src/domain/claims/booking-lane.ts'
import { PHONE_PERIOD_MS } from '../../src/domain/people/visitors.ts'
import { BookingLimitReachedError, HoldLimitReachedError } from '../../src/domain/vocabulary/refusals.ts'
import { openDoors } from '../support/lanes.ts'
import { book, hold, hourAhead, openSalon, outcomes, publishableCaller, type Salon } from '../support/salon.ts'

const LIMITS = { holdsPerAddress: 10, holdsPerKey: 25, bookingsPerPhone: 5 }

let salon: Salon
beforeAll(async () => {
  salon = await openSalon({ people: 3 })
})
afterAll(() => salon[Symbol.asyncDispose]())

/** A visitor of a key of its own, so that no test counts what another placed. */
function visitor(name: string, network?: string) {
  return {
    ...publishableCaller(salon.organizationId),
    id: `key:${name}`,
    ...(network === undefined ? {} : { network }),
  }
}

function holdAs(caller: Salon['caller'], lane: Salon['lane'], quarter: number, given: Parameters<typeof hold>[2] = {}) {
  return hold({ ...salon, lane, caller }, hourAhead(0) + quarter * 30 * 60_000, given)
}

// Without the lock, both gateways count before either has written: they place more than the limit together.
describe('two gateways', () => {
  it.each([
    { counted: 'address', limit: LIMITS.holdsPerAddress, addressOf: () => '192.0.2.7' },
    { counted: 'key', limit: LIMITS.holdsPerKey, addressOf: (index: number) => `198.51.100.${index}` },
  ])(
    'never place more than the limit of one $counted, whatever sessions it invents',
    async ({ limit, addressOf, counted }) => {
      await using doors = openDoors({ ...salon, caller: visitor(counted) }, { visitorLimits: LIMITS })
      // Both are under way at the same instant: their connections and definitions are there already.
      await Promise.all(doors.all.map(({ lane }, index) => holdAs(salon.caller, lane, 300 + index)))
      const { won, errors } = await outcomes(
        Array.from({ length: 100 }, (_, index) =>
          holdAs(visitor(counted, addressOf(index)), doors.next().lane, index, { sessionKey: `invented ${index}` }),
        ),
      )
      expect(won).toHaveLength(limit)
      for (const error of errors) {
        expect(error).toBeInstanceOf(HoldLimitReachedError)
        expect(error).toMatchObject({ limit, scope: counted.toUpperCase() })
        const { retryAfterMs } = error as HoldLimitReachedError
        expect(retryAfterMs).toBeGreaterThan(0)
        expect(retryAfterMs).toBeLessThanOrEqual(300_000)
      }
      await Promise.all(won.map(({ id }) => salon.db.sql`update holds set status = 'RELEASED' where id = ${id}`))
      await salon.db.sql`update claims set active = false`
    },
  )

  it('never book more than the limit for one phone number', async () => {
    await using doors = openDoors({ ...salon, caller: visitor('phones') }, { visitorLimits: LIMITS })
    const attempt = (index: number) =>
      book({ ...doors.next(), caller: visitor('phones', `203.0.113.${index}`) }, hourAhead(600 + index), {
        customer: { name: 'Ada', phone: index % 2 ? '+49 30 2312 5001' : '030/23125001', email: null },
      })
    const { won, errors } = await outcomes(Array.from({ length: 40 }, (_, index) => attempt(index)))
    expect(won).toHaveLength(LIMITS.bookingsPerPhone)
    for (const error of errors) expect(error).toBeInstanceOf(BookingLimitReachedError)
    await salon.db.sql`
      update visitor_bookings set booked_at = booked_at - make_interval(secs => ${PHONE_PERIOD_MS / 1000})`
    expect(await attempt(41)).toMatchObject({ appointment: { status: 'CONFIRMED' } })
  })
})

describe('a visitor', () => {
  it('who repeats a request is not counted again, and not refused at the limit', async () => {
    await using lane = createBookingLane(salon.db, { ...LIMITS, holdsPerAddress: 1, bookingsPerPhone: 1 })
    const caller = visitor('repeating', '192.0.2.8')
    const wish = { sessionKey: 'tab', idempotencyKey: 'once' }
    const first = await holdAs(caller, lane, 200, wish)
    expect(await holdAs(visitor('repeating', '192.0.2.9'), lane, 200, wish)).toMatchObject({ id: first.id })
    expect(await holdAs(caller, lane, 200, { ...wish, idempotencyKey: null })).toMatchObject({ id: first.id })
    expect(await holdAs(caller, lane, 201, { ...wish, idempotencyKey: null, replace: true })).toMatchObject({
      status: 'ACTIVE',
    })
    const booking = { customer: { name: 'Ada', phone: '+493023125002', email: null }, idempotencyKey: 'booked' }
    const { appointment } = await book({ ...salon, lane, caller }, hourAhead(700), booking)
    expect(await book({ ...salon, lane, caller }, hourAhead(700), booking)).toMatchObject({
      appointment: { id: appointment.id },
    })
  })

  it('never reaches the hold of another network by guessing its session', async () => {
    const caller = visitor('guessing', '192.0.2.10')
    const wish = { sessionKey: '1' }
    const held = await holdAs(caller, salon.lane, 220, wish)
    const other = visitor('guessing', '192.0.2.11')
    const guess = { ...wish, replace: true }
    const guessed = await holdAs(other, salon.lane, 220, guess)
    expect(guessed.id).not.toBe(held.id)
    await holdAs(other, salon.lane, 221, guess)
    const rows = await salon.db.sql`select status from holds where id = ${held.id}`
    expect(rows).toEqual([{ status: 'ACTIVE' }])
    // The same network goes on with its session.
    await holdAs(caller, salon.lane, 222, { ...wish, replace: true })
    expect(await salon.db.sql`select status from holds where id = ${held.id}`).toEqual([{ status: 'RELEASED' }])
  })

  it('is stored as a keyed hash, which leaves with the hold', async () => {
    const { id } = await holdAs(visitor('hashed', '192.0.2.12'), salon.lane, 240)
    const [row] = await salon.db.sql<{ network: string }[]>`select network from holds where id = ${id}`
    expect(row?.network).toMatch(/^[\w-]{22}$/)
  })
})

test('secret keys and the telephone are not counted by address', async () => {
  await using lane = createBookingLane(salon.db, { ...LIMITS, holdsPerAddress: 1, holdsPerKey: 1 })
  const holds = Array.from({ length: 4 }, (_, index) =>
    holdAs({ ...salon.caller, network: '192.0.2.13' }, lane, 260 + index, { sessionKey: `call ${index}` }),
  )
  expect((await outcomes(holds)).won).toHaveLength(4)
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { daysOf } from '../../../src/db/change-log.ts'
import { openDatabase } from '../../../src/db/client.ts'
import { resourceDayLock } from '../../../src/db/locks.ts'
import { inTransaction, type Tx } from '../../../src/db/transaction.ts'
import { findOffer } from '../../../src/domain/availability/offers.ts'
import type { HoldRecord } from '../../../src/domain/bookings/holds.ts'
import { addTimeOff } from '../../../src/domain/catalogue/time-off.ts'
import { createBookingLane } from '../../../src/domain/claims/booking-lane.ts'
import { runBatch } from '../../../src/domain/claims/claim-batches.ts'
import type { BookHoldRequest, HoldRequest } from '../../../src/domain/claims/claim-requests.ts'
import { deactivateClaims } from '../../../src/domain/claims/claim-writing.ts'
import { OutdatedAttempt } from '../../../src/domain/vocabulary/outdated-attempt.ts'
import { HoldLimitReachedError } from '../../../src/domain/vocabulary/refusals.ts'
import type { Claim } from '../../../src/domain/vocabulary/types.ts'
import { claimsOf, refusalOf } from '../../support/appointment-changes.ts'
import { book, hold, hourAhead, openSalon, outcomes, type Salon, segment } from '../../support/salon.ts'
import { addService } from '../../support/tenant.ts'
import { until } from '../../support/until.ts'

let salon: Salon
beforeAll(async () => {
  salon = await openSalon({ people: 2 })
})
afterAll(() => salon[Symbol.asyncDispose]())

/** Transactions of this database that wait for a lock. */
async function countWaiting({ sql }: Salon['db']): Promise<number> {
  const [row] = await sql<[{ count: number }]>`
    select count(*)::int as count from pg_locks l join pg_database d on d.oid = l.database
    where d.datname = current_database() and l.locktype = 'advisory' and not l.granted`
  return row.count
}

async function expireNow(holdId: string): Promise<void> {
  await salon.db.sql.begin((sql) => [
    sql`update holds set expires_at = clock_timestamp() where id = ${holdId}`,
    sql`update claims set expires_at = clock_timestamp() where hold_id = ${holdId}`,
  ])
}

async function holdRequest(startsAt: number, given: Partial<HoldRequest> = {}): Promise<HoldRequest> {
  const { caller, cutId, organizationId } = salon
  return {
    caller,
    offer: await findOffer(salon.db, { organizationId, serviceId: cutId, fresh: true }),
    kind: 'HOLD',
    starts: [startsAt],
    wishedAt: null,
    takesAlternative: false,
    pinned: [],
    ttlSeconds: 300,
    sessionKey: null,
    replace: false,
    customerId: null,
    refusal: null,
    idempotency: null,
    extraLocks: [],
    allowsCustomerConflict: false,
    alternatives: { first: 3, withinMinutes: 60, customerId: null, phone: null },
    ...given,
  }
}

/** Two requests of one session: to book its hold, and to hold another start in its place. */
async function replacementAndBooking(
  held: HoldRecord,
  startsAt: number,
): Promise<{ booking: BookHoldRequest; replacement: HoldRequest }> {
  const { sessionKey } = held
  const window = { start: Math.min(held.startsAt, startsAt), end: Math.max(held.endsAt, startsAt + 3_600_000) }
  const days = salon.people.flatMap((resourceId) => daysOf(window).map((day) => ({ resourceId, day })))
  const replacement = await holdRequest(startsAt, { sessionKey, replace: true, extraLocks: days })
  const { caller, offer, alternatives, idempotency } = replacement
  const booking: BookHoldRequest = {
    kind: 'BOOK_HOLD',
    caller,
    offer,
    alternatives,
    idempotency,
    sessionKey,
    holdId: held.id,
    startsAt: held.startsAt,
    booking: { customerId: null, guest: { name: 'Ada', phone: null, email: null }, notes: null },
    allowsCustomerConflict: false,
    held: held.segments.flatMap((part) => part.resourceIds.map((resourceId) => ({ resourceId, window }))),
    extraLocks: [],
  }
  return { booking, replacement }
}

describe('requests that share one transaction', () => {
  it('leave a hold to the booking that came first, although the same session replaces its holds', async () => {
    const held = await hold(salon, hourAhead(0), { sessionKey: 'booked first' })
    const requests = await replacementAndBooking(held, hourAhead(1))
    const { decisions } = await runBatch(salon.db, salon.organizationId, [requests.booking, requests.replacement])
    expect(decisions).toMatchObject([{ state: 'BOOK_HOLD' }, { state: 'HOLD', replaced: [] }])
    const rows = await salon.db.sql`select id from appointments where hold_id = ${held.id}`
    expect(await claimsOf(salon.db, rows[0]?.id)).toHaveLength(1)
    expect(await salon.db.sql`select status from holds where id = ${held.id}`).toEqual([{ status: 'BOOKED' }])
  })

  it('refuse to book a hold that an earlier one has replaced', async () => {
    const held = await hold(salon, hourAhead(2), { sessionKey: 'replaced first' })
    const requests = await replacementAndBooking(held, hourAhead(3))
    const { decisions } = await runBatch(salon.db, salon.organizationId, [requests.replacement, requests.booking])
    expect(decisions).toMatchObject([{ state: 'HOLD' }, { state: 'REFUSED', refusal: { status: 'RELEASED' } }])
    expect(await salon.db.sql`select from appointments where hold_id = ${held.id}`).toHaveLength(0)
  })

  it('are answered each on its own when one of them cannot be stored', async () => {
    const poison = hold(salon, hourAhead(4), { sessionKey: 'not \0 text' })
    const { won } = await outcomes<unknown>([
      book(salon, hourAhead(5)),
      poison.then(() => expect.fail('was stored')),
      book(salon, hourAhead(6)),
      hold(salon, hourAhead(7)),
    ])
    expect(won).toHaveLength(3)
  })

  it('are offered what each would be offered alone, whether their wishes are near each other or not', async () => {
    const wishes = [hourAhead(150), hourAhead(151), hourAhead(153), hourAhead(350)]
    for (const startsAt of wishes) for (const _ of salon.people) await hold(salon, startsAt)
    const alternatives = { first: 5, withinMinutes: 120, customerId: null, phone: null }
    const requests = await Promise.all(wishes.map((startsAt) => holdRequest(startsAt, { alternatives })))
    const together = await runBatch(salon.db, salon.organizationId, requests)
    for (const request of requests) {
      const alone = await runBatch(salon.db, salon.organizationId, [request])
      expect(together.alternatives.get(request)).toEqual(alone.alternatives.get(request))
      expect(alone.alternatives.get(request)).toHaveLength(5)
    }
  })

  it('go together however many days each looks at, if these are the same days', async () => {
    const [resourceId = ''] = salon.people
    const days = daysOf({ start: hourAhead(0), end: hourAhead(24 * 200) })
    const extraLocks = days.map((day) => ({ resourceId, day }))
    const wishes = await Promise.all(
      Array.from({ length: 32 }, (_, index) => holdRequest(hourAhead(600 + index), { extraLocks })),
    )
    const answers = await Promise.all(wishes.map((request) => salon.lane.submit(request)))
    const holdIds = answers.map(({ decision }) => decision.state === 'HOLD' && decision.hold.id)
    // A crowd goes down in two halves. If every request counted for itself, no more than five would go together.
    const [found] = await salon.db.sql`
      select count(*)::int as holds, count(distinct xmin::text)::int as transactions from holds where id = any(${holdIds})`
    expect(found).toEqual({ holds: 32, transactions: 2 })
  })

  it('are judged by the present schedule though another of them still knows an older one', async () => {
    const [personId] = salon.people as [string]
    const services = [
      await addService(salon, [segment({ candidateIds: [personId] })]),
      await addService(salon, [segment({ candidateIds: [personId] })]),
    ] as const
    // Both are known to the process; then the person takes time off and only one of the services is asked for.
    for (const [index, { id }] of services.entries()) await book({ ...salon, cutId: id }, hourAhead(20 + index))
    await inTransaction(salon.db, salon.organizationId, (tx) =>
      addTimeOff(tx, { resourceId: personId, startsAt: hourAhead(30), endsAt: hourAhead(32) }),
    )
    await refusalOf(book({ ...salon, cutId: services[0].id }, hourAhead(30)))
    for (const order of [services, services.toReversed()]) {
      const { won, refusals } = await outcomes(order.map(({ id }) => book({ ...salon, cutId: id }, hourAhead(31))))
      expect(won).toEqual([])
      expect(refusals).toEqual({ SlotUnavailableError: 2 })
    }
  })

  it('with one idempotency key are done once', async () => {
    const { won } = await outcomes(
      Array.from({ length: 5 }, () => book(salon, hourAhead(33), { idempotencyKey: 'one batch' })),
    )
    expect(won).toHaveLength(5)
    expect(new Set(won.map(({ appointment }) => appointment.id)).size).toBe(1)
  })

  it('with one phone number belong to one customer', async () => {
    const customer = { name: 'Ada', phone: '030 2312 5000', email: null }
    const { won } = await outcomes([40, 41, 42].map((hours) => book(salon, hourAhead(hours), { customer })))
    expect(new Set(won.map(({ appointment }) => appointment.customerId)).size).toBe(1)
  })
})

describe('requests that wait for a lock in vain', () => {
  it('are told so soon, all of them, and those beside them go on', async () => {
    const startsAt = hourAhead(24 * 20)
    const [busy, free] = salon.people as [string, string]
    const pinned = (person: string, at: number) => ({
      slot: { serviceId: salon.cutId, startsAt: at, resourceIds: [person] },
    })
    await using db = openDatabase({ url: salon.url, lockTimeoutMs: 1000 })
    await using lane = createBookingLane(db)
    const door = { ...salon, lane }
    await book(door, startsAt, pinned(free, startsAt))
    const release = Promise.withResolvers<void>()
    const locked = Promise.withResolvers<void>()
    const locks = daysOf({ start: startsAt, end: startsAt + 1 }).map((day) => resourceDayLock(busy, day))
    const keep = async (tx: Tx) => {
      await tx.sql`select 1`
      locked.resolve()
      await release.promise
    }
    const holder = inTransaction(salon.db, salon.organizationId, keep, { locks })
    await locked.promise
    const before = performance.now()
    const { won, refusals } = await outcomes([
      ...Array.from({ length: 20 }, () => book(door, startsAt, pinned(busy, startsAt))),
      book(door, startsAt + 3_600_000, pinned(free, startsAt + 3_600_000)),
    ])
    // One by one with the whole wait it would be 20 seconds.
    expect(performance.now() - before).toBeLessThan(10_000)
    release.resolve()
    await holder
    expect(refusals).toEqual({ BusyError: 20 })
    expect(won).toHaveLength(1)
  })
})

describe('requests that are parked behind a busy day', () => {
  it('keep nobody waiting whose people are free', async () => {
    const startsAt = hourAhead(24 * 22)
    const [busy, free] = salon.people as [string, string]
    await using db = openDatabase({ url: salon.url })
    await using lane = createBookingLane(db)
    const door = { ...salon, lane }
    const order: string[] = []
    const bookWith = (person: string, name: string, hour: number) => {
      const at = startsAt + hour * 3_600_000
      const slot = { serviceId: salon.cutId, startsAt: at, resourceIds: [person] }
      return book(door, at, { slot }).then(() => order.push(name))
    }
    await bookWith(free, 'before all', 0)
    const locks = daysOf({ start: startsAt, end: startsAt + 1 }).map((day) => resourceDayLock(busy, day))
    const parked = await inTransaction(
      salon.db,
      salon.organizationId,
      async (tx) => {
        await tx.sql`select 1`
        const waiting = [bookWith(busy, 'under way', 1)]
        await until(async () => (await countWaiting(salon.db)) === 1)
        waiting.push(bookWith(busy, 'parked', 2), bookWith(busy, 'parked', 3))
        // In one turn of the event loop they reach the lane, in the next it has looked at them.
        for (let turn = 0; turn < 2; turn++) await new Promise(setImmediate)
        await bookWith(free, 'free', 1)
        return waiting
      },
      { locks },
    )
    await Promise.all(parked)
    expect(order.slice(0, 2)).toEqual(['before all', 'free'])
    expect(order.slice(2).sort()).toEqual(['parked', 'parked', 'under way'])
  })
})

describe('a session', () => {
  it('can hold a slot again after its hold has expired, before any sweeper has run', async () => {
    const startsAt = hourAhead(50)
    const first = await hold(salon, startsAt, { sessionKey: 'again' })
    await expireNow(first.id)
    const second = await hold(salon, startsAt, { sessionKey: 'again' })
    expect(second.id).not.toBe(first.id)
    expect(await salon.db.sql`select status from holds where id = ${first.id}`).toEqual([{ status: 'EXPIRED' }])
    expect((await book(salon, null, { holdId: second.id })).appointment.startsAt).toBe(startsAt)
  })

  it('has one live hold for a slot: somebody else at the same time only in place of the older one', async () => {
    const startsAt = hourAhead(51)
    const withPerson = (index: number) => ({
      sessionKey: 'choosing',
      slot: { serviceId: salon.cutId, startsAt, resourceIds: [salon.people[index] ?? null] },
    })
    const first = await hold(salon, startsAt, withPerson(0))
    expect(await refusalOf(hold(salon, startsAt, withPerson(1)))).toBeInstanceOf(HoldLimitReachedError)
    const second = await hold(salon, startsAt, { ...withPerson(1), replace: true })
    expect(second.segments[0]?.resourceIds).toEqual([salon.people[1]])
    expect(await refusalOf(book(salon, null, { holdId: first.id }))).toMatchObject({ status: 'RELEASED' })
  })
})

describe('a claim', () => {
  it('that was booked after somebody had read it as dead is not freed', async () => {
    const held = await hold(salon, hourAhead(52))
    const read = await salon.db.sql<Claim[]>`
      select id, resource_id as "resourceId", lower(during) as start, upper(during) as "end", hold_id as "holdId",
        appointment_id as "appointmentId", expires_at as "expiresAt" from claims where hold_id = ${held.id}`
    const dead = read.map((claim) => ({ ...claim, expiresAt: 0 }))
    const { appointment } = await book(salon, null, { holdId: held.id })
    const free = inTransaction(salon.db, salon.organizationId, (tx) => deactivateClaims(tx, dead, held.createdAt))
    expect(await refusalOf(free)).toBeInstanceOf(OutdatedAttempt)
    expect(await claimsOf(salon.db, appointment.id)).toHaveLength(1)
  })

  it('that was extended after somebody had read it as dead is not freed', async () => {
    const held = await hold(salon, hourAhead(53))
    const read = await salon.db.sql<Claim[]>`
      select id, resource_id as "resourceId", lower(during) as start, upper(during) as "end", hold_id as "holdId",
        appointment_id as "appointmentId", expires_at as "expiresAt" from claims where hold_id = ${held.id}`
    const dead = read.map((claim) => ({ ...claim, expiresAt: 0 }))
    const free = inTransaction(salon.db, salon.organizationId, (tx) => deactivateClaims(tx, dead, held.createdAt))
    expect(await refusalOf(free)).toBeInstanceOf(OutdatedAttempt)
    expect((await book(salon, null, { holdId: held.id })).appointment.startsAt).toBe(held.startsAt)
  })
})

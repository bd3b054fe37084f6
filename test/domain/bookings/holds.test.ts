import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inSnapshot } from '../../../src/db/transaction.ts'
import { expireHolds } from '../../../src/domain/bookings/expired-holds.ts'
import { extendHold } from '../../../src/domain/bookings/extend-hold.ts'
import { loadHolds, MAX_HOLDS_PER_SESSION } from '../../../src/domain/bookings/holds.ts'
import { releaseHold } from '../../../src/domain/bookings/release-hold.ts'
import {
  HoldExpiredError,
  HoldLimitReachedError,
  HoldNotActiveError,
  IdempotencyKeyReusedError,
  InvalidInputError,
  NotFoundError,
  SlotUnavailableError,
} from '../../../src/domain/vocabulary/refusals.ts'
import { book, countOverlaps, hold, hourAhead, openSalon, publishableCaller, type Salon } from '../../support/salon.ts'
import { until } from '../../support/until.ts'

let salon: Salon
beforeAll(async () => {
  salon = await openSalon({ people: 1 })
})
afterAll(() => salon[Symbol.asyncDispose]())

async function refusalOf(attempt: Promise<unknown>): Promise<unknown> {
  return attempt.then(
    () => expect.fail('was not refused'),
    (error: unknown) => error,
  )
}

/** Moves a hold's expiry to this instant of the database's clock. */
async function expireNow(holdId: string): Promise<void> {
  await salon.db.sql.begin((sql) => [
    sql`update holds set expires_at = clock_timestamp() where id = ${holdId}`,
    sql`update claims set expires_at = clock_timestamp() where hold_id = ${holdId}`,
  ])
}

describe('a hold', () => {
  it('takes the slot from everybody else and says why', async () => {
    const startsAt = hourAhead(0)
    await hold(salon, startsAt)
    const refusal = await refusalOf(hold(salon, startsAt))
    expect(refusal).toBeInstanceOf(SlotUnavailableError)
    const { reasons, alternatives } = refusal as SlotUnavailableError
    expect(reasons).toMatchObject([{ reason: 'HELD', resourceId: salon.people[0] }])
    expect(alternatives).toHaveLength(3)
    expect(alternatives[0]?.startsAt).toBe(startsAt + 30 * 60_000)
  })

  it('binds: booking it succeeds, once', async () => {
    const held = await hold(salon, hourAhead(1))
    const { appointment } = await book(salon, null, { holdId: held.id })
    expect(appointment).toMatchObject({ startsAt: held.startsAt, status: 'CONFIRMED', version: 1 })
    expect(await refusalOf(book(salon, null, { holdId: held.id }))).toMatchObject({ status: 'BOOKED' })
  })

  it('is dead at its expiry although no sweeper has run', async () => {
    const startsAt = hourAhead(2)
    const held = await hold(salon, startsAt)
    await expireNow(held.id)
    expect(await refusalOf(book(salon, null, { holdId: held.id }))).toBeInstanceOf(HoldExpiredError)
    const { appointment } = await book(salon, startsAt)
    expect(appointment.startsAt).toBe(startsAt)
    expect(await countOverlaps(salon.db)).toBe(0)
  })

  it('reads as EXPIRED from its expiry on, and is written down by the sweeper', async () => {
    const held = await hold(salon, hourAhead(3))
    await expireNow(held.id)
    const read = await inSnapshot(salon.db, salon.organizationId, (tx) => loadHolds(tx, [held.id]))
    expect(read.get(held.id)?.status).toBe('EXPIRED')
    expect(await expireHolds(salon.db)).toBeGreaterThanOrEqual(1)
    const [row] = await salon.db.sql`select status from holds where id = ${held.id}`
    expect(row).toEqual({ status: 'EXPIRED' })
    expect(await salon.db.sql`select from claims where hold_id = ${held.id} and active`).toHaveLength(0)
  })

  it('can be extended up to its longest life, and never by a second more', async () => {
    const held = await hold(salon, hourAhead(4), { ttlSeconds: 60 })
    const extended = await extendHold(salon.lane, { caller: salon.caller, holdId: held.id, ttlSeconds: 1800 })
    expect(extended.expiresAt).toBeGreaterThan(held.expiresAt)
    await salon.db.sql`update holds set extendable_until = expires_at where id = ${held.id}`
    const again = await extendHold(salon.lane, { caller: salon.caller, holdId: held.id, ttlSeconds: 1800 })
    expect(again.expiresAt).toBe(extended.expiresAt)
  })

  it('cannot be extended once it is dead', async () => {
    const held = await hold(salon, hourAhead(5))
    await expireNow(held.id)
    const refusal = await refusalOf(extendHold(salon.lane, { caller: salon.caller, holdId: held.id, ttlSeconds: 60 }))
    expect(refusal).toBeInstanceOf(HoldExpiredError)
    expect((refusal as HoldExpiredError).alternatives[0]?.startsAt).toBe(held.startsAt)
  })

  it('opens its slot at once when released', async () => {
    const startsAt = hourAhead(6)
    const held = await hold(salon, startsAt)
    expect(await releaseHold(salon.lane, { caller: salon.caller, holdId: held.id })).toMatchObject({
      status: 'RELEASED',
    })
    expect(await refusalOf(releaseHold(salon.lane, { caller: salon.caller, holdId: held.id }))).toBeInstanceOf(
      HoldNotActiveError,
    )
    expect((await hold(salon, startsAt)).startsAt).toBe(startsAt)
  })

  it('is given back to the session that asks for the same slot again', async () => {
    const first = await hold(salon, hourAhead(7), { sessionKey: 'tab' })
    const second = await hold(salon, hourAhead(7), { sessionKey: 'tab' })
    expect(second.id).toBe(first.id)
  })

  it('replaces the older ones of its session only if it succeeds', async () => {
    const older = await hold(salon, hourAhead(8), { sessionKey: 'caller' })
    await hold(salon, hourAhead(9))
    expect(await refusalOf(hold(salon, hourAhead(9), { sessionKey: 'caller', replace: true }))).toBeInstanceOf(
      SlotUnavailableError,
    )
    expect(await salon.db.sql`select status from holds where id = ${older.id}`).toEqual([{ status: 'ACTIVE' }])
    // Overlapping its own older hold is no obstacle.
    const newer = await hold(salon, hourAhead(8) + 15 * 60_000, { sessionKey: 'caller', replace: true })
    expect(await salon.db.sql`select status from holds where id = ${older.id}`).toEqual([{ status: 'RELEASED' }])
    expect(newer.startsAt).toBe(older.startsAt + 15 * 60_000)
  })

  it('takes the place of the only one of its session where that stands in the way', async () => {
    const statusOf = async ({ id }: { id: string }) =>
      (await salon.db.sql<{ status: string }[]>`select status from holds where id = ${id}`)[0]?.status
    const startsAt = hourAhead(200)
    const mine = (start: number) => hold(salon, start, { sessionKey: 'undecided', replace: 'IN_THE_WAY' })
    const older = await mine(startsAt)
    await hold(salon, hourAhead(201))
    // Taken by somebody else: giving up the older one would not help.
    expect(await refusalOf(mine(hourAhead(201)))).toBeInstanceOf(SlotUnavailableError)
    expect(await statusOf(older)).toBe('ACTIVE')
    const moved = await mine(startsAt - 15 * 60_000)
    expect(await statusOf(older)).toBe('RELEASED')
    // Not in the way: both stay, and then nobody knows which one should go.
    const beside = await mine(hourAhead(204))
    expect(await statusOf(moved)).toBe('ACTIVE')
    expect(await refusalOf(mine(hourAhead(204) + 15 * 60_000))).toBeInstanceOf(SlotUnavailableError)
    expect(await statusOf(beside)).toBe('ACTIVE')
  })

  it('of one session is limited in number', async () => {
    for (let index = 0; index < MAX_HOLDS_PER_SESSION; index++)
      await hold(salon, hourAhead(20 + index), { sessionKey: 'hoarder' })
    expect(await refusalOf(hold(salon, hourAhead(40), { sessionKey: 'hoarder' }))).toBeInstanceOf(HoldLimitReachedError)
  })

  it('runs once under an idempotency key, and a refusal keeps no key', async () => {
    const first = await hold(salon, hourAhead(41), { idempotencyKey: 'once' })
    const second = await hold(salon, hourAhead(41), { idempotencyKey: 'once' })
    expect(second.id).toBe(first.id)
    expect(await refusalOf(hold(salon, hourAhead(42), { idempotencyKey: 'once' }))).toBeInstanceOf(
      IdempotencyKeyReusedError,
    )
    expect(await refusalOf(hold(salon, hourAhead(41), { idempotencyKey: 'refused' }))).toBeInstanceOf(
      SlotUnavailableError,
    )
    expect((await hold(salon, hourAhead(43), { idempotencyKey: 'refused' })).startsAt).toBe(hourAhead(43))
  })

  it('comes with the refusal of the wish when asked, and with the same one for the same key', async () => {
    const startsAt = hourAhead(44)
    await hold(salon, startsAt)
    const wish = { holdAlternative: true, idempotencyKey: 'alternative' }
    const refusal = (await refusalOf(hold(salon, startsAt, wish))) as SlotUnavailableError
    const again = (await refusalOf(hold(salon, startsAt, wish))) as SlotUnavailableError
    expect(refusal.heldAlternative).not.toBeNull()
    expect(again.heldAlternative?.id).toBe(refusal.heldAlternative?.id)
    expect(again.reasons).toEqual(refusal.reasons)
    const held = await inSnapshot(salon.db, salon.organizationId, (tx) =>
      loadHolds(tx, [refusal.heldAlternative?.id ?? '']),
    )
    expect([...held.values()]).toMatchObject([{ status: 'ACTIVE', startsAt: refusal.alternatives[0]?.startsAt }])
  })

  it('belongs to the key and the session that placed it', async () => {
    const held = await hold(salon, hourAhead(46), { sessionKey: 'mine' })
    const stranger = publishableCaller(salon.organizationId)
    expect(await refusalOf(book({ ...salon, caller: stranger }, null, { holdId: held.id }))).toBeInstanceOf(
      NotFoundError,
    )
    expect(await refusalOf(book(salon, null, { holdId: held.id, sessionKey: 'other' }))).toMatchObject({
      status: 'ACTIVE',
    })
    expect(await refusalOf(releaseHold(salon.lane, { caller: stranger, holdId: held.id }))).toBeInstanceOf(
      NotFoundError,
    )
  })

  it('has a life between a second and half an hour', async () => {
    for (const ttlSeconds of [0, -1, 1801, 1.5]) {
      expect(await refusalOf(hold(salon, hourAhead(47), { ttlSeconds }))).toBeInstanceOf(InvalidInputError)
    }
  })

  it('that was placed for a second is bookable within it or dead after it, never in between', async () => {
    const startsAt = hourAhead(160)
    const held = await hold(salon, startsAt, { ttlSeconds: 1 })
    const other = await until(() => book(salon, startsAt).catch(() => null), { deadlineMs: 3000, intervalMs: 5 })
    expect(other.appointment.createdAt).toBeGreaterThanOrEqual(held.expiresAt)
    expect(await refusalOf(book(salon, null, { holdId: held.id }))).toBeInstanceOf(HoldExpiredError)
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expireHolds } from '../../src/domain/bookings/expired-holds.ts'
import { extendHold } from '../../src/domain/bookings/extend-hold.ts'
import { releaseHold } from '../../src/domain/bookings/release-hold.ts'
import { HoldExpiredError, HoldNotActiveError } from '../../src/domain/vocabulary/refusals.ts'
import { expectIntact } from '../support/database-checks.ts'
import { type Door, type Doors, openDoors } from '../support/lanes.ts'
import { book, hold, hourAhead, openSalon, outcomes, type Salon } from '../support/salon.ts'
import { until } from '../support/until.ts'

const minute = 60_000

describe.each([{ advisoryLocks: true }, { advisoryLocks: false }])(
  'with $advisoryLocks for advisory locks',
  (options) => {
    let salon: Salon
    let doors: Doors
    beforeAll(async () => {
      salon = await openSalon({ people: 1 })
      doors = openDoors(salon, options)
    })
    afterAll(async () => {
      await doors[Symbol.asyncDispose]()
      await salon[Symbol.asyncDispose]()
    })

    /** Holds a slot and lets it expire some milliseconds from now, by the database's clock. */
    async function expiringHold(startsAt: number, milliseconds: number): Promise<{ id: string; expiresAt: number }> {
      const { id } = await hold({ ...salon, lane: doors.all[0].lane }, startsAt)
      const [row] = await salon.db.sql<[{ expiresAt: number }]>`
      with soon as (select date_trunc('milliseconds', clock_timestamp()) + ${`${milliseconds} ms`}::interval as at),
        held as (update holds set expires_at = soon.at from soon where id = ${id})
      update claims set expires_at = soon.at from soon where hold_id = ${id} returning expires_at as "expiresAt"`
      return { id, expiresAt: row.expiresAt }
    }

    async function race(
      holder: Door,
      other: Door,
      startsAt: number,
      milliseconds: number,
    ): Promise<'BOOKED' | 'EXPIRED'> {
      const { id, expiresAt } = await expiringHold(startsAt, milliseconds)
      let isDecided = false
      const holding = until(() => Date.now() >= expiresAt - 4, { intervalMs: 1 })
        .then(() => book(holder, null, { holdId: id }))
        .catch((error: unknown) => error)
        .finally(() => (isDecided = true))
      // Asks until it has the slot or knows that the holder has it.
      const [held, taken] = await Promise.all([
        holding,
        until(
          async () => {
            const wasDecided = isDecided
            const booked = await book(other, startsAt, { alternativeWithinMinutes: 15 }).catch(() => null)
            return booked ?? (wasDecided && 'REFUSED')
          },
          { intervalMs: 1 },
        ),
      ])
      if (taken === 'REFUSED') {
        const { appointment } = held as Awaited<ReturnType<typeof book>>
        expect(appointment.createdAt).toBeLessThan(expiresAt)
        return 'BOOKED'
      }
      expect(held).toBeInstanceOf(HoldExpiredError)
      expect(taken.appointment.createdAt).toBeGreaterThanOrEqual(expiresAt)
      return 'EXPIRED'
    }

    it('a hold that is booked in the instant it expires is booked or expired: never both, never neither', async () => {
      const results: string[] = []
      for (let round = 0; round < 20; round++) {
        const [holder, other] = round % 2 === 0 ? doors.all : doors.all.toReversed()
        const starts = [0, 1, 2, 3].map((hours) => hourAhead(4 * round + hours))
        const races = starts.map((startsAt, index) => race(holder as Door, other as Door, startsAt, 10 + 4 * index))
        results.push(...(await Promise.all(races)))
      }
      expect(results).toHaveLength(80)
      const taken = await salon.db.sql`
      select starts_at from appointments where status = 'CONFIRMED' group by starts_at having count(*) <> 1`
      expect(taken).toHaveLength(0)
      expect(await salon.db.sql`select from appointments`).toHaveLength(80)
      await expectIntact(salon.db)
    })

    it('a hold that is booked, extended, released and swept at once ends in one way', async () => {
      const { caller } = salon
      for (let round = 0; round < 30; round++) {
        const startsAt = hourAhead(24 * 10 + round)
        const { id } = await expiringHold(startsAt, 3 + (round % 10))
        const [first, second] = doors.all
        const booking = outcomes([book(first, null, { holdId: id })])
        const others = outcomes<unknown>([
          extendHold(second.lane, { caller, holdId: id, ttlSeconds: 60 }),
          round % 3 === 0 ? releaseHold(second.lane, { caller, holdId: id }) : expireHolds(second.db),
          book(second, startsAt + 15 * minute, { alternativeWithinMinutes: 15 }),
        ])
        const [{ won, errors }, { errors: otherErrors }] = await Promise.all([booking, others])
        for (const error of [...errors, ...otherErrors]) expect(error).toHaveProperty('code')
        for (const error of errors)
          expect([HoldExpiredError, HoldNotActiveError]).toContain((error as Error).constructor)
        const rows = await salon.db.sql`select status from holds where id = ${id}`
        expect(rows[0]?.status === 'BOOKED').toBe(won.length === 1)
      }
      await expireHolds(salon.db)
      await expectIntact(salon.db)
    })
  },
)

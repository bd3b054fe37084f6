import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SlotUnavailableError } from '../../src/domain/vocabulary/refusals.ts'
import { expectIntact } from '../support/database-checks.ts'
import { bookings, openDoors } from '../support/lanes.ts'
import { countOverlaps, hourAhead, openSalon, outcomes, type Salon, segment } from '../support/salon.ts'
import { addService } from '../support/tenant.ts'

const minute = 60_000

describe.each([{ advisoryLocks: true }, { advisoryLocks: false }])(
  'with $advisoryLocks for advisory locks',
  (options) => {
    let salon: Salon
    beforeAll(async () => {
      salon = await openSalon({ people: 1 })
    })
    afterAll(() => salon[Symbol.asyncDispose]())

    it.each([10, 50, 100, 200, 500])('of %i bookings of one slot exactly one succeeds', async (count) => {
      await using doors = openDoors(salon, options)
      const startsAt = hourAhead(count)
      const { won, refusals, errors } = await outcomes(bookings(doors, count, () => ({ startsAt })))
      expect(refusals).toEqual({ SlotUnavailableError: count - 1 })
      expect(won).toHaveLength(1)
      for (const error of errors as SlotUnavailableError[]) {
        expect(error.reasons).toMatchObject([{ reason: 'ALREADY_BOOKED', resourceId: salon.people[0] }])
        expect(error.alternatives).toHaveLength(3)
        expect(error.alternatives.map((slot) => slot.startsAt)).not.toContain(startsAt)
      }
    })

    it('bookings of different starts, lengths and services of the same people never overlap', async () => {
      await using shared = await openSalon({ people: 2 })
      const services = [
        shared.cutId,
        (await addService(shared, [segment({ candidateIds: shared.people, durationMinutes: 45 })])).id,
        (await addService(shared, [segment({ candidateIds: shared.people.slice(0, 1), durationMinutes: 90 })])).id,
        (
          await addService(shared, [
            segment({ candidateIds: shared.people, durationMinutes: 15, bufferAfterMinutes: 30 }),
            segment({ candidateIds: shared.people, durationMinutes: 20, sameStaffAsPrevious: true }),
          ])
        ).id,
      ]
      await using doors = openDoors(shared, options)
      const wish = (index: number) => {
        const startsAt = hourAhead(0) + (index % 16) * 15 * minute
        const slot = { serviceId: services[index % 4] as string, startsAt, resourceIds: [] }
        return { startsAt, slot, alternativeWithinMinutes: 240 }
      }
      const { won, refusals } = await outcomes(bookings(doors, 160, wish))
      expect(won.length).toBeGreaterThan(3)
      expect(refusals).toEqual({ SlotUnavailableError: 160 - won.length })
      await expectIntact(shared.db)
    })

    it('of 200 callers with one wish each is booked, where 200 slots are free nearby', async () => {
      await using doors = openDoors(salon, options)
      const startsAt = hourAhead(24 * 40)
      const { won, refusals, errors } = await outcomes(
        bookings(doors, 200, () => ({ startsAt, onUnavailable: 'BOOK_ALTERNATIVE' })),
      )
      expect(refusals, String(errors[0])).toEqual({})
      expect(new Set(won.map(({ appointment }) => appointment.startsAt)).size).toBe(200)
      await expectIntact(salon.db)
    })
  },
)

describe('the protection', () => {
  it('is the constraint: without it and without the locks the check counts overlaps', async () => {
    await using salon = await openSalon({ people: 1 })
    await salon.db.sql`alter table claims drop constraint claims_no_overlap`
    await salon.db.sql`drop index claims_one_per_start`
    await using doors = openDoors(salon, { advisoryLocks: false })
    let overlaps = 0
    for (let round = 0; round < 20 && overlaps === 0; round++) {
      const startsAt = hourAhead(round)
      await outcomes(bookings(doors, 20, (index) => ({ startsAt: startsAt + (index % 2) * 15 * minute })))
      overlaps = await countOverlaps(salon.db)
    }
    expect(overlaps).toBeGreaterThan(0)
  })

  it('is the locks too: without the constraint they alone prevent overlaps', async () => {
    await using salon = await openSalon({ people: 1 })
    await salon.db.sql`alter table claims drop constraint claims_no_overlap`
    await salon.db.sql`drop index claims_one_per_start`
    await using doors = openDoors(salon)
    for (let round = 0; round < 10; round++) {
      const startsAt = hourAhead(round)
      await outcomes(bookings(doors, 20, (index) => ({ startsAt: startsAt + (index % 2) * 15 * minute })))
    }
    expect(await countOverlaps(salon.db)).toBe(0)
  })
})

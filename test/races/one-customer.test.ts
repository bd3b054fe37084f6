import { describe, expect, it } from 'vitest'
import { inTransaction } from '../../src/db/transaction.ts'
import { upsertCustomer } from '../../src/domain/people/customers.ts'
import { openDoors } from '../support/lanes.ts'
import { book, hourAhead, openSalon, outcomes } from '../support/salon.ts'

const NOTATIONS = [
  '+49 30 23125000',
  '+493023125000',
  '0049 30 23125000',
  '030 23125000',
  '(030) 2312-5000',
  '030/2312 5000',
]

describe('customers with one phone', () => {
  it('are one, however many bookings and creations bring the number at once in six notations', async () => {
    await using salon = await openSalon({ people: 4 })
    await using doors = openDoors(salon)
    const attempts = Array.from({ length: 120 }, (_, index) => {
      const door = doors.next()
      const phone = NOTATIONS[index % 6] as string
      if (index % 6 === index % 12) {
        return book(door, hourAhead(index), { customer: { name: `Ada ${index}`, phone, email: null } }).then(
          ({ appointment }) => appointment.customerId,
        )
      }
      return inTransaction(door.db, door.organizationId, (tx) =>
        upsertCustomer(tx, { name: `Ada ${index}`, phone, locationId: salon.locationId }),
      ).then(({ id }) => id)
    })
    const { won, refusals } = await outcomes(attempts)
    expect(refusals).toEqual({})
    expect(new Set(won).size).toBe(1)
    expect(await salon.db.sql`select phone from customers`).toEqual([{ phone: '+493023125000' }])
  })

  it.each([{ known: false }, { known: true }])(
    'get one appointment at one time through two gateways, though four people are free: %o',
    async ({ known }) => {
      await using salon = await openSalon({ people: 4 })
      await using doors = openDoors(salon)
      const customer = { name: 'Ada', phone: '+493023125000', email: null }
      if (known) await book(doors.next(), hourAhead(1), { customer })
      for (const door of doors.all) await book(door, hourAhead(2))
      const at = hourAhead(24 * 3)
      // Each with somebody else: no resource-day is shared.
      const attempts = salon.people.map((person) => {
        return book(doors.next(), at, {
          customer,
          slot: { serviceId: salon.cutId, startsAt: at, resourceIds: [person] },
        })
      })
      const { won, refusals } = await outcomes(attempts)
      expect(won).toHaveLength(1)
      expect(refusals).toEqual({ SlotUnavailableError: 3 })
    },
  )

  it('are two rows where the unique index is gone: nothing else keeps them one', async () => {
    await using salon = await openSalon({ people: 4 })
    await salon.db.sql`drop index customers_one_per_phone`
    await salon.db
      .sql`create index customers_one_per_phone on customers (organization_id, phone) where phone is not null`
    const insert = (name: string) => salon.db.sql`
      insert into customers (organization_id, id, name, phone) values (${salon.organizationId}, gen_random_uuid(), ${name}, '+493023125000')`
    await Promise.all(['Ada', 'Grace'].map(insert))
    expect(await salon.db.sql`select from customers`).toHaveLength(2)
  })
})

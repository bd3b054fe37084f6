// A gateway that freezes in the middle of its bookings, its locks held, delays the others and fails none of them.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDatabase } from '../../src/db/client.ts'
import { resourceDayLock } from '../../src/db/locks.ts'
import { inSnapshot, inTransaction, type Tx } from '../../src/db/transaction.ts'
import { book, hourAhead, openSalon, outcomes, type Salon } from '../support/salon.ts'
import { until } from '../support/until.ts'

let salon: Salon
beforeAll(async () => {
  salon = await openSalon({ people: 1 })
})
afterAll(() => salon[Symbol.asyncDispose]())

/** Takes the locks of a day and sends nothing more, as a process does that was stopped between two packets. */
async function freezeWithLocks(startsAt: number) {
  const frozen = openDatabase({ url: salon.url, poolSize: 1 })
  const locked = Promise.withResolvers<void>()
  const day = new Date(startsAt).toISOString().slice(0, 10)
  const locks = salon.people.map((id) => resourceDayLock(id, day))
  const never = Promise.withResolvers<void>()
  const ended = inTransaction(
    frozen,
    salon.organizationId,
    async (tx) => {
      await tx.sql`select 1`
      locked.resolve()
      await never.promise
      // It thaws: whatever it sends now comes too late.
      await tx.sql`update claims set active = false`
    },
    { locks },
  ).then(
    () => null,
    (error: unknown) => error,
  )
  await locked.promise
  return { thaw: never.resolve, ended, [Symbol.asyncDispose]: () => frozen[Symbol.asyncDispose]() }
}

test('bookings that wait for the locks of a frozen gateway all succeed, and it can do nothing when it thaws', async () => {
  const startsAt = hourAhead(0)
  await using frozen = await freezeWithLocks(startsAt)
  const waiting = Array.from({ length: 8 }, (_, index) => book(salon, startsAt + index * 30 * 60_000))
  const { won, refusals, errors } = await outcomes(waiting)
  expect({ won: won.length, refusals, errors }).toEqual({ won: 8, refusals: {}, errors: [] })
  frozen.thaw()
  expect(await frozen.ended).toBeInstanceOf(Error)
  const [{ count }] = await salon.db.sql<[{ count: number }]>`select count(*)::int from claims where active`
  expect(count).toBe(8)
})

test('a reader may sit between two reads for longer', async () => {
  await using db = openDatabase({ url: salon.url, poolSize: 1 })
  const readLimit = async (tx: Tx) => {
    const [row] = await tx.sql<[{ limit: string }]>`
      select current_setting('idle_in_transaction_session_timeout') as limit`
    return row.limit
  }
  expect(await inSnapshot(db, salon.organizationId, readLimit)).toBe('1min')
  expect(await inTransaction(db, salon.organizationId, readLimit)).toBe('2s')
  await until(async () => {
    const rows = await salon.db.sql`select from pg_locks where locktype = 'advisory'
      and database = (select oid from pg_database where datname = current_database())`
    return rows.length === 0
  })
})

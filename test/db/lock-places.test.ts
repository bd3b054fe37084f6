// The table of locks of PostgreSQL belongs to everybody: what one process takes of it is bounded.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LocksExhausted } from '../../src/db/errors.ts'
import { createLockPlaces } from '../../src/db/lock-places.ts'
import { namedLock } from '../../src/db/locks.ts'
import { inTransaction } from '../../src/db/transaction.ts'
import { openTenant, type Tenant } from '../support/tenant.ts'

let tenant: Tenant
beforeAll(async () => {
  tenant = await openTenant()
})
afterAll(() => tenant[Symbol.asyncDispose]())

const locks = (name: string, count: number) =>
  Array.from({ length: count }, (_, index) => namedLock(name, String(index)))

test('places are given in the order of asking, and come back', async () => {
  const places = createLockPlaces({ total: 10, perTransaction: 8, waitAtMostMs: 60_000 })
  const order: string[] = []
  const first = await places.take(6)
  const take = async (name: string, count: number) => {
    const giveBack = await places.take(count)
    order.push(name)
    return giveBack
  }
  const [large, small] = [take('large', 8), take('small', 2)]
  // There is room for the small one, and it does not overtake: else the large one might wait for ever.
  first()
  const giveBack = await Promise.all([large, small])
  expect(order).toEqual(['large', 'small'])
  for (const give of giveBack) give()
  await places.take(8)
})

test('more than one transaction may have is refused at once, and a wait for places has an end', async () => {
  const places = createLockPlaces({ total: 10, perTransaction: 8, waitAtMostMs: 10 })
  await expect(places.take(9)).rejects.toBeInstanceOf(LocksExhausted)
  const giveBack = await places.take(8)
  await expect(places.take(3)).rejects.toBeInstanceOf(LocksExhausted)
  const other = await places.take(2)
  for (const give of [giveBack, other]) give()
  expect(await places.take(8)).toBeTypeOf('function')
})

test('many transactions with many locks never hold more together than their process may, and all are done', async () => {
  const { db, organizationId } = tenant
  const held: number[] = []
  const crowd = Array.from({ length: 12 }, (_, index) =>
    inTransaction(
      db,
      organizationId,
      async (tx) => {
        const [row] = await tx.sql<[{ count: number }]>`
          select count(*)::int from pg_locks where locktype = 'advisory' and granted
            and database = (select oid from pg_database where datname = current_database())`
        held.push(row.count)
      },
      { locks: locks(`crowd ${index}`, 1000) },
    ),
  )
  await Promise.all(crowd)
  expect(held).toHaveLength(12)
  expect(Math.max(...held)).toBeLessThanOrEqual(2500)
})

test('a transaction that wants too many fails alone, before it asks the database for anything', async () => {
  const { db, organizationId } = tenant
  const greedy = inTransaction(db, organizationId, async () => 'done', { locks: locks('greedy', 3000) })
  await expect(greedy).rejects.toBeInstanceOf(LocksExhausted)
  expect(await inTransaction(db, organizationId, async () => 'done', { locks: locks('modest', 10) })).toBe('done')
})

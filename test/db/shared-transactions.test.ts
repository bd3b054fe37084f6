// Work that shares a transaction: read once, and never spoiled by its neighbour.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { namedLock } from '../../src/db/locks.ts'
import { createSharedTransactions, type SharedTransactions } from '../../src/db/shared-transactions.ts'
import type { Tx } from '../../src/db/transaction.ts'
import { openSalon, type Salon } from '../support/salon.ts'

let salon: Salon
let shared: SharedTransactions
beforeAll(async () => {
  salon = await openSalon({ people: 1 })
  shared = createSharedTransactions(salon.db)
})
afterAll(() => salon[Symbol.asyncDispose]())

const xid = async (tx: Tx) => (await tx.sql<[{ xid: string }]>`select pg_current_xact_id()::text as xid`)[0].xid
const read = <T>(work: Parameters<typeof shared.read<T>>[1]) => shared.read(salon.organizationId, work)
const write = <T>(work: (tx: Tx) => Promise<T>, ...locks: string[]) =>
  shared.write(
    salon.organizationId,
    work,
    locks.map((name) => namedLock('shared', name)),
  )

it('what is asked at the same time in the same words is read once, and each gets it', async () => {
  let asked = 0
  const answers = await Promise.all(
    Array.from({ length: 10 }, () =>
      read((tx, once) =>
        once('one', async () => {
          asked++
          return (await tx.sql<[{ one: number }]>`select 1 as one`)[0].one
        }),
      ),
    ),
  )
  expect(answers).toEqual(Array(10).fill(1))
  expect(asked).toBe(1)
})

it('a reader whose statement fails fails alone', async () => {
  const settled = await Promise.allSettled([
    read(async (tx) => tx.sql`select 1/0`),
    read(async (tx) => (await tx.sql<[{ two: number }]>`select 2 as two`)[0].two),
    read(async () => Promise.reject(new Error('refused'))),
  ])
  expect(settled[0]).toMatchObject({ status: 'rejected', reason: { code: '22012' } })
  expect(settled[1]).toEqual({ status: 'fulfilled', value: 2 })
  expect(settled[2]).toMatchObject({ status: 'rejected', reason: { message: 'refused' } })
})

it('writers commit together, those with a lock in common one after the other', async () => {
  const together = await Promise.all([write(xid, 'a'), write(xid, 'b'), write(xid, 'c')])
  expect(new Set(together).size).toBe(1)
  const apart = await Promise.all([write(xid, 'a'), write(xid, 'a')])
  expect(new Set(apart).size).toBe(2)
})

it('a writer that fails takes nobody along, and leaves nothing', async () => {
  const insert = (name: string) => async (tx: Tx) => {
    await tx.sql`insert into customers (organization_id, id, name) values (${tx.organizationId}, gen_random_uuid(), ${name})`
    if (name === 'bad') throw new Error('refused')
    return name
  }
  const settled = await Promise.allSettled([write(insert('good')), write(insert('bad')), write(insert('better'))])
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  const rows = await salon.db.sql<{ name: string }[]>`
    select name from customers where name in ('good', 'bad', 'better') order by name`
  expect(rows.map(({ name }) => name)).toEqual(['better', 'good'])
})

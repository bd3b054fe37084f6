// Work that shares a transaction: read once, and never spoiled by its neighbour.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openDatabase } from '../../src/db/client.ts'
import { isDatabaseAway, isLockTimeout } from '../../src/db/errors.ts'
import { namedLock } from '../../src/db/locks.ts'
import {
  createSharedRead,
  createSharedWrite,
  type Once,
  type SharedRead,
  type SharedWrite,
} from '../../src/db/shared-transactions.ts'
import { inTransaction, type Tx } from '../../src/db/transaction.ts'
import { findFreePort } from '../support/redis.ts'
import { openSalon, type Salon } from '../support/salon.ts'

let salon: Salon
let read: SharedRead
let write: SharedWrite<string, string>
beforeAll(async () => {
  salon = await openSalon({ people: 1 })
  read = createSharedRead(salon.db)
  write = createSharedWrite<string, string>(salon.db, {
    locks: (name) => [namedLock('shared', name)],
    async write(tx, names) {
      await tx.sql`
        insert into customers (organization_id, id, name)
        select ${tx.organizationId}, gen_random_uuid(), name from unnest(${names}::text[]) as n (name)`
      if (names.includes('bad')) throw new Error('refused')
      const transaction = await xid(tx)
      return names.map((name) => `${name} in ${transaction}`)
    },
  })
})
afterAll(() => salon[Symbol.asyncDispose]())

const xid = async (tx: Tx) => (await tx.sql<[{ xid: string }]>`select pg_current_xact_id()::text as xid`)[0].xid
const shared = <T>(work: (tx: Tx, once: Once) => Promise<T>) => read(salon.organizationId, work)
const put = (name: string) => write(salon.organizationId, name)

it('what is asked at the same time in the same words is read once, and each gets it', async () => {
  let asked = 0
  const answers = await Promise.all(
    Array.from({ length: 10 }, () =>
      shared((tx, once) =>
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
    shared(async (tx) => tx.sql`select 1/0`),
    shared(async (tx) => (await tx.sql<[{ two: number }]>`select 2 as two`)[0].two),
    shared(async () => Promise.reject(new Error('refused'))),
  ])
  expect(settled[0]).toMatchObject({ status: 'rejected', reason: { code: '22012' } })
  expect(settled[1]).toEqual({ status: 'fulfilled', value: 2 })
  expect(settled[2]).toMatchObject({ status: 'rejected', reason: { message: 'refused' } })
})

it('a reader that refuses is not asked twice', async () => {
  let asked = 0
  const settled = await Promise.allSettled([
    shared(async (tx) => (await tx.sql<[{ one: number }]>`select 1 as one`)[0].one),
    shared(async () => {
      asked++
      throw new Error('refused')
    }),
  ])
  expect(settled).toMatchObject([
    { status: 'fulfilled', value: 1 },
    { status: 'rejected', reason: { message: 'refused' } },
  ])
  expect(asked).toBe(1)
})

it('a database that is away is asked once for all of a crowd', async () => {
  await using away = openDatabase({ url: `postgres://127.0.0.1:${await findFreePort()}/nothing` })
  let opened = 0
  const acquire = away.connections.acquire
  away.connections.acquire = () => {
    opened++
    return acquire()
  }
  const reading = createSharedRead(away)
  const writing = createSharedWrite<string, string>(away, { locks: () => [], write: async (_, names) => names })
  const settled = await Promise.allSettled(
    ['a', 'b', 'c'].flatMap((name) => [reading('org', async () => name), writing('org', name)]),
  )
  for (const result of settled) {
    expect(result.status).toBe('rejected')
    expect(isDatabaseAway((result as PromiseRejectedResult).reason)).toBe(true)
  }
  expect(opened).toBe(2)
})

it('who waits for a lock in vain takes nobody along', async () => {
  await using impatient = openDatabase({ url: salon.url, lockTimeoutMs: 300 })
  const writing = createSharedWrite<string, string>(impatient, {
    locks: (name) => [namedLock('shared', name)],
    write: async (_, names) => names,
  })
  const settled = await inTransaction(
    salon.db,
    salon.organizationId,
    () => Promise.allSettled(['taken', 'free', 'free too'].map((name) => writing(salon.organizationId, name))),
    { locks: [namedLock('shared', 'taken')] },
  )
  expect(settled.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled'])
  expect(isLockTimeout((settled[0] as PromiseRejectedResult).reason)).toBe(true)
})

it('writers commit together, and each gets its own answer', async () => {
  const answers = await Promise.all([put('a'), put('b'), put('c')])
  expect(answers.map((answer) => answer.split(' in ')[0])).toEqual(['a', 'b', 'c'])
  expect(new Set(answers.map((answer) => answer.split(' in ')[1])).size).toBe(1)
})

it('a writer that fails takes nobody along, and leaves nothing', async () => {
  const settled = await Promise.allSettled([put('good'), put('bad'), put('better')])
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(settled[1]).toMatchObject({ reason: { message: 'refused' } })
  const rows = await salon.db.sql<{ name: string }[]>`
    select name from customers where name in ('good', 'bad', 'better') order by name`
  expect(rows.map(({ name }) => name)).toEqual(['better', 'good'])
})

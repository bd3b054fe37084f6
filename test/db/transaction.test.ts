import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { recordChanges, redefined } from '../../src/db/change-log.ts'
import type { CommittedTransaction } from '../../src/db/changes.ts'
import { type Database, openDatabase } from '../../src/db/client.ts'
import { isDatabaseAway, isLockTimeout, isRetriableConflict, violatedConstraint } from '../../src/db/errors.ts'
import { canonicalLocks, definitionLock, type Lock, namedLock, resourceDayLock } from '../../src/db/locks.ts'
import { asSystem, inSnapshot, inTransaction, type Tx } from '../../src/db/transaction.ts'
import { addResource, openTenant, type Tenant } from '../support/tenant.ts'
import { until } from '../support/until.ts'

let tenant: Tenant
let resourceId: string
beforeAll(async () => {
  tenant = await openTenant()
  resourceId = (await addResource(tenant)).id
  await tenant.db.sql`create table counters (id int primary key, value int not null)`
  await tenant.db.sql`grant all on counters to slotwire_app`
})
beforeEach(async () => {
  await tenant.db.sql`truncate counters`
  await tenant.db.sql`insert into counters values (1, 0), (2, 0)`
})
afterAll(() => tenant[Symbol.asyncDispose]())

const counterValue = async (id: number) => (await tenant.db.sql`select value from counters where id = ${id}`)[0]?.value
const bump = (tx: Tx) => tx.sql`update counters set value = value + 1 where id = 1 returning value`
const lock = (name: string) => namedLock('test', name)

/** A promise and the function that keeps it. */
function gate() {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { passed: promise, open: resolve }
}

/** How many backends of the database wait for an advisory lock. */
async function countWaiting(): Promise<number> {
  const [row] = await tenant.db.sql`
    select count(*)::int from pg_locks
    where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())`
  return row?.count
}

describe('a transaction', () => {
  test('commits all it did', async () => {
    const result = await tenant.write(async (tx) => {
      await tx.sql`update counters set value = 1`
      return 'done'
    })
    expect([result, await counterValue(1), await counterValue(2)]).toEqual(['done', 1, 1])
  })

  test('that throws leaves nothing behind and throws on', async () => {
    const refusal = new Error('refused')
    const failed = tenant.write(async (tx) => {
      await tx.sql`update counters set value = 1`
      throw refusal
    })
    await expect(failed).rejects.toBe(refusal)
    expect(await counterValue(1)).toBe(0)
  })

  test('whose statement failed cannot commit, even when the error is caught', async () => {
    const swallowed = tenant.write(async (tx) => {
      await tx.sql`update counters set value = 1`
      await tx.sql`select 1 / 0`.catch(() => {})
      return 'looks fine'
    })
    await expect(swallowed).rejects.toThrow('rolled back')
    expect(await counterValue(1)).toBe(0)
  })

  test('of which one of several statements sent together fails is rolled back whole', async () => {
    const failed = tenant.write((tx) =>
      Promise.all([tx.sql`update counters set value = 1`, tx.sql`select 1 / 0`, tx.sql`update counters set value = 2`]),
    )
    await expect(failed).rejects.toThrow('division by zero')
    expect(await counterValue(1)).toBe(0)
  })

  test('gives its connection back, whatever became of it', async () => {
    await using db = openDatabase({ url: tenant.url, poolSize: 1 })
    for (let turn = 0; turn < 5; turn++) {
      await inTransaction(db, tenant.organizationId, async () => Promise.reject(new Error('refused'))).catch(() => {})
      await inTransaction(db, tenant.organizationId, (tx) => tx.sql`select 1 / 0`).catch(() => {})
      await inTransaction(db, tenant.organizationId, async (tx) => tx.sql`select 1`)
    }
  })

  test('reads and writes instants as milliseconds and documents as they are', async () => {
    const [row] = await tenant.write(
      (tx) => tx.sql`select ${1_806_000_000_123}::timestamptz as at, ${JSON.stringify({ a: 1 })}::jsonb as document`,
    )
    expect(row).toEqual({ at: 1_806_000_000_123, document: { a: 1 } })
  })
})

describe('a parameter that cannot be sent', () => {
  const unsendable = { [Symbol.toPrimitive]: () => expect.fail('not sent') }

  test.each([
    ['as the only statement', (tx: Tx) => [tx.sql`select ${undefined as never}`]],
    ['in front of others', (tx: Tx) => [tx.sql`select ${undefined as never}`, bump(tx), bump(tx)]],
    ['behind others', (tx: Tx) => [bump(tx), bump(tx), tx.sql`select ${undefined as never}`]],
    ['among others', (tx: Tx) => [bump(tx), tx.sql`select ${undefined as never}`, bump(tx)]],
    ['whose serializer throws', (tx: Tx) => [bump(tx), tx.sql`select ${unsendable as never}::text`, bump(tx)]],
  ])('fails the transaction, %s', async (_, statements) => {
    await using db = openDatabase({ url: tenant.url, poolSize: 1 })
    const write = <T>(work: (tx: Tx) => Promise<T>) => inTransaction(db, tenant.organizationId, work)
    const failed = write(async (tx) => {
      await bump(tx)
      return Promise.all(statements(tx))
    })
    await expect(failed).rejects.toThrow(/undefined|not sent|UNDEFINED/i)
    // On the only connection there is; and whatever was on its way is answered by nobody else's answer.
    const answers = await write((tx) => Promise.all([tx.sql`select 1 as one`, tx.sql`select 2 as two`]))
    expect([...answers.map(([row]) => row), await counterValue(1)]).toEqual([{ one: 1 }, { two: 2 }, 0])
  })
})

describe('a snapshot', () => {
  test('sees one moment in all its statements', async () => {
    const seen = await inSnapshot(tenant.db, tenant.organizationId, async (tx) => {
      const before = await tx.sql`select value from counters where id = 1`
      await tenant.write((other) => other.sql`update counters set value = 1`)
      const after = await tx.sql`select value from counters where id = 1`
      return [before[0]?.value, after[0]?.value]
    })
    expect(seen).toEqual([0, 0])
  })

  test('cannot write, neither of an organization nor of the system', async () => {
    const write = inSnapshot(tenant.db, tenant.organizationId, (tx) => tx.sql`update counters set value = 1`)
    await expect(write).rejects.toThrow('read-only transaction')
    const systemWrite = asSystem(tenant.db, (tx) => tx.sql`delete from api_keys`, { snapshot: true })
    await expect(systemWrite).rejects.toThrow('read-only transaction')
  })
})

describe('locks', () => {
  test('are taken in one order however they are named, each once, exclusively where both modes are asked', () => {
    const locks: Lock[] = [
      resourceDayLock(resourceId, '2027-05-03'),
      resourceDayLock(resourceId, '2027-05-04'),
      definitionLock(resourceId, 'read'),
      lock('a'),
    ]
    const canonical = canonicalLocks([...locks, definitionLock(resourceId, 'write'), ...locks])
    expect(canonicalLocks(locks.toReversed().concat(definitionLock(resourceId, 'write')))).toEqual(canonical)
    expect(canonical).toHaveLength(4)
    expect(canonical.map(({ key }) => key)).toEqual(
      canonical.map(({ key }) => key).toSorted((a, b) => (a < b ? -1 : 1)),
    )
    expect(canonical.find(({ key }) => key === definitionLock(resourceId, 'read').key)?.shared).toBe(false)
    expect(canonicalLocks([definitionLock(resourceId, 'read')])[0]?.shared).toBe(true)
  })

  test('of different resources, days and names are different', () => {
    const keys = [
      resourceDayLock(resourceId, '2027-05-03'),
      resourceDayLock(resourceId, '2027-05-04'),
      resourceDayLock(tenant.locationId, '2027-05-03'),
      definitionLock(resourceId, 'read'),
      definitionLock(tenant.locationId, 'read'),
      namedLock('a', 'b', 'c'),
      namedLock('a', 'bc'),
      namedLock('ab', 'c'),
    ].map(({ key }) => key)
    expect(new Set(keys).size).toBe(keys.length)
    for (const key of keys) expect(BigInt.asIntN(64, key)).toBe(key)
  })

  test('let one in at a time, who sees all that the one before committed', async () => {
    await Promise.all(
      Array.from({ length: 30 }, () =>
        inTransaction(
          tenant.db,
          tenant.organizationId,
          async (tx) => {
            const [row] = await tx.sql`select value from counters where id = 1`
            await tx.sql`update counters set value = ${row?.value + 1} where id = 1`
          },
          { locks: [lock('counter')] },
        ),
      ),
    )
    expect(await counterValue(1)).toBe(30)
  })

  test('taken in opposite orders by many make no deadlock', async () => {
    const locks = Array.from({ length: 20 }, (_, index) => lock(`swap ${index}`))
    const [before] = await tenant.db.sql`select deadlocks from pg_stat_database where datname = current_database()`
    await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        inTransaction(tenant.db, tenant.organizationId, async (tx) => tx.sql`select 1`, {
          locks: index % 2 ? locks : locks.toReversed(),
        }),
      ),
    )
    const [after] = await tenant.db.sql`select deadlocks from pg_stat_database where datname = current_database()`
    expect(after?.deadlocks).toBe(before?.deadlocks)
  })

  test('that are shared let readers in together and a writer alone', async () => {
    const reading = gate()
    const bothRead = gate()
    let readers = 0
    const read = () =>
      inTransaction(
        tenant.db,
        tenant.organizationId,
        async (tx) => {
          await tx.sql`select 1`
          if (++readers === 2) bothRead.open()
          await reading.passed
        },
        { locks: [definitionLock(resourceId, 'read')] },
      )
    const reads = [read(), read()]
    await bothRead.passed
    let hasWritten = false
    const writer = inTransaction(
      tenant.db,
      tenant.organizationId,
      async (tx) => {
        await tx.sql`select 1`
        hasWritten = true
      },
      { locks: [definitionLock(resourceId, 'write')] },
    )
    await until(async () => (await countWaiting()) === 1)
    expect(hasWritten).toBe(false)
    reading.open()
    await Promise.all([...reads, writer])
    expect(hasWritten).toBe(true)
  })

  test('that do not come free in time end the wait, and the transaction with it', async () => {
    await using impatient = openDatabase({ url: tenant.url, lockTimeoutMs: 50 })
    const holding = gate()
    const held = gate()
    const holder = inTransaction(
      tenant.db,
      tenant.organizationId,
      async (tx) => {
        await tx.sql`select 1`
        held.open()
        await holding.passed
      },
      { locks: [lock('held')] },
    )
    await held.passed
    const waiting = inTransaction(impatient, tenant.organizationId, (tx) => tx.sql`update counters set value = 1`, {
      locks: [lock('held')],
    })
    await expect(waiting).rejects.toSatisfy(isLockTimeout)
    holding.open()
    await holder
    expect(await counterValue(1)).toBe(0)
  })

  test('that are switched off hold nobody up', async () => {
    await using unlocked = openDatabase({ url: tenant.url, advisoryLocks: false, lockTimeoutMs: 50 })
    await inTransaction(
      tenant.db,
      tenant.organizationId,
      async (tx) => {
        await tx.sql`select 1`
        await inTransaction(unlocked, tenant.organizationId, async (other) => other.sql`select 1`, {
          locks: [lock('off')],
        })
      },
      { locks: [lock('off')] },
    )
  })
})

describe('a conflict between transactions', () => {
  test('that deadlocks is tried again until both are through', async () => {
    const bothHold = gate()
    let holding = 0
    let attempts = 0
    const swap = (first: number, second: number) =>
      tenant.write(async (tx) => {
        attempts++
        await tx.sql`update counters set value = value + 1 where id = ${first}`
        if (++holding === 2) bothHold.open()
        await bothHold.passed
        await tx.sql`update counters set value = value + 1 where id = ${second}`
      })
    await Promise.all([swap(1, 2), swap(2, 1)])
    expect(attempts).toBeGreaterThan(2)
    expect([await counterValue(1), await counterValue(2)]).toEqual([2, 2])
  })

  test('that fails to serialize is tried again, but not for ever', async () => {
    let attempts = 0
    const stubborn = tenant.write(async (tx) => {
      attempts++
      await tx.sql`do $$ begin raise exception 'no' using errcode = '40001'; end $$`
    })
    await expect(stubborn).rejects.toSatisfy(isRetriableConflict)
    expect(attempts).toBe(5)
  })

  test('with a constraint is told by the name of the constraint, and not tried again', async () => {
    let attempts = 0
    const doubled = tenant.write(async (tx) => {
      attempts++
      await tx.sql`insert into counters values (1, 0)`
    })
    await expect(doubled).rejects.toSatisfy((error) => violatedConstraint(error) === 'counters_pkey')
    expect(attempts).toBe(1)
  })
})

describe('a connection that is lost', () => {
  const terminate = async (database: Database, work: (pid: number) => Promise<void>) =>
    inTransaction(database, tenant.organizationId, async (tx) => {
      await tx.sql`update counters set value = 1`
      const [row] = await tx.sql<{ pid: number }[]>`select pg_backend_pid() as pid`
      await work(row?.pid as number)
      await tx.sql`select 1`
    })
  const kill = async (pid: number) => {
    await tenant.db.sql`select pg_terminate_backend(${pid})`
    await until(async () => (await tenant.db.sql`select from pg_stat_activity where pid = ${pid}`).count === 0)
  }

  test('in the middle of a transaction is an error that says so; nothing was done and the next one works', async () => {
    await using db = openDatabase({ url: tenant.url, poolSize: 2 })
    for (let turn = 0; turn < 3; turn++) {
      const lost = terminate(db, kill)
      await expect(lost).rejects.toSatisfy(isDatabaseAway)
      await expect(lost).rejects.toMatchObject({ code: expect.stringMatching(/CONNECTION_CLOSED|57P01/) })
    }
    expect(await counterValue(1)).toBe(0)
    await inTransaction(db, tenant.organizationId, async (tx) => tx.sql`update counters set value = 2`)
    expect(await counterValue(1)).toBe(2)
  })

  test('before the commit is never taken for a commit', async () => {
    await using db = openDatabase({ url: tenant.url, poolSize: 1 })
    const lost = inTransaction(db, tenant.organizationId, async (tx) => {
      await tx.sql`update counters set value = 1`
      const [row] = await tx.sql<{ pid: number }[]>`select pg_backend_pid() as pid`
      await kill(row?.pid as number)
    })
    await expect(lost).rejects.toSatisfy(isDatabaseAway)
    expect(await counterValue(1)).toBe(0)
  })

  test('while many transactions run leaves no connection of the pool unusable', async () => {
    await using db = openDatabase({ url: tenant.url, poolSize: 4 })
    const run = () => terminate(db, kill).catch((error) => expect(error).toSatisfy(isDatabaseAway))
    await Promise.all(Array.from({ length: 8 }, run))
    await Promise.all(
      Array.from({ length: 8 }, () => inTransaction(db, tenant.organizationId, async (tx) => tx.sql`select 1`)),
    )
  })
})

describe('what a transaction changed', () => {
  test('is told once, after the commit, to the listener', async () => {
    await using db = openDatabase({ url: tenant.url })
    const told: CommittedTransaction[] = []
    db.onCommitted = (transaction) => told.push(transaction)
    await inTransaction(db, tenant.organizationId, async (tx) => {
      await recordChanges(tx, [redefined(resourceId)])
      expect(told).toEqual([])
    })
    const [row] = await tenant.db.sql`
      select version, xid::text from availability_changes where subject_id = ${resourceId} order by version desc limit 1`
    expect(told).toEqual([
      {
        organizationId: tenant.organizationId,
        xid: row?.xid,
        changes: [{ subjectId: resourceId, day: '0001-01-01', version: row?.version, delta: { redefined: true } }],
        appointments: [],
      },
    ])
  })

  test('is not told when it was rolled back, nor when nothing changed', async () => {
    await using db = openDatabase({ url: tenant.url })
    const told: CommittedTransaction[] = []
    db.onCommitted = (transaction) => told.push(transaction)
    const refused = inTransaction(db, tenant.organizationId, async (tx) => {
      await recordChanges(tx, [redefined(resourceId)])
      throw new Error('refused')
    })
    await expect(refused).rejects.toThrow('refused')
    await inTransaction(db, tenant.organizationId, async (tx) => tx.sql`select 1`)
    expect(told).toEqual([])
  })

  test('is told once though the transaction was tried several times', async () => {
    await using db = openDatabase({ url: tenant.url })
    const told: CommittedTransaction[] = []
    db.onCommitted = (transaction) => told.push(transaction)
    let attempts = 0
    await inTransaction(db, tenant.organizationId, async (tx) => {
      await recordChanges(tx, [redefined(resourceId)])
      if (++attempts < 3) await tx.sql`do $$ begin raise exception 'no' using errcode = '40001'; end $$`
    })
    expect(attempts).toBe(3)
    expect(told.map(({ changes }) => changes.length)).toEqual([1])
  })
})

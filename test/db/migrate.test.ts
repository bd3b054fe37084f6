// Migrations: one process at a time, behind a transaction pooler too, and no wait without an end.

import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { openDatabase } from '../../src/db/client.ts'
import { migrate } from '../../src/db/migrate.ts'
import { countPendingMigrations } from '../../src/db/pending-migrations.ts'
import { execute, withDatabase } from '../support/database.ts'
import { type PgBouncer, startPgBouncer } from '../support/pgbouncer.ts'

const server = inject('postgres').url
let bouncer: PgBouncer
beforeAll(async () => {
  bouncer = await startPgBouncer(server, { connections: 1 })
})
afterAll(() => bouncer[Symbol.asyncDispose]())

test('migrating through a transaction pooler leaves nothing behind that the next one would wait for', async () => {
  await using database = await openEmptyDatabase()
  await migrate(bouncer.through(database.url))
  expect(await readLocks(database.url)).toEqual([])
  await migrate(database.url, { waitAtMostMs: 2000 })
  await migrate(bouncer.through(database.url), { waitAtMostMs: 2000 })
  expect(await countPending(database.url)).toBe(0)
})

test('of processes that migrate at once, through a pooler and past it, each finds it done in the end', async () => {
  await using database = await openEmptyDatabase()
  const ways = [database.url, bouncer.through(database.url), database.url, bouncer.through(database.url)]
  expect(await Promise.allSettled(ways.map((url) => migrate(url)))).toEqual(
    ways.map(() => ({ status: 'fulfilled', value: undefined })),
  )
  expect(await countPending(database.url)).toBe(0)
  expect(await readLocks(database.url)).toEqual([])
  const twice =
    'select 1 / (1 - count(*)) from (select hash from drizzle.__drizzle_migrations group by 1 having count(*) > 1) _ having count(*) > 0'
  await execute(database.url, twice)
})

test('a wait for who does not end is one clear sentence, and nothing is changed', async () => {
  await using database = await openEmptyDatabase()
  const holder = postgres(database.url, { max: 1, onnotice: () => {} })
  await holder`select pg_advisory_lock(7501640021)`
  await expect(migrate(database.url, { waitAtMostMs: 50 })).rejects.toThrow(
    /^The migrations were not applied: another process has been migrating .* for 0\.05 seconds\. Nothing was changed/,
  )
  expect(await countPending(database.url)).toBeGreaterThan(0)
  await holder.end()
  await migrate(database.url)
})

test('a database from before the beginning is refused in a sentence, and left as it is', async () => {
  await using database = await openEmptyDatabase()
  await migrate(database.url)
  await execute(database.url, 'update drizzle.__drizzle_migrations set created_at = created_at - 86400000')
  await expect(migrate(database.url)).rejects.toThrow(
    /^This database is from before the first release .* move the data folder away/,
  )
  await expect(countPending(database.url)).rejects.toThrow(/^This database is from before the first release/)
})

test('the migrations of the jobs wait as long, and say so', async () => {
  await using database = await openEmptyDatabase()
  await migrate(database.url)
  const last = '(select max(id) from graphile_worker.migrations)'
  const holder = postgres(database.url, { max: 1, onnotice: () => {} })
  await execute(database.url, `delete from graphile_worker.migrations where id = ${last}`)
  // Another process has written it down and is at it.
  await holder`begin`
  await holder`insert into graphile_worker.migrations (id) select max(id) + 1 from graphile_worker.migrations`
  await expect(migrate(database.url, { waitAtMostMs: 100 })).rejects.toThrow(/^The migrations were not applied/)
  await holder`commit`
  await holder.end()
  await migrate(database.url)
})

async function openEmptyDatabase() {
  const name = `slotwire_migrate_${randomUUID().replaceAll('-', '')}`
  await execute(server, `create database ${name}`)
  return {
    url: withDatabase(server, name),
    [Symbol.asyncDispose]: () => execute(server, `drop database ${name} with (force)`),
  }
}

async function countPending(url: string): Promise<number> {
  await using db = openDatabase({ url, poolSize: 1 })
  return await countPendingMigrations(db.sql)
}

async function readLocks(url: string): Promise<object[]> {
  await using db = openDatabase({ url, poolSize: 1 })
  return [
    ...(await db.sql`
      select objid from pg_locks where locktype = 'advisory'
        and database = (select oid from pg_database where datname = current_database())`),
  ]
}

// The test support itself: what every other test stands on.

import { Redis } from 'ioredis'
import postgres from 'postgres'
import { expect, inject, test } from 'vitest'
import { execute, openTestDatabase } from './database.ts'
import { startTestPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'
import { until } from './until.ts'

test('a test database is a migrated clone of its own, and is gone afterwards', async () => {
  let url: string
  {
    await using one = await openTestDatabase()
    await using other = await openTestDatabase()
    url = one.url
    const sql = postgres(one.url, { max: 1 })
    const [row] = await sql`select to_regclass('claims') is not null as migrated, current_setting('fsync') as fsync`
    expect(row).toEqual({ migrated: true, fsync: 'on' })
    expect(other.url).not.toBe(one.url)
    await sql.end()
  }
  const sql = postgres(url, { max: 1 })
  await expect(sql`select 1`).rejects.toThrow('does not exist')
  await sql.end()
})

test('a test Redis can be frozen, stopped and started again on its port', async () => {
  await using server = await startRedis()
  const client = new Redis(server.url)
  client.on('error', () => {})
  await client.ping()
  server.freeze()
  server.thaw()
  await client.ping()
  await server.stop()
  await until(() => client.status !== 'ready')
  await server.start()
  await until(() => client.status === 'ready')
  client.disconnect()
})

test('the shared Redis of the run answers', async () => {
  const client = new Redis(inject('redisUrl'))
  expect(await client.ping()).toBe('PONG')
  client.disconnect()
})

test('a test PostgreSQL comes back on its port with what was committed, after a stop and after a crash', async () => {
  await using server = await startTestPostgres()
  await execute(server.url, 'create table kept (value int)', 'insert into kept values (1)')
  await server.stop()
  await expect(execute(server.url, 'select 1')).rejects.toThrow('ECONNREFUSED')
  await server.start()
  await execute(server.url, 'insert into kept values (2)')
  await server.crash()
  await server.start()
  await execute(server.url, 'insert into kept select 1 / (count(*) - 1) from kept')
})

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDatabase } from '../../src/db/client.ts'
import { isDatabaseAway } from '../../src/db/errors.ts'
import { execute } from '../support/database.ts'
import { openTenant, type Tenant } from '../support/tenant.ts'
import { until } from '../support/until.ts'

let tenant: Tenant
beforeAll(async () => {
  tenant = await openTenant()
})
afterAll(() => tenant[Symbol.asyncDispose]())

const open = (poolSize: number) => openDatabase({ url: tenant.url, poolSize })
const pidOf = async ({ sql }: { sql: Tenant['db']['sql'] }) =>
  (await sql<[{ pid: number }]>`select pg_backend_pid() as pid`)[0].pid

async function kill(pid: number): Promise<void> {
  await tenant.db.sql`select pg_terminate_backend(${pid})`
  await until(async () => (await tenant.db.sql`select from pg_stat_activity where pid = ${pid}`).count === 0)
}

/** The name of the database, as a statement of another database takes it. */
async function allowConnections(allowed: boolean): Promise<void> {
  const server = new URL(tenant.url)
  const name = server.pathname.slice(1)
  server.pathname = '/postgres'
  await execute(server.href, `alter database ${name} allow_connections ${allowed}`)
}

describe('the connections for transactions', () => {
  test('are never more than the pool is large, and go to those who wait in their order', async () => {
    await using db = open(2)
    const { connections } = db
    const held = [await connections.acquire(), await connections.acquire()] as const
    const order: number[] = []
    const waiting = [0, 1, 2].map(async (index) => {
      const connection = await connections.acquire()
      order.push(index)
      const pid = await pidOf(connection)
      connections.release(connection)
      return pid
    })
    const pids = await Promise.all(held.map(pidOf))
    for (const connection of held) connections.release(connection)
    for (const pid of await Promise.all(waiting)) expect(pids).toContain(pid)
    expect(order).toEqual([0, 1, 2])
  })

  test('that are lost while others wait for them are replaced for every one of those', async () => {
    await using db = open(3)
    const { connections } = db
    const held = await Promise.all([connections.acquire(), connections.acquire(), connections.acquire()])
    const waiting = Array.from({ length: 20 }, async () => {
      const connection = await connections.acquire()
      const pid = await pidOf(connection)
      connections.release(connection)
      return pid
    })
    for (const connection of held) await kill(await pidOf(connection))
    for (const connection of held) {
      await expect(connection.orLost(connection.sql`select 1`)).rejects.toSatisfy(isDatabaseAway)
      connections.release(connection)
    }
    expect(new Set(await Promise.all(waiting)).size).toBeLessThanOrEqual(3)
  })

  test('that are lost while nobody uses them are not handed out', async () => {
    await using db = open(1)
    const { connections } = db
    const first = await connections.acquire()
    const pid = await pidOf(first)
    connections.release(first)
    await kill(pid)
    await until(() => first.isLost())
    const second = await connections.acquire()
    expect(await pidOf(second)).not.toBe(pid)
    connections.release(second)
  })

  test('that cannot be opened cost no place: when the database is back all of them are there', async () => {
    await using db = open(2)
    const { connections } = db
    await allowConnections(false)
    const attempts = await Promise.allSettled(Array.from({ length: 12 }, () => connections.acquire()))
    expect(attempts.every(({ status }) => status === 'rejected')).toBe(true)
    await allowConnections(true)
    const held = await Promise.all([connections.acquire(), connections.acquire()])
    expect(new Set(await Promise.all(held.map(pidOf))).size).toBe(2)
    for (const connection of held) connections.release(connection)
  })

  test('refuse statements once they are lost, in the instant and later', async () => {
    await using db = open(1)
    const connection = await db.connections.acquire()
    await kill(await pidOf(connection))
    for (let turn = 0; turn < 5; turn++) {
      await expect(connection.orLost(connection.sql`select 1`)).rejects.toSatisfy(isDatabaseAway)
      await expect(connection.orLost(connection.sql.unsafe('select 1'))).rejects.toSatisfy(isDatabaseAway)
    }
    db.connections.release(connection)
  })

  test('close when the last of them is given back, and open no more', async () => {
    const db = open(2)
    const { connections } = db
    const [busy, idle] = [await connections.acquire(), await connections.acquire()]
    const pids = [await pidOf(busy), await pidOf(idle)]
    connections.release(idle)
    let isClosed = false
    const closing = db[Symbol.asyncDispose]().then(() => {
      isClosed = true
    })
    await expect(connections.acquire()).rejects.toMatchObject({ code: 'CONNECTION_ENDED' })
    expect(await pidOf(busy)).toBeGreaterThan(0)
    expect(isClosed).toBe(false)
    connections.release(busy)
    await closing
    await until(async () => (await tenant.db.sql`select from pg_stat_activity where pid = any(${pids})`).count === 0)
  })
})

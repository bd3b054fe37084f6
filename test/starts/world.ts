// What the starts need around them: a database with a Redis, a data folder of each lane's own, and looks at what is left behind.

import { mkdir, readdir, readlink, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import path from 'node:path'
import { inject } from 'vitest'
import { type Database, openDatabase } from '../../src/db/client.ts'
import { openTestDatabase } from '../support/database.ts'
import { openTemporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

export interface World extends AsyncDisposable {
  /** All that a gateway on the embedded PostgreSQL needs. */
  embedded: Record<string, string>
  /** The same for one on a database and a Redis of their own. */
  external: Record<string, string>
  dataFolder: string
  /** Something else listens on it. */
  takenPort: number
  db: Database
  /** Waits until nothing is left of a run: no process, no owner, no connection, no lock; throws what is. */
  requireNothingLeft: () => Promise<void>
}

export async function openWorld(): Promise<World> {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await openTemporaryFolder())
  const database = stack.use(await openTestDatabase())
  const db = stack.use(openDatabase({ url: database.url, poolSize: 1 }))
  const port = await listenSomewhere()
  stack.defer(() => void port.close())
  const address = port.address()
  const dataFolder = path.join(folder.path, 'data')
  await mkdir(dataFolder)
  const common = { PATH: process.env.PATH ?? '', HOST: '127.0.0.1', PORT: '0' }
  const opened = stack.move()
  return {
    embedded: { ...common, DATA_DIR: dataFolder },
    external: { ...common, DATABASE_URL: database.url, REDIS_URL: inject('redisUrl'), REDIS_PREFIX: dataFolder },
    dataFolder,
    takenPort: typeof address === 'object' && address ? address.port : 0,
    db,
    requireNothingLeft: () => requireNothingLeft(db, dataFolder),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

function listenSomewhere(): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => resolve(server))
  })
}

async function requireNothingLeft(db: Database, dataFolder: string): Promise<void> {
  await until(
    async () => {
      const left = [...(await findInFolder(dataFolder)), ...(await findInDatabase(db))]
      if (left.length > 0) throw new Error(left.join(', '))
      return true
    },
    { what: 'The end of everything that was started' },
  )
  // Of a run that took it away.
  await rm(path.join(dataFolder, 'demo.json'), { recursive: true, force: true })
}

async function findInFolder(dataFolder: string): Promise<string[]> {
  const owners = (await readdir(dataFolder)).filter((name) => name === 'owner.pid')
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const folders = await Promise.all(processes.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => '')))
  const servers = processes.filter((_, index) => folders[index]?.startsWith(dataFolder))
  return [...owners, ...servers.map((pid) => `process ${pid}`)]
}

async function findInDatabase(db: Database): Promise<string[]> {
  const rows = await db.sql<{ found: string }[]>`
    select 'connection: ' || query as found from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
    union all
    select 'advisory lock ' || objid from pg_locks
    where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())
    union all
    select 'job ' || id from graphile_worker.jobs where locked_at is not null`
  return rows.map(({ found }) => found)
}

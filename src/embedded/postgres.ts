// The embedded default: a real PostgreSQL in the data folder, reachable from this machine only, as durable as any other.

import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chown, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Logger } from '../runtime/logger.ts'
import { OperatorError } from '../runtime/operator-error.ts'
import { type Binaries, findBinaries } from './binaries.ts'
import { claimDataFolder, DataFolderInUseError, stopOrphan } from './data-folder.ts'
import { chooseUser, spawnUnprivileged, type User } from './unprivileged.ts'

export interface EmbeddedPostgres extends AsyncDisposable {
  /** Of a superuser. */
  url: string
  pid: number
}

interface EmbeddedPostgresInput {
  /** Absolute; created if need be. */
  dataDirectory: string
  logger: Logger
  /** Told when the server ends though nobody closed it. */
  onLost?: (error: Error) => void
  /** Default: any free one. */
  port?: number
  /** PostgreSQL settings on top of ours. */
  settings?: Record<string, string>
  /** Of the server, on top of ours. */
  environment?: NodeJS.ProcessEnv
}

interface Cluster {
  binaries: Binaries
  folder: string
  passwordFile: string
  user: User | null
}

const FOLDER = 'postgres'
const PASSWORD_FILE = 'postgres.password'
const SUPERUSER = 'slotwire'
const MAJOR_VERSION = '18'
const STOP_DEADLINE_MS = 10_000

/** Starts the server, making its data on the first start. Disposing stops it and waits for its end. */
export async function startEmbeddedPostgres(input: EmbeddedPostgresInput): Promise<EmbeddedPostgres> {
  await using stack = new AsyncDisposableStack()
  stack.use(await claimDataFolder(input.dataDirectory))
  const folder = path.join(input.dataDirectory, FOLDER)
  const cluster: Cluster = {
    binaries: findBinaries(),
    folder,
    passwordFile: path.join(input.dataDirectory, PASSWORD_FILE),
    user: chooseUser(folder),
  }
  if (!(await exists(cluster))) await createCluster(cluster)
  await stopOrphan(folder)
  const password = await readFile(cluster.passwordFile, 'utf8').catch((cause) => {
    throw new OperatorError(`The data folder ${folder} has lost its password file ${cluster.passwordFile}.`, { cause })
  })
  const port = input.port ?? (await findFreePort())
  const server = stack.use(await startServer(cluster, port, input))
  const opened = stack.move()
  return {
    url: formatUrl(port, password),
    pid: server.pid,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

/** The server that another process runs on this data, or one of our own until we are done with it. */
export async function shareEmbeddedPostgres(input: EmbeddedPostgresInput): Promise<EmbeddedPostgres> {
  try {
    return await startEmbeddedPostgres(input)
  } catch (error) {
    if (!(error instanceof DataFolderInUseError)) throw error
    const [postmaster, password] = await Promise.all([
      readFile(path.join(input.dataDirectory, FOLDER, 'postmaster.pid'), 'utf8'),
      readFile(path.join(input.dataDirectory, PASSWORD_FILE), 'utf8'),
    ]).catch(() => {
      throw error
    })
    const [pid, , , port] = postmaster.split('\n')
    return { url: formatUrl(Number(port), password), pid: Number(pid), async [Symbol.asyncDispose]() {} }
  }
}

function formatUrl(port: number, password: string): string {
  return `postgres://${SUPERUSER}:${password.trim()}@127.0.0.1:${port}/postgres`
}

async function exists({ folder }: Cluster): Promise<boolean> {
  const version = await readFile(path.join(folder, 'PG_VERSION'), 'utf8').catch(() => null)
  if (version?.trim() === MAJOR_VERSION) return true
  if (version) {
    throw new OperatorError(
      `The data folder ${folder} was made by PostgreSQL ${version.trim()}, and this Slotwire brings ${MAJOR_VERSION}.`,
    )
  }
  const names = await readdir(folder).catch((error) => {
    if (error.code === 'ENOENT') return []
    throw new OperatorError(`The data folder ${folder} cannot be read (${error.code}).`, { cause: error })
  })
  if (names.length === 0) return false
  throw new OperatorError(`The data folder ${folder} is broken (no PG_VERSION in it): move it away to start afresh.`)
}

// Made beside its place and renamed into it: a start that was cut short leaves nothing that looks like data.
async function createCluster({ binaries, folder, passwordFile, user }: Cluster): Promise<void> {
  const unfinished = `${folder}.unfinished`
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(unfinished, { mode: 0o700 })
  await writeFile(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 })
  if (user) await Promise.all([unfinished, passwordFile].map((owned) => chown(owned, user.uid, user.gid)))
  const initdb = spawnUnprivileged({
    file: binaries.initdb,
    arguments: [
      `--pgdata=${unfinished}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
    ],
    user,
    paths: [unfinished, passwordFile],
  })
  const lines = keepLastLines(initdb)
  const code = await ended(initdb)
  if (code !== 0) throw new OperatorError(`PostgreSQL could not make its data in ${folder}: ${lines.join(' ')}`)
  await rm(folder, { recursive: true, force: true })
  await rename(unfinished, folder)
}

async function startServer(cluster: Cluster, port: number, input: EmbeddedPostgresInput) {
  const settings = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    timezone: 'UTC',
    log_timezone: 'UTC',
    lc_messages: 'C',
    ...input.settings,
  }
  const server = spawnUnprivileged({
    file: cluster.binaries.postgres,
    arguments: ['-D', cluster.folder, ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`)],
    user: cluster.user,
    paths: [cluster.folder],
    environment: input.environment ?? {},
  })
  const end = ended(server)
  const ready = Promise.withResolvers<void>()
  const lines = keepLastLines(server, (line) => {
    input.logger.debug(line)
    if (line.includes('database system is ready to accept connections')) ready.resolve()
  })
  // The way out that closes nothing (a second signal, a bug) still must not leave the server behind.
  const interrupt = () => server.kill('SIGINT')
  process.once('exit', interrupt)
  let closing = false
  void end.then((code) => {
    process.off('exit', interrupt)
    if (closing) return
    const reason = lines.find((line) => /PANIC|FATAL/.test(line)) ?? lines.at(-1) ?? 'it said nothing'
    const how = code === null ? 'it was killed' : `it exited with ${code}`
    input.onLost?.(
      new OperatorError(
        `The embedded PostgreSQL ended by itself (${how}: ${reason}): the next start recovers its data.`,
      ),
    )
  })
  await Promise.race([ready.promise, end])
  if (server.pid === undefined || server.exitCode !== null || server.signalCode !== null) {
    const reason = lines.find((line) => /PANIC|FATAL/.test(line)) ?? lines.join(' ')
    throw new OperatorError(
      `The PostgreSQL data in ${cluster.folder} cannot be opened (${reason}): mend it, or move it away to start afresh.`,
    )
  }
  return {
    pid: server.pid,
    async [Symbol.asyncDispose]() {
      closing = true
      // SIGINT: open transactions are rolled back, the data is written out. SIGQUIT: recovery at the next start instead.
      interrupt()
      const deadline = setTimeout(() => server.kill('SIGQUIT'), STOP_DEADLINE_MS)
      await end
      clearTimeout(deadline)
    },
  }
}

/** The exit code, once all output was read. */
function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    child.once('close', resolve)
    child.once('error', () => resolve(null))
  })
}

function keepLastLines(child: ChildProcess, onLine?: (line: string) => void): string[] {
  const lines: string[] = []
  child.once('error', (error) => lines.push(error.message))
  for (const input of [child.stdout, child.stderr]) {
    if (!input) continue
    createInterface({ input }).on('line', (line) => {
      lines.push(line)
      if (lines.length > 8) lines.shift()
      onLine?.(line)
    })
  }
  return lines
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : 0
}

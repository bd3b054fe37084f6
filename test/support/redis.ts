// A Redis of a test's own, that it can stop, start again on the same port, and freeze.

import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { startProcess, type TestProcess } from './child-processes.ts'
import { requireProgram } from './programs.ts'
import { until } from './until.ts'

export interface TestRedis extends AsyncDisposable {
  url: string
  port: number
  /** On the same port, empty. */
  start: () => Promise<void>
  stop: () => Promise<void>
  /** SIGSTOP: connections stay open and nothing answers. */
  freeze: () => void
  thaw: () => void
}

interface RedisOptions {
  port?: number
  /** Further settings, such as `['--cluster-enabled', 'yes']`. */
  settings?: string[]
}

/** Keeps nothing on disk. */
export async function startRedis(options: RedisOptions = {}): Promise<TestRedis> {
  const command = requireProgram(['redis-server', 'valkey-server'], 'redis-server', 'or set REDIS_URL')
  const port = options.port ?? (await findFreePort())
  const settings = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    '--dir',
    tmpdir(),
  ]
  let server: TestProcess

  const start = async () => {
    server = startProcess(`redis ${port}`, command, [...settings, ...(options.settings ?? [])], {
      environment: { LC_ALL: 'C' },
    })
    await until(() => server.stdout().includes('Ready to accept connections') || server.exitCode() !== null)
    if (server.exitCode() !== null) throw new Error(`Redis did not start: ${server.stdout()}${server.stderr()}`)
  }
  const stop = async () => server[Symbol.asyncDispose]()

  await start()
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    start,
    stop,
    freeze: () => server.signal('SIGSTOP'),
    thaw: () => server.signal('SIGCONT'),
    [Symbol.asyncDispose]: stop,
  }
}

/** For one test file: what others publish on the shared Redis never reaches it. */
export function redisChannelPrefix(): string {
  return `test-${randomUUID()}:`
}

export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address !== 'object' || !address) throw new Error('No free port.')
  return address.port
}

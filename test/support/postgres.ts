// A PostgreSQL server of a test's own, that it can stop, crash, and start again on the same port.

import { migrate } from '../../src/db/migrate.ts'
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { findFreePort } from './redis.ts'
import { shiftedClock } from './shifted-clock.ts'
import { openTemporaryFolder } from './temporary-folder.ts'

export interface TestPostgres extends AsyncDisposable {
  /** Of a superuser, in a migrated database; the same after a restart. */
  url: string
  start: () => Promise<void>
  /** Orderly: connections are cut, everything committed is there. */
  stop: () => Promise<void>
  /** SIGKILL: what was acknowledged has to be in the log. */
  crash: () => Promise<void>
}

export async function startTestPostgres(settings: Record<string, string> = {}): Promise<TestPostgres> {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await openTemporaryFolder())
  const port = await findFreePort()
  const environment = shiftedClock()
  const input = { dataDirectory: folder.path, logger: createLogger('silent'), port, settings, environment }
  let server = await startEmbeddedPostgres(input)
  const stop = async () => server[Symbol.asyncDispose]()
  stack.defer(() => stop())
  await migrate(server.url)
  const opened = stack.move()
  return {
    url: server.url,
    async start() {
      server = await startEmbeddedPostgres(input)
    },
    stop,
    async crash() {
      process.kill(server.pid, 'SIGKILL')
      await stop()
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

// One real PostgreSQL with a migrated template database, and one real Redis, for the whole test run.

import { randomUUID } from 'node:crypto'
import type { TestProject } from 'vitest/node'
import { migrate } from '../../src/db/migrate.ts'
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { execute, withDatabase } from './database.ts'
import { startRedis } from './redis.ts'
import { shiftedClock } from './shifted-clock.ts'
import { openTemporaryFolder, removeLeftFolders } from './temporary-folder.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The server's superuser, and the name of the template. */
    postgres: { url: string; template: string }
    redisUrl: string
  }
}

/** TEST_DATABASE_URL (a superuser's) and REDIS_URL name servers that already run. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await using stack = new AsyncDisposableStack()
  const url = process.env.TEST_DATABASE_URL || (await openPostgres(stack))
  const template = `slotwire_template_${randomUUID().replaceAll('-', '')}`
  await execute(url, `create database ${template}`)
  stack.defer(() =>
    execute(url, `alter database ${template} is_template false`, `drop database ${template} with (force)`),
  )
  await migrate(withDatabase(url, template))
  await execute(url, `alter database ${template} is_template true allow_connections false`)
  project.provide('postgres', { url, template })
  project.provide('redisUrl', process.env.REDIS_URL || stack.use(await startRedis()).url)
  const opened = stack.move()
  return () => opened.disposeAsync()
}

async function openPostgres(stack: AsyncDisposableStack): Promise<string> {
  await removeLeftFolders()
  const folder = stack.use(await openTemporaryFolder())
  const input = { dataDirectory: folder.path, logger: createLogger('warn'), environment: shiftedClock() }
  const server = await startEmbeddedPostgres(input)
  stack.use(server)
  return server.url
}

// The command `check`: whether a gateway started with this environment could do its work.

import { openBackingDatabase } from './backing-database.ts'
import type { Database } from './db/client.ts'
import { countPendingMigrations } from './db/pending-migrations.ts'
import { asSystem } from './db/transaction.ts'
import { countOverlappingClaims } from './domain/claims/overlapping-claims.ts'
import { pingRedis } from './realtime/ping-redis.ts'
import { readConfig } from './runtime/config.ts'
import type { Logger } from './runtime/logger.ts'
import { OperatorError } from './runtime/operator-error.ts'

interface Check {
  name: string
  ok: boolean
  message: string
}

export interface CheckReport {
  ok: boolean
  checks: Check[]
}

/** Changes nothing. What depends on a failed check is left out. */
export async function checkEverything(
  environment: Readonly<Record<string, string | undefined>>,
  logger: Logger,
): Promise<CheckReport> {
  await using stack = new AsyncDisposableStack()
  const checks: Check[] = []
  const attempt = async <Value>(name: string, message: string, look: () => Value | Promise<Value>) => {
    try {
      const value = await look()
      checks.push({ name, ok: true, message })
      return value
    } catch (error) {
      checks.push({ name, ok: false, message: error instanceof Error ? error.message : String(error) })
      return undefined
    }
  }

  const config = await attempt('configuration', 'Every variable can be used.', () => readConfig(environment))
  if (config) {
    const database = await attempt('database', 'It answers.', async () =>
      stack.use(await openBackingDatabase({ config, logger, share: true })),
    )
    if (database) {
      const migrated = await attempt('migrations', 'All are applied.', () => requireMigrations(database.db))
      if (migrated) await attempt('claims', 'No active claims overlap.', () => requireNoOverlap(database.db))
    }
    const { redisUrls } = config
    if (redisUrls.length > 0) await attempt('redis', 'It answers.', () => requireRedis(redisUrls))
    else checks.push({ name: 'redis', ok: true, message: 'REDIS_URL is not set: live updates stay in one gateway.' })
  }
  return { ok: checks.every((check) => check.ok), checks }
}

/** For people: one line for each check. */
export function describeReport({ ok, checks }: CheckReport): string {
  const width = Math.max(...checks.map(({ name }) => name.length))
  const lines = checks.map((check) => `${check.ok ? ' ok ' : 'FAIL'}  ${check.name.padEnd(width)}  ${check.message}`)
  const count = checks.filter((check) => !check.ok).length
  const verdict = ok ? 'A gateway can work with this.' : `${count} of ${checks.length} checks failed.`
  return `${[...lines, '', verdict].join('\n')}\n`
}

async function requireMigrations(db: Database): Promise<true> {
  const pending = await countPendingMigrations(db.sql)
  if (pending > 0) throw new OperatorError(`Missing: ${pending}. Run "slotwire migrate".`)
  return true
}

async function requireNoOverlap(db: Database): Promise<void> {
  const count = await asSystem(db, countOverlappingClaims)
  if (count > 0) throw new Error(`${count} active claims overlap another of the same resource.`)
}

async function requireRedis(urls: string[]): Promise<void> {
  await pingRedis(urls).catch((cause) => {
    throw new OperatorError(`Redis cannot be reached (${cause.message}): check REDIS_URL.`, { cause })
  })
}

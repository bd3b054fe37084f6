// Applies pending migrations, one process at a time.
import { fileURLToPath } from 'node:url'
import { type MigrationMeta, readMigrationFiles } from 'drizzle-orm/migrator'
import { runMigrations as installJobs, Logger as JobLogger } from 'graphile-worker'
import postgres from 'postgres'
import { createLogger, type Logger } from '../runtime/logger.ts'
import { OperatorError } from '../runtime/operator-error.ts'
import { connectWithin } from './client.ts'
import { openJobPool } from './job-pool.ts'

export const MIGRATIONS_FOLDER = fileURLToPath(new URL('./migrations', import.meta.url))

const MIGRATION_LOCK = 7_501_640_021

interface MigrateOptions {
  /** Told when another process is migrating. */
  logger?: Logger
  /** How long to wait for that process, and for the tables that others use. */
  waitAtMostMs?: number
}

/** Waits for a migration under way elsewhere; then there is nothing left to do. */
export async function migrate(databaseUrl: string, options: MigrateOptions = {}): Promise<void> {
  const { logger = createLogger('silent'), waitAtMostMs = 60_000 } = options
  // Nothing outlives its transaction, on the server neither: behind a pooler the next one may have another connection.
  const sql = postgres(databaseUrl, { max: 1, prepare: false, onnotice: () => {}, ...connectWithin(databaseUrl) })
  try {
    await sql.begin((tx) => applyOurs(tx, { logger, waitAtMostMs }))
    await applyThoseOfJobs(databaseUrl, { logger, waitAtMostMs })
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    // The time-out of a lock, and of the driver of the jobs.
    if (code !== '55P03' && message !== 'Query read timeout') throw cause
    throw new OperatorError(
      `The migrations were not applied: another process has been migrating this database, or using its tables, for ${waitAtMostMs / 1000} seconds. Nothing was changed; try again when it is done.`,
      { cause },
    )
  } finally {
    await sql.end({ timeout: 5 })
  }
}

/** `firstAppliedAt`: of the database's first migration; null: it has none. */
export function refuseOtherBeginning(firstAppliedAt: unknown, migrations: MigrationMeta[]): void {
  const beginning = migrations[0]?.folderMillis ?? 0
  if (firstAppliedAt === null || firstAppliedAt === undefined || Number(firstAppliedAt) >= beginning) return
  throw new OperatorError(
    'This database is from before the first release of Slotwire, and there is no way from it to this version. Begin a new one: for the embedded PostgreSQL move the data folder away (.slotwire, or DATA_DIR); else name an empty database in DATABASE_URL.',
  )
}

/**
 * All in one transaction, under a lock that ends with it. A lock of the session would stay behind on a connection of a pooler, and
 * whoever migrates next would wait for ever. The migrator of drizzle takes no connection that is in a transaction already.
 */
async function applyOurs(tx: postgres.TransactionSql, { logger, waitAtMostMs }: Required<MigrateOptions>) {
  await tx`select set_config('lock_timeout', ${String(waitAtMostMs)}, true)`
  const [lock] = await tx`select pg_try_advisory_xact_lock(${MIGRATION_LOCK}) as taken`
  if (!lock?.taken) {
    logger.info('waiting for another process that migrates this database')
    await tx`select pg_advisory_xact_lock(${MIGRATION_LOCK})`
  }
  await tx`create schema if not exists drizzle`
  await tx`create table if not exists drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)`
  const [applied] = await tx`select min(created_at) as first, max(created_at) as last from drizzle.__drizzle_migrations`
  const migrations = readMigrationFiles({ migrationsFolder: MIGRATIONS_FOLDER })
  refuseOtherBeginning(applied?.first, migrations)
  const isPending = ({ folderMillis }: MigrationMeta) => folderMillis > Number(applied?.last ?? 0)
  for (const migration of migrations.filter(isPending)) {
    for (const statement of migration.sql) await tx.unsafe(statement)
    await tx`insert into drizzle.__drizzle_migrations (hash, created_at) values (${migration.hash}, ${migration.folderMillis})`
  }
}

/**
 * Jobs are enqueued in the transactions of the domain: their tables exist before the first of these.
 *
 * Needs no lock of ours: graphile-worker writes down a migration before it begins it, in one transaction, so of two processes
 * one waits and finds it done.
 */
async function applyThoseOfJobs(url: string, { logger, waitAtMostMs }: Required<MigrateOptions>) {
  await using jobs = openJobPool({ url, size: 1, statementTimeoutMs: waitAtMostMs, logger })
  await installJobs({ pgPool: jobs.pool, noPreparedStatements: true, logger: new JobLogger(() => () => {}) })
}

// Applies pending migrations, one process at a time.
import { fileURLToPath } from 'node:url'
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate as applyMigrations } from 'drizzle-orm/postgres-js/migrator'
import { runMigrations as installJobs, Logger } from 'graphile-worker'
import postgres from 'postgres'
import { connectWithin } from './client.ts'

export const MIGRATIONS_FOLDER = fileURLToPath(new URL('./migrations', import.meta.url))

const MIGRATION_LOCK = 7_501_640_021

/** Waits for a migration under way elsewhere; then there is nothing left to do. */
export async function migrate(databaseUrl: string): Promise<void> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {}, ...connectWithin(databaseUrl) })
  try {
    await sql`select pg_advisory_lock(${MIGRATION_LOCK})`
    await applyMigrations(drizzle(sql), { migrationsFolder: MIGRATIONS_FOLDER })
    // Jobs are enqueued in the transactions of the domain: their tables exist before the first of these.
    await installJobs({ connectionString: databaseUrl, logger: new Logger(() => () => {}) })
  } finally {
    await sql.end({ timeout: 5 })
  }
}

// Which migrations of this version the database does not have yet.
import { readdir } from 'node:fs/promises'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import type { SqlClient } from './client.ts'
import { MIGRATIONS_FOLDER, refuseOtherBeginning } from './migrate.ts'

/** Ours and those of graphile-worker, whose tables the jobs are in. Throws an OperatorError for a database that began otherwise. */
export async function countPendingMigrations(sql: SqlClient): Promise<number> {
  return (await countOurs(sql)) + (await countThoseOfJobs(sql))
}

async function countOurs(sql: SqlClient): Promise<number> {
  const [table] = await sql`select to_regclass('drizzle.__drizzle_migrations') as name`
  const [applied] = table?.name
    ? await sql`select min(created_at) as first, max(created_at) as last from drizzle.__drizzle_migrations`
    : []
  const migrations = readMigrationFiles({ migrationsFolder: MIGRATIONS_FOLDER })
  refuseOtherBeginning(applied?.first, migrations)
  return migrations.filter((migration) => migration.folderMillis > Number(applied?.last ?? 0)).length
}

async function countThoseOfJobs(sql: SqlClient): Promise<number> {
  const [table] = await sql`select to_regclass('graphile_worker.migrations') as name`
  const [last] = table?.name ? await sql`select max(id) as id from graphile_worker.migrations` : []
  // One file each, named by their numbers.
  const files = await readdir(new URL('../sql/', import.meta.resolve('graphile-worker')))
  return files.filter((file) => Number.parseInt(file, 10) > Number(last?.id ?? 0)).length
}

// Which migrations of this version the database does not have yet.
import { readMigrationFiles } from 'drizzle-orm/migrator'
import type { SqlClient } from './client.ts'
import { MIGRATIONS_FOLDER } from './migrate.ts'

export async function countPendingMigrations(sql: SqlClient): Promise<number> {
  const [table] = await sql`select to_regclass('drizzle.__drizzle_migrations') as name`
  const [last] = table?.name ? await sql`select max(created_at) as at from drizzle.__drizzle_migrations` : []
  const migrations = readMigrationFiles({ migrationsFolder: MIGRATIONS_FOLDER })
  return migrations.filter((migration) => migration.folderMillis > Number(last?.at ?? 0)).length
}

// The database behind a gateway or a command: the one that is configured, or the embedded one.

import { type Database, openDatabase } from './db/client.ts'
import { migrate } from './db/migrate.ts'
import { countPendingMigrations } from './db/pending-migrations.ts'
import { shareEmbeddedPostgres, startEmbeddedPostgres } from './embedded/postgres.ts'
import type { Config } from './runtime/config.ts'
import type { Logger } from './runtime/logger.ts'
import { OperatorError } from './runtime/operator-error.ts'

export interface BackingDatabase extends AsyncDisposable {
  url: string
  db: Database
}

interface BackingDatabaseInput {
  config: Config
  logger: Logger
  /** Told when the embedded server ends by itself. */
  onLost?: (error: Error) => void
  /** Whether the embedded server of a gateway that runs may be used. */
  share?: boolean
}

const OLDEST_VERSION = 15

/** It answers and is new enough, or one sentence says why not. */
export async function openBackingDatabase(input: BackingDatabaseInput): Promise<BackingDatabase> {
  await using stack = new AsyncDisposableStack()
  const { config } = input
  const url = config.databaseUrl ?? stack.use(await openEmbedded(input)).url
  const db = stack.use(openDatabase({ url, poolSize: config.databasePoolSize, advisoryLocks: config.advisoryLocks }))
  await requireUsable(db, url)
  const opened = stack.move()
  return { url, db, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

/** Applies pending migrations, one process at a time; where MIGRATE is off, says that they are missing. */
export async function bringUpToDate(
  { config, logger }: Pick<BackingDatabaseInput, 'config' | 'logger'>,
  { url, db }: Pick<BackingDatabase, 'url' | 'db'>,
): Promise<void> {
  if (config.migrate) return migrate(url, { logger })
  const pending = await countPendingMigrations(db.sql)
  if (pending === 0) return
  throw new OperatorError(`The database lacks ${pending} of the migrations: run "slotwire migrate", or set MIGRATE=on.`)
}

function openEmbedded({ config: { dataDirectory }, logger, onLost, share }: BackingDatabaseInput) {
  return (share ? shareEmbeddedPostgres : startEmbeddedPostgres)({ dataDirectory, logger, onLost })
}

async function requireUsable(db: Database, url: string): Promise<void> {
  // Without the password.
  const { host, pathname } = new URL(url)
  const rows = await db.sql`select current_setting('server_version_num')::int / 10000 as version`.catch((cause) => {
    const reason =
      cause.code && !String(cause.message).includes(cause.code) ? `${cause.message}, ${cause.code}` : cause.message
    throw new OperatorError(`The database ${host}${pathname} cannot be used (${reason}): check DATABASE_URL.`, {
      cause,
    })
  })
  const version = rows[0]?.version
  if (version >= OLDEST_VERSION) return
  throw new OperatorError(
    `The database ${host}${pathname} is PostgreSQL ${version}, and Slotwire needs ${OLDEST_VERSION} or newer.`,
  )
}

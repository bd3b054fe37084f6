// A PgBouncer in front of a PostgreSQL, in transaction mode: each transaction may have another connection.

import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import postgres from 'postgres'
import { startProcess } from './child-processes.ts'
import { requireProgram } from './programs.ts'
import { findFreePort } from './redis.ts'
import { openTemporaryFolder } from './temporary-folder.ts'
import { until } from './until.ts'

export interface PgBouncer extends AsyncDisposable {
  /** The way to a database through the pooler, from the direct one. */
  through: (databaseUrl: string) => string
}

/** `connections`: how many the pooler has to each database. */
export async function startPgBouncer(serverUrl: string, { connections }: { connections: number }): Promise<PgBouncer> {
  const program = requireProgram('pgbouncer', 'pgbouncer')
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await openTemporaryFolder())
  const { hostname, port, username, password } = new URL(serverUrl)
  const own = await findFreePort()
  const settings = path.join(folder.path, 'pgbouncer.ini')
  await writeFile(
    settings,
    `[databases]
* = host=${hostname} port=${port} user=${username} password=${decodeURIComponent(password)}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${own}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = ${connections}
max_client_conn = 200
ignore_startup_parameters = extra_float_digits
`,
    { mode: 0o644 },
  )
  // It refuses to be root.
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  stack.use(startProcess('pgbouncer', program, [...user, settings], { environment: {} }))
  const through = (databaseUrl: string) => {
    const url = new URL(databaseUrl)
    url.port = String(own)
    return url.href
  }
  await until(async () => {
    const sql = postgres(through(serverUrl), { max: 1, prepare: false })
    await sql`select 1`.finally(() => sql.end())
    return true
  })
  const opened = stack.move()
  return { through, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

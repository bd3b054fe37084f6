// The connections of graphile-worker, which speaks to PostgreSQL through the driver `pg`.

import pg from 'pg'
import type { Logger } from '../runtime/logger.ts'

export interface JobPool extends AsyncDisposable {
  pool: pg.Pool
}

interface JobPoolInput {
  url: string
  size: number
  /** How long a statement may take. Counted here, because a pooler refuses the setting; none by default. */
  statementTimeoutMs?: number
  logger: Logger
}

const CONNECT_WITHIN_MS = 10_000
const CLOSE_WITHIN_MS = 5000

/**
 * A connection has a listener for errors for as long as it lives, so that losing it at any moment ends no process. The pool that
 * graphile-worker would make takes its listeners away before it closes its connections, and does not wait for their end.
 *
 * Disposing waits until every connection is closed, so that nothing of ours is left when PostgreSQL is stopped.
 */
export function openJobPool({ url, size, statementTimeoutMs, logger }: JobPoolInput): JobPool {
  const pool = new pg.Pool({
    connectionString: url,
    max: size,
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    query_timeout: statementTimeoutMs,
    application_name: 'slotwire jobs',
  })
  const open = new Set<pg.PoolClient>()
  let isClosing = false
  const onLoss = (error: Error) => {
    if (!isClosing) logger.debug({ err: error }, 'a connection of the jobs was lost')
  }
  pool.on('error', onLoss)
  pool.on('connect', (client) => {
    open.add(client)
    client.on('error', onLoss).once('end', () => open.delete(client))
  })
  return {
    pool,
    async [Symbol.asyncDispose]() {
      isClosing = true
      const { promise: late, resolve } = Promise.withResolvers<void>()
      const deadline = setTimeout(() => {
        logger.warn(`${open.size} connections of the jobs did not close in time`)
        resolve()
      }, CLOSE_WITHIN_MS)
      await Promise.race([late, endAll(pool, open)])
      clearTimeout(deadline)
    },
  }
}

// The pool itself is content when it has asked each connection to close.
async function endAll(pool: pg.Pool, open: Set<pg.PoolClient>): Promise<void> {
  await pool.end()
  await Promise.all([...open].map((client) => new Promise<void>((resolve) => void client.once('end', resolve))))
}

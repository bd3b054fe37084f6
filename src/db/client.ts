// The connection pool, and the place where committed changes leave for whoever listens.
import postgres from 'postgres'
import type { CommittedTransaction } from './changes.ts'
import { type ConnectionPool, createConnectionPool } from './connections.ts'
import { createLockPlaces, type LockPlaces } from './lock-places.ts'
import { formatTimestamp, parseTimestamp } from './values.ts'

export interface DatabaseOptions {
  url: string
  poolSize?: number
  /** False only in tests that prove the constraints hold without the advisory locks. */
  advisoryLocks?: boolean
  /** How long a statement waits for a lock before it ends as BusyError. */
  lockTimeoutMs?: number
  /**
   * How long a transaction may sit between two statements before the server ends it: a gateway that is frozen or cut off in the
   * middle of a booking keeps its locks no longer than this. It is the server's clock that counts, and it survives a pooler.
   */
  idleLimitMs?: number
}

export type SqlClient = postgres.Sql

export interface Database extends AsyncDisposable {
  /** For single statements outside any transaction, as the role that connects: start-up, readiness, tests. */
  sql: SqlClient
  /** What transactions run on. */
  connections: ConnectionPool
  advisoryLocks: boolean
  lockTimeoutMs: number
  idleLimitMs: number
  lockPlaces: LockPlaces
  /** Called once per transaction, after its commit was acknowledged. Installed by the composition root. */
  onCommitted: (transaction: CommittedTransaction) => void
}

/** Two gateways leave room in the 6,400 places of a PostgreSQL as it comes; a batch of bookings takes a thousand at most. */
const LOCK_PLACES = { total: 2500, perTransaction: 2200 }

/** Never connects by itself: the first statement does. */
export function openDatabase({
  url,
  poolSize = 10,
  advisoryLocks = true,
  lockTimeoutMs = 5000,
  idleLimitMs = 2000,
}: DatabaseOptions): Database {
  const sql = postgres(url, {
    max: poolSize,
    onnotice: () => {},
    ...connectWithin(url),
    backoff: (retries) => Math.min(0.05 * 2 ** Math.min(retries, 6), 1) * (0.5 + Math.random() / 2),
    connection: { application_name: 'slotwire', TimeZone: 'UTC' },
    types: {
      instant: { to: 1184, from: [1184], serialize: formatTimestamp, parse: parseTimestamp },
      // Text is taken as JSON already: drizzle and our set-based statements hand over finished documents.
      json: { to: 3802, from: [114, 3802], serialize: toJson, parse: JSON.parse },
    } as never,
  })
  // Of the same options, live: one set of types, one `debug`.
  const own = { max: { value: 1 }, max_lifetime: { value: null }, no_subscribe: { value: true } }
  const openClient = () => postgres(Object.create(sql.options, own))
  const connections = createConnectionPool({ openClient, size: poolSize })
  return {
    sql,
    connections,
    advisoryLocks,
    lockTimeoutMs,
    idleLimitMs,
    lockPlaces: createLockPlaces({ ...LOCK_PLACES, waitAtMostMs: lockTimeoutMs }),
    onCommitted: () => {},
    async [Symbol.asyncDispose]() {
      await Promise.all([connections[Symbol.asyncDispose](), sql.end({ timeout: 5 })])
    },
  }
}

/** Ten seconds, unless the URL says `connect_timeout`: an option would go before it. */
export function connectWithin(url: string): { connect_timeout?: number } {
  return new URL(url).searchParams.has('connect_timeout') ? {} : { connect_timeout: 10 }
}

function toJson(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

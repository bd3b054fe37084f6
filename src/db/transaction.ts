// Transactions: the role and the tenant are set in each, committed changes leave after the commit.
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import * as metrics from '../metrics/series.ts'
import type { AppointmentChange, AvailabilityChange } from './changes.ts'
import type { Database, SqlClient } from './client.ts'
import type { Connection } from './connections.ts'
import { isAborted, isDeadlock, isLockTimeout, isRetriableConflict, violatedConstraint } from './errors.ts'
import { canonicalLocks, type Lock, lockInOrder } from './locks.ts'

/** A handle for statements inside one transaction of one organization. */
export interface Tx {
  organizationId: string
  sql: SqlClient
  /** The query builder on the same connection, for the cold paths: its statements are never prepared. */
  orm: PostgresJsDatabase
  /** Filled by `recordChanges`; handed to the listener after the commit. */
  changes: AvailabilityChange[]
  appointments: AppointmentChange[]
  xid: string | null
}

export interface TransactionOptions {
  /** All locks at once, before the first read. Sorted here. */
  locks?: Lock[]
  /** Called when all is written and the commit is sent: who waits for the locks may come now. */
  committing?: () => void
}

const SNAPSHOT = 'begin isolation level repeatable read read only'

/**
 * Runs `work` in a transaction of the organization. Two rules keep it fast and safe: no network call inside, and
 * statements that do not depend on each other are sent without waiting (they travel together).
 *
 * Serialization failures and deadlocks are tried again a few times with jitter. Any other error rolls back and is thrown.
 */
export function inTransaction<T>(
  db: Database,
  organizationId: string,
  work: (tx: Tx) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  const { locks, committing } = options
  const opening: Opening = {
    begin: 'begin',
    role: 'slotwire_app',
    organizationId,
    ...(locks && { locks: canonicalLocks(locks) }),
    committing,
  }
  return retrying(() =>
    opening.locks?.length && db.advisoryLocks ? withPlaces(db, opening, work) : attempt(db, opening, work),
  )
}

/** One moment for everything that is read: all statements see the same snapshot. */
export function inSnapshot<T>(db: Database, organizationId: string, work: (tx: Tx) => Promise<T>): Promise<T> {
  return attempt(db, { begin: SNAPSHOT, role: 'slotwire_app', organizationId }, work)
}

/** A snapshot that stays open until it is disposed: it holds a connection of the pool until then. */
export interface OpenSnapshot extends AsyncDisposable {
  read<T>(work: (tx: Tx) => Promise<T>): Promise<T>
}

/** Like `inSnapshot` for readers that are not known in advance. The first reads travel with the opening. */
export function openSnapshot(db: Database, organizationId: string): OpenSnapshot {
  const opening = openConnection(db, { begin: SNAPSHOT, role: 'slotwire_app', organizationId })
  opening.catch(() => {})
  return {
    async read(work) {
      const { connection, tx, opened } = await opening
      const working = work(tx)
      working.catch(() => {})
      // What was read before the tenant was set is worth nothing.
      await opened
      return connection.orLost(working)
    },
    async [Symbol.asyncDispose]() {
      const opened = await opening.catch(() => null)
      if (!opened) return
      // There is nothing to lose: a failed end of a snapshot hurts no reader.
      await opened.connection.commit().catch(() => {})
      await opened.connection[Symbol.asyncDispose]()
    },
  }
}

/** Sees the rows of every organization: for sweeps, key look-up and workers only. */
export function asSystem<T>(
  db: Database,
  work: (tx: Tx) => Promise<T>,
  { snapshot = false }: { snapshot?: boolean } = {},
): Promise<T> {
  const opening = { begin: snapshot ? SNAPSHOT : 'begin', role: 'slotwire_system', organizationId: '' }
  return snapshot ? attempt(db, opening, work) : retrying(() => attempt(db, opening, work))
}

interface Opening extends TransactionOptions {
  begin: string
  role: string
  organizationId: string
}

/** A place for each lock first: whoever waits for one keeps no connection meanwhile. */
async function withPlaces<T>(db: Database, opening: Opening, work: (tx: Tx) => Promise<T>): Promise<T> {
  const giveBack = await db.lockPlaces.take(opening.locks?.length ?? 0)
  try {
    return await attempt(db, opening, work)
  } finally {
    giveBack()
  }
}

async function attempt<T>(db: Database, opening: Opening, work: (tx: Tx) => Promise<T>): Promise<T> {
  const { connection, tx, opened } = await openConnection(db, opening)
  await using _connection = connection
  const sentAt = performance.now()
  let result: T
  try {
    // The first statements of `work` travel with the opening; they fail with it if it fails.
    const working = work(tx)
    working.catch(() => {})
    await opened
    if (opening.locks?.length) metrics.lockSeconds.observe((performance.now() - sentAt) / 1000)
    result = await connection.orLost(working)
    const committed = connection.commit()
    opening.committing?.()
    await committed
    committedTransactions.inc()
  } catch (error) {
    const cause = isAborted(error) ? connection.firstError() : error
    await connection.rollback()
    const reason = await opened.then(
      () => cause ?? error,
      (openingError: unknown) => openingError,
    )
    countFailure(reason, db.advisoryLocks && opening.locks !== undefined)
    throw reason
  }
  if (tx.xid !== null && (tx.changes.length > 0 || tx.appointments.length > 0)) {
    db.onCommitted({
      organizationId: opening.organizationId,
      xid: tx.xid,
      changes: tx.changes,
      appointments: tx.appointments,
    })
  }
  return result
}

const committedTransactions = metrics.transactions.labels('committed')
const failedTransactions = metrics.transactions.labels('rolled_back')
/** What refuses an overlap. Under the locks nothing should be left for them to refuse. */
const OVERLAP_CONSTRAINTS = ['claims_no_overlap', 'claims_one_per_start']

function countFailure(error: unknown, underLocks: boolean): void {
  failedTransactions.inc()
  if (isLockTimeout(error)) metrics.lockTimeouts.inc()
  const constraint = violatedConstraint(error)
  if (constraint === undefined) return
  metrics.constraintViolations.inc({ constraint })
  if (underLocks && OVERLAP_CONSTRAINTS.includes(constraint)) metrics.constraintSaved.inc()
}

async function openConnection(
  db: Database,
  opening: Opening,
): Promise<{ connection: TransactionConnection; tx: Tx; opened: Promise<unknown> }> {
  const connection = await reserve(db)
  const { sql } = connection
  const tx: Tx = {
    organizationId: opening.organizationId,
    sql,
    orm: lazyOrm(sql),
    changes: [],
    appointments: [],
    xid: null,
  }
  // What is done under locks goes by keys, for which any plan is the same; while everybody waits nothing is planned anew. Such a
  // plan lives on while its table grows from nothing: it must not be the one that reads all of it.
  const [planning, scans] = opening.locks?.length ? ['force_generic_plan', 'off'] : ['auto', 'on']
  const statements = Promise.all([
    sql.unsafe(opening.begin),
    sql`select set_config('role', ${opening.role}, true), set_config('slotwire.organization_id', ${opening.organizationId}, true),
               set_config('lock_timeout', ${`${db.lockTimeoutMs}ms`}, true), set_config('plan_cache_mode', ${planning}, true),
               set_config('enable_seqscan', ${scans}, true),
               set_config('idle_in_transaction_session_timeout', ${`${idleLimitOf(db, opening)}ms`}, true)`,
    ...(opening.locks?.length && db.advisoryLocks ? [lockInOrder(sql, opening.locks)] : []),
  ])
  const opened = connection.orLost(statements)
  opened.catch(() => {})
  return { connection, tx, opened }
}

/** Whoever may hold what others wait for is soon ended by the server; a reader holds nothing but its connection. */
const READER_IDLE_LIMIT_MS = 60_000

function idleLimitOf({ idleLimitMs }: Database, { begin }: Opening): number {
  return begin === SNAPSHOT ? READER_IDLE_LIMIT_MS : idleLimitMs
}

interface TransactionConnection extends AsyncDisposable {
  sql: SqlClient
  orLost: Connection['orLost']
  firstError: Connection['firstError']
  commit(): Promise<void>
  rollback(): Promise<void>
}

/** A connection of our own, so that BEGIN, the context, the locks and the first reads travel in one packet. */
async function reserve(db: Database): Promise<TransactionConnection> {
  const askedAt = performance.now()
  const connection = await db.connections.acquire()
  metrics.poolSeconds.observe((performance.now() - askedAt) / 1000)
  const { sql, orLost, firstError } = connection
  let finished = false
  const rollback = async () => {
    finished = true
    if (connection.isLost()) return
    // A connection that cannot even do this is of no use to the next transaction.
    await orLost(sql.unsafe('rollback')).catch(() => connection.abandon())
  }
  return {
    sql,
    orLost,
    firstError,
    rollback,
    async commit() {
      finished = true
      const result = await orLost(sql.unsafe('commit'))
      // COMMIT of a failed transaction answers ROLLBACK and no error.
      if (result.command !== 'COMMIT') throw new Error('The transaction had failed and was rolled back.')
    },
    async [Symbol.asyncDispose]() {
      if (!finished) await rollback()
      db.connections.release(connection)
    },
  }
}

function lazyOrm(sql: SqlClient): PostgresJsDatabase {
  let orm: PostgresJsDatabase | undefined
  return new Proxy({} as PostgresJsDatabase, {
    get(_, property) {
      orm ??= drizzle(sql, { casing: 'snake_case' })
      const value = Reflect.get(orm, property)
      return typeof value === 'function' ? value.bind(orm) : value
    },
  })
}

const ATTEMPTS = 5

async function retrying<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run()
    } catch (error) {
      if (attempt >= ATTEMPTS || !isRetriableConflict(error)) throw error
      metrics.transactionRetries.inc({ cause: isDeadlock(error) ? 'deadlock' : 'serialization' })
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 10 * 2 ** attempt))
    }
  }
}

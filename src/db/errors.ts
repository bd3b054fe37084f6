// What a database error means: constraint names, retriable conflicts, waits that ran out, a database that is away.
import postgres from 'postgres'

/** The violated constraint of an exclusion (23P01) or unique (23505) violation, else undefined. */
export function violatedConstraint(error: unknown): string | undefined {
  if (!(error instanceof postgres.PostgresError)) return undefined
  return error.code === '23P01' || error.code === '23505' ? error.constraint_name : undefined
}

/** The violated foreign key (23503), else undefined. */
export function violatedReference(error: unknown): string | undefined {
  return error instanceof postgres.PostgresError && error.code === '23503' ? error.constraint_name : undefined
}

/** A conflict between transactions that a fresh attempt resolves: serialization failure, deadlock. */
export function isRetriableConflict(error: unknown): boolean {
  return error instanceof postgres.PostgresError && (error.code === '40001' || error.code === '40P01')
}

/** An earlier statement of the transaction failed; this one was not tried. */
export function isAborted(error: unknown): boolean {
  return error instanceof postgres.PostgresError && error.code === '25P02'
}

/** The wait for a lock ran out (`lock_timeout`). */
export function isLockTimeout(error: unknown): boolean {
  return error instanceof postgres.PostgresError && error.code === '55P03'
}

const AWAY = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOENT',
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '53300', // too_many_connections
])

/** The database cannot be reached now. The work was not done, or its commit was not acknowledged. */
export function isDatabaseAway(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && AWAY.has(error.code)
}

// What a database error means: constraint names, retriable conflicts, waits that ran out, a database that is away.
import postgres from 'postgres'

/** The violated constraint of an exclusion (23P01) or unique (23505) violation, else undefined. */
export function violatedConstraint(error: unknown): string | undefined {
  if (!(error instanceof postgres.PostgresError)) return undefined
  return error.code === '23P01' || error.code === '23505' ? error.constraint_name : undefined
}

/** The violated foreign key (23503), else undefined. */
function violatedReference(error: unknown): string | undefined {
  return error instanceof postgres.PostgresError && error.code === '23503' ? error.constraint_name : undefined
}

/**
 * What a booking or a change of one violates only if what it was judged by changed before it was written: somebody else was
 * first (with the locks off, or with a customer's number, which has no lock), or a row is gone that it wanted to point to.
 */
export const OUTDATED_BY: ReadonlySet<string> = new Set([
  'claims_no_overlap',
  'claims_one_per_start',
  'holds_one_per_session_and_slot',
  'appointments_one_per_hold',
  'appointment_events_pkey',
  'availability_changes_pkey',
  'customers_one_per_phone',
  'idempotency_keys_pkey',
  'webhook_deliveries_one_per_event',
  'appointments_customer_fkey',
  'appointments_service_fkey',
  'claims_resource_fkey',
  'external_bookings_appointment_fkey',
  'external_bookings_integration_fkey',
  'holds_service_fkey',
  'webhook_deliveries_endpoint_fkey',
])

/** The database refused what was judged by something outdated: judged anew it can be written, or is refused with a reason. */
export function isOutdated(error: unknown): boolean {
  return isRetriableConflict(error) || OUTDATED_BY.has(violatedConstraint(error) ?? violatedReference(error) ?? '')
}

/** A conflict between transactions that a fresh attempt resolves: serialization failure, deadlock. */
export function isRetriableConflict(error: unknown): boolean {
  return error instanceof postgres.PostgresError && (error.code === '40001' || error.code === '40P01')
}

/** The conflict was a circle of waits. */
export function isDeadlock(error: unknown): boolean {
  return error instanceof postgres.PostgresError && error.code === '40P01'
}

/** PostgreSQL refused a statement: whatever else its transaction does comes to nothing. */
export function isRefusedStatement(error: unknown): boolean {
  return error instanceof postgres.PostgresError
}

/** An earlier statement of the transaction failed; this one was not tried. */
export function isAborted(error: unknown): boolean {
  return error instanceof postgres.PostgresError && error.code === '25P02'
}

/** A transaction wants more advisory locks than it may have, or this process has given all of its own for too long. */
export class LocksExhausted extends Error {
  constructor(count: number) {
    super(`There is no room for ${count} advisory locks.`)
  }
}

/** The wait for a lock ran out: `lock_timeout`, or there was no room for it. */
export function isLockTimeout(error: unknown): boolean {
  if (error instanceof LocksExhausted) return true
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

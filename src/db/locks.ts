// Advisory transaction locks: the only way to wait for a lock. All keys of a transaction at once, in one canonical order.
import { hash } from 'node:crypto'
import { DEFINITION_DAY } from './changes.ts'
import type { SqlClient } from './client.ts'

export interface Lock {
  key: bigint
  shared: boolean
}

/** The unit of claiming: one resource on one UTC date. */
export function resourceDayLock(resourceId: string, day: string): Lock {
  return { key: subjectKey(resourceId, day), shared: false }
}

/** Held shared by whoever judges by a schedule or a service definition, exclusively by whoever changes it. */
export function definitionLock(subjectId: string, mode: 'read' | 'write'): Lock {
  return { key: subjectKey(subjectId, DEFINITION_DAY), shared: mode === 'read' }
}

/** Anything else that is named by text: an appointment, an idempotency key, a session's quota. */
export function namedLock(kind: string, ...names: string[]): Lock {
  const digest = hash('sha256', JSON.stringify([kind, ...names]), 'buffer')
  return { key: digest.readBigInt64BE(0), shared: false }
}

/** Distinct keys ascending; exclusive wins where both modes are asked. */
export function canonicalLocks(locks: Iterable<Lock>): Lock[] {
  const byKey = new Map<bigint, boolean>()
  for (const { key, shared } of locks) byKey.set(key, shared && (byKey.get(key) ?? true))
  return [...byKey].map(([key, shared]) => ({ key, shared })).sort((a, b) => (a.key < b.key ? -1 : 1))
}

/**
 * Takes the locks in the order given by `canonicalLocks`. A statement of its own: in READ COMMITTED the next statement
 * then reads a snapshot newer than the locks (within one statement the snapshot would be older than the wait).
 */
export function lockStatement(sql: SqlClient, locks: Iterable<Lock>) {
  return lockInOrder(sql, canonicalLocks(locks))
}

/** The same for locks that are in order already. */
export function lockInOrder(sql: SqlClient, canonical: Lock[]) {
  const keys = canonical.map((lock) => String(lock.key))
  const shared = canonical.map((lock) => String(lock.shared))
  return sql`select count(case when shared then pg_advisory_xact_lock_shared(key) else pg_advisory_xact_lock(key) end)
             from unnest(${keys}::text[]::bigint[], ${shared}::text[]::bool[]) as lock (key, shared)`
}

// The tenant is in the key by way of the UUID. A collision of two keys only makes two bookings wait for each other.
function subjectKey(subjectId: string, day: string): bigint {
  const tail = BigInt(`0x${subjectId.slice(19, 23)}${subjectId.slice(24)}`)
  const dayNumber = BigInt(Date.parse(day) / 86_400_000)
  return BigInt.asIntN(64, tail ^ (dayNumber * 0x9e3779b97f4a7c15n))
}

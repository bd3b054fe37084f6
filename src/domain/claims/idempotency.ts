// Idempotency keys: the caller's name for one attempt, what it has led to, and how long that is known.
import { hash } from 'node:crypto'
import { type Lock, namedLock } from '../../db/locks.ts'
import type { IdempotentResult } from '../../db/tables/keys.ts'
import type { Tx } from '../../db/transaction.ts'
import type { Caller } from '../people/callers.ts'

export interface Idempotency {
  key: string
  /** Of the operation and what was asked under the key, see `fingerprintOf`. */
  fingerprint: string
}

/** Grows with every change of `fingerprintOf`. */
const VERSION = '2'

/** The same key with another request is refused. */
export function idempotencyFor(key: string | null, operation: string, input: unknown): Idempotency | null {
  return key === null ? null : { key, fingerprint: fingerprintOf(operation, input) }
}

/**
 * Covers everything that was asked, and nothing that was left out: null, false and empty lists count as absent, whatever the order
 * of the fields. So an input field that is new in this version leaves the fingerprints of all who do not use it as they were.
 */
function fingerprintOf(operation: string, input: unknown): string {
  return `${VERSION}:${hash('sha256', JSON.stringify([operation, saidIn(input)]), 'hex')}`
}

function saidIn(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map((entry) => saidIn(entry) ?? null)
  if (value === null || value === false) return undefined
  if (typeof value !== 'object') return value
  const said = Object.entries(value)
    .map(([name, entry]) => [name, saidIn(entry)] as const)
    .filter(([, entry]) => entry !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return said.length === 0 ? undefined : Object.fromEntries(said)
}

/**
 * Fingerprints of different versions cannot be compared: while gateways of two versions run, a key alone says that it is the
 * same request.
 */
export function isSameRequest({ fingerprint }: Idempotency, known: string): boolean {
  const versionOf = (text: string) => text.slice(0, text.indexOf(':') + 1)
  return known === fingerprint || versionOf(known) !== versionOf(fingerprint)
}

/** Duplicates wait for the first. */
export function idempotencyLock({ organizationId, id }: Caller, key: string): Lock {
  return namedLock('idempotency', organizationId, id, key)
}

export interface UsedKey {
  caller: string
  key: string
  fingerprint: string
  result: IdempotentResult
}

/** By `nameOfKey`. A refusal keeps no key. */
export type UsedKeys = Map<string, UsedKey>

export function nameOfKey({ caller, key }: { caller: string; key: string }): string {
  return JSON.stringify([caller, key])
}

// By key, one after the other: joined freely, all keys of the organization are read while PostgreSQL has no statistics of them.
export async function readUsedKeys(tx: Tx, keys: { caller: string; key: string }[]): Promise<UsedKeys> {
  if (keys.length === 0) return new Map()
  const rows = await tx.sql<UsedKey[]>`
    select k.caller, k.key, k.request_hash as fingerprint, k.result
    from unnest(${keys.map(({ caller }) => caller)}::text[], ${keys.map(({ key }) => key)}::text[]) as w (caller, key)
    cross join lateral (
      select * from idempotency_keys
      where organization_id = ${tx.organizationId} and caller = w.caller and key = w.key
      offset 0
    ) as k`
  return new Map(rows.map((row) => [nameOfKey(row), row]))
}

/** What a key has led to, for callers who have to know before they ask again. Null: nothing. */
export async function findIdempotentResult(tx: Tx, { id }: Caller, key: string): Promise<IdempotentResult | null> {
  const name = { caller: id, key }
  return (await readUsedKeys(tx, [name])).get(nameOfKey(name))?.result ?? null
}

/** In the transaction of the effect. */
export async function writeUsedKeys(tx: Tx, used: UsedKey[]): Promise<void> {
  if (used.length === 0) return
  await tx.sql`
    insert into idempotency_keys (organization_id, caller, key, request_hash, result)
    select ${tx.organizationId}::uuid, caller, key, fingerprint, result
    from jsonb_to_recordset(${JSON.stringify(used)}::jsonb) as r (caller text, key text, fingerprint text, result jsonb)`
}

// Cursors: the opaque version of exactly one answer, good for learning what has changed since.
import { createHmac, hash, timingSafeEqual } from 'node:crypto'
import type { Instant } from '../domain/vocabulary/types.ts'
import { type Snapshot, toSnapshot } from './snapshots.ts'

export interface Cursor {
  /** The incarnation of the change log (`readLogPosition`); another one makes the cursor void. */
  epoch: string
  snapshot: Snapshot
  /** Transactions that the answer contains though the snapshot does not see them: they came over the bus. */
  ahead: readonly number[]
  /** The instant of the database's clock that the answer was judged at. */
  at: Instant
  /** What the answer is about (`availabilityScope`, `appointmentsScope`): a cursor is good for the same only. */
  scope: string
}

/** What all who watch one service and the same people have in common. */
export interface ViewSubject {
  organizationId: string
  serviceId: string
  /** Null and empty: anyone. */
  resourceIds: readonly string[] | null
}

export interface AvailabilityQuestion extends ViewSubject {
  from: Instant
  to: Instant
}

/**
 * A stable name of the subject, independent of the order of its resources. The range is not in it: the updates of a view
 * are the same for everybody whom they concern, and so are their cursors.
 */
export function availabilityScope({ organizationId, serviceId, resourceIds }: ViewSubject): string {
  return digest(['availability', organizationId, serviceId, ...sortedIds(resourceIds)])
}

export function appointmentsScope(organizationId: string): string {
  return digest(['appointments', organizationId])
}

export function sortedIds(ids: readonly string[] | null): string[] {
  return [...new Set(ids ?? [])].sort()
}

/** Whether the cursor belongs to this question. */
export function isAbout(cursor: Cursor, scope: string): boolean {
  return shortened(cursor.scope) === shortened(scope)
}

/**
 * Transactions of a snapshot, and ahead of it, that a cursor names at most. Of more it forgets some: then it sees less
 * than the answer did, and whoever comes back with it is told some things again.
 */
const NAMED_LIMIT = 24
const LENGTH_LIMIT = 400
const VERSION = 2
const SCOPE_BYTES = 8
const EPOCH_BYTES = 6
const SEAL_BYTES = 12
const HEAD_BYTES = 1 + SCOPE_BYTES + EPOCH_BYTES

/** Writes and reads cursors that are sealed: what comes back is ours or nothing. */
export interface Cursors {
  encode(cursor: Cursor): string
  /** Null: not a cursor of ours. Nothing is read of it before its seal has been compared. */
  decode(text: string): Cursor | null
}

/** `secret` is the database's, so that all its gateways share it without configuration. */
export function createCursors(secret: string): Cursors {
  const key = createHmac('sha256', secret).update('cursors').digest()
  return { encode: (cursor) => encodeCursor(cursor, key), decode: (text) => decodeCursor(text, key) }
}

function encodeCursor({ epoch, snapshot, ahead, at, scope }: Cursor, key: Buffer): string {
  const { xmin, xmax, running } = bounded(snapshot)
  const numbers = [at, xmin, xmax - xmin, running.size, ...[...running].map((xid) => xid - xmin)]
  // A transaction ahead may be one that was running, and so below xmax, but never below xmin.
  const told = ahead.slice(-NAMED_LIMIT)
  numbers.push(told.length, ...told.map((xid) => xid - xmin))
  const head = Buffer.concat([
    Buffer.of(VERSION),
    Buffer.from(shortened(scope), 'base64url'),
    Buffer.from(epoch.padEnd(EPOCH_BYTES * 2, '0'), 'hex'),
    Buffer.from(numbers.flatMap(varint)),
  ])
  return Buffer.concat([head, seal(head, key)]).toString('base64url')
}

function decodeCursor(text: string, key: Buffer): Cursor | null {
  if (text.length > LENGTH_LIMIT || !/^[\w-]+$/.test(text)) return null
  const bytes = Buffer.from(text, 'base64url')
  const head = bytes.subarray(0, -SEAL_BYTES)
  if (head.length < HEAD_BYTES || head[0] !== VERSION || bytes.toString('base64url') !== text) return null
  if (!timingSafeEqual(bytes.subarray(-SEAL_BYTES), seal(head, key))) return null
  const numbers = readVarints(head.subarray(HEAD_BYTES))
  const [at = 0, xmin = 0, length = 0, count = 0] = numbers
  const running = numbers.slice(4, 4 + count).map((distance) => xmin + distance)
  const ahead = numbers.slice(5 + count).map((distance) => xmin + distance)
  const snapshot = toSnapshot(xmin, xmin + length, running)
  if (!snapshot) return null
  const scope = head.toString('base64url', 1, 1 + SCOPE_BYTES)
  const epoch = head.toString('hex', 1 + SCOPE_BYTES, HEAD_BYTES)
  return { epoch: /^0+$/.test(epoch) ? '' : epoch, scope, at, snapshot, ahead }
}

/** The same or an earlier snapshot that names no more transactions than a cursor holds. */
function bounded(snapshot: Snapshot): Snapshot {
  if (snapshot.running.size <= NAMED_LIMIT) return snapshot
  const running = [...snapshot.running].sort((a, b) => a - b)
  return { xmin: snapshot.xmin, xmax: running[NAMED_LIMIT] as number, running: new Set(running.slice(0, NAMED_LIMIT)) }
}

function seal(head: Buffer, key: Buffer): Buffer {
  return createHmac('sha256', key).update(head).digest().subarray(0, SEAL_BYTES)
}

function varint(number: number): number[] {
  const bytes: number[] = []
  for (let rest = number; ; rest = Math.floor(rest / 128)) {
    bytes.push(rest < 128 ? rest : (rest % 128) + 128)
    if (rest < 128) return bytes
  }
}

function readVarints(bytes: Buffer): number[] {
  const numbers: number[] = []
  let number = 0
  let factor = 1
  for (const byte of bytes) {
    number += (byte % 128) * factor
    factor *= 128
    if (byte >= 128) continue
    numbers.push(number)
    number = 0
    factor = 1
  }
  return numbers
}

function shortened(scope: string): string {
  return Buffer.from(scope, 'base64url').subarray(0, SCOPE_BYTES).toString('base64url')
}

function digest(parts: string[]): string {
  return hash('sha256', JSON.stringify(parts), 'base64url').slice(0, 22)
}

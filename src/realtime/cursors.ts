// Cursors: the opaque version of exactly one answer, good for learning what has changed since.
import { hash } from 'node:crypto'
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
  /** What the answer is about (`availabilityScope`, `appointmentsScope`): a cursor is good for the same question only. */
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
  return cursor.scope === shortened(scope)
}

const FORMAT = '1'
const LENGTH_LIMIT = 100_000
const NUMBER = '[0-9a-z]{1,11}'
const LIST = `(?:${NUMBER}(?:-${NUMBER})*)?`
const PATTERN = new RegExp(
  `^${FORMAT}\\.([0-9a-f]{0,12})\\.([\\w-]{1,11})\\.(${NUMBER})\\.(${NUMBER})\\.(${NUMBER})\\.(${LIST})\\.(${LIST})$`,
)

/** It is in every message: all transactions are told as their distance from the oldest, in base 36. */
export function encodeCursor({ epoch, snapshot, ahead, at, scope }: Cursor): string {
  const { xmin, xmax, running } = snapshot
  const distances = (xids: Iterable<number>) => [...xids].map((xid) => (xid - xmin).toString(36)).join('-')
  const numbers = [at, xmin, xmax - xmin].map((number) => number.toString(36))
  return [FORMAT, epoch, shortened(scope), ...numbers, distances(running), distances(ahead)].join('.')
}

/** Null: not a cursor of ours. */
export function decodeCursor(text: string): Cursor | null {
  const match = text.length <= LENGTH_LIMIT ? PATTERN.exec(text) : null
  if (!match) return null
  const [, epoch = '', scope = '', at = '', oldest = '', length = '', running = '', ahead = ''] = match
  const xmin = Number.parseInt(oldest, 36)
  const xids = (list: string) =>
    list === '' ? [] : list.split('-').map((distance) => xmin + Number.parseInt(distance, 36))
  const snapshot = toSnapshot(xmin, xmin + Number.parseInt(length, 36), xids(running))
  const instant = Number.parseInt(at, 36)
  if (!snapshot || !Number.isSafeInteger(instant) || !xids(ahead).every(Number.isSafeInteger)) return null
  return { epoch, scope, at: instant, snapshot, ahead: xids(ahead) }
}

// Enough to tell questions apart; that a cursor is put to the wrong one is a slip and not an attack.
function shortened(scope: string): string {
  return scope.slice(0, 11)
}

function digest(parts: string[]): string {
  return hash('sha256', JSON.stringify(parts), 'base64url').slice(0, 22)
}

// Cursors: the opaque version of exactly one answer, good for learning what has changed since.
import { createHash } from 'node:crypto'
import type { Instant } from '../domain/types.ts'
import { formatSnapshot, parseSnapshot, type Snapshot } from './snapshots.ts'

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

export interface AvailabilityQuestion {
  organizationId: string
  serviceId: string
  from: Instant
  to: Instant
  /** Null and empty: anyone. */
  resourceIds: readonly string[] | null
}

/** A stable name of the question, independent of the order of its resources. */
export function availabilityScope({ organizationId, serviceId, from, to, resourceIds }: AvailabilityQuestion): string {
  return digest(['availability', organizationId, serviceId, from, to, ...sortedIds(resourceIds)])
}

export function appointmentsScope(organizationId: string): string {
  return digest(['appointments', organizationId])
}

export function sortedIds(ids: readonly string[] | null): string[] {
  return [...new Set(ids ?? [])].sort()
}

const FORMAT = '1'
const LENGTH_LIMIT = 100_000

export function encodeCursor({ epoch, snapshot, ahead, at, scope }: Cursor): string {
  const parts = [FORMAT, epoch, scope, at, formatSnapshot(snapshot), ahead.join(',')]
  return Buffer.from(parts.join(' ')).toString('base64url')
}

/** Null: not a cursor of ours. */
export function decodeCursor(text: string): Cursor | null {
  if (text.length > LENGTH_LIMIT || !/^[\w-]+$/.test(text)) return null
  const parts = Buffer.from(text, 'base64url').toString('latin1').split(' ')
  const [format, epoch = '', scope = '', at = '', snapshotText = '', aheadText = ''] = parts
  if (parts.length !== 6 || format !== FORMAT || !/^\d{1,15}$/.test(at)) return null
  if (!/^[\da-f]{0,12}$/.test(epoch) || !/^[\w-]{1,22}$/.test(scope)) return null
  if (!/^(\d{1,16}(,\d{1,16})*)?$/.test(aheadText)) return null
  const snapshot = parseSnapshot(snapshotText)
  if (!snapshot) return null
  return { epoch, scope, at: Number(at), snapshot, ahead: aheadText === '' ? [] : aheadText.split(',').map(Number) }
}

function digest(parts: (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22)
}

// Holds as records: how they are read and how their status is judged.

import type { Tx } from '../../db/transaction.ts'
import type { HoldStatus } from '../vocabulary/refusals.ts'
import type { ClaimedSegment, Instant } from '../vocabulary/types.ts'

export const DEFAULT_TTL_SECONDS = 300
export const MAX_TTL_SECONDS = 1800
/** A hold can be extended, but never beyond this life in all: a slot must not be blocked for good without a booking. */
export const MAX_LIFE_SECONDS = 3600
export const MAX_HOLDS_PER_SESSION = 10

export interface HoldRecord {
  id: string
  status: HoldStatus
  serviceId: string
  startsAt: Instant
  endsAt: Instant
  segments: ClaimedSegment[]
  expiresAt: Instant
  sessionKey: string | null
  createdAt: Instant
}

/** As stored: `status` may still say ACTIVE after the expiry. */
export interface StoredHold extends HoldRecord {
  caller: string
  /** Where a visitor came from, hashed. Empty: of no visitor. */
  network: string
  extendableUntil: Instant
}

/** An expired hold is dead at that instant by the database's clock, written down or not. */
export function statusAt(hold: Pick<HoldRecord, 'status' | 'expiresAt'>, now: Instant): HoldStatus {
  return hold.status === 'ACTIVE' && hold.expiresAt <= now ? 'EXPIRED' : hold.status
}

/** The holds that exist among `ids`, judged by the database's clock. */
export async function loadHolds(tx: Tx, ids: string[]): Promise<Map<string, StoredHold>> {
  const rows = await tx.sql<(StoredHold & { now: Instant })[]>`
    select ${holdColumns(tx)}, clock_timestamp() as now
    from holds where organization_id = ${tx.organizationId} and id = any(${ids}::uuid[])`
  return new Map(rows.map(({ now, ...hold }) => [hold.id, { ...hold, status: statusAt(hold, now) }]))
}

export function holdColumns(tx: Tx) {
  return tx.sql`
    id, status, service_id as "serviceId", starts_at as "startsAt", ends_at as "endsAt", segments,
    expires_at as "expiresAt", extendable_until as "extendableUntil", session_key as "sessionKey",
    created_at as "createdAt", caller, network`
}

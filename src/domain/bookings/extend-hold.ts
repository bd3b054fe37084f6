// Extends a live hold, up to the longest life a hold may have.
import { claimDeltas, recordChanges } from '../../db/change-log.ts'
import { inSnapshot } from '../../db/transaction.ts'
import { findAlternatives } from '../availability/alternatives.ts'
import type { BookingLane } from '../claims/booking-lane.ts'
import type { Caller } from '../people/callers.ts'
import { HoldExpiredError, HoldNotActiveError, InvalidInputError } from '../vocabulary/refusals.ts'
import { changeHold, findHeldClaims } from './held-claims.ts'
import { DEFAULT_TTL_SECONDS, type HoldRecord, MAX_TTL_SECONDS, statusAt } from './holds.ts'

export interface ExtendHoldInput {
  caller: Caller
  holdId: string
  /** From now; null: 300. Never beyond an hour after the hold was placed, and never shorter than it was. */
  ttlSeconds: number | null
}

/** Throws HoldExpiredError with alternatives, HoldNotActiveError, InvalidInputError, NotFoundError, BusyError. */
export async function extendHold(
  lane: BookingLane,
  { caller, holdId, ...input }: ExtendHoldInput,
): Promise<HoldRecord> {
  const ttlSeconds = input.ttlSeconds ?? DEFAULT_TTL_SECONDS
  if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > MAX_TTL_SECONDS) {
    throw new InvalidInputError([{ path: ['ttlSeconds'], message: `Must be between 1 and ${MAX_TTL_SECONDS}.` }])
  }
  const found = await findHeldClaims(lane, caller, holdId)
  const extended = await changeHold(lane.db, caller, found, async (tx, { hold, claims }, now) => {
    const status = statusAt(hold, now)
    if (status === 'EXPIRED') return null
    if (status !== 'ACTIVE') throw new HoldNotActiveError(status)
    const expiresAt = Math.max(hold.expiresAt, Math.min(now + ttlSeconds * 1000, hold.extendableUntil))
    const renewed = claims.map((claim) => ({ ...claim, expiresAt }))
    await Promise.all([
      tx.sql`update holds set expires_at = ${new Date(expiresAt)} where organization_id = ${tx.organizationId} and id = ${holdId}`,
      tx.sql`
        update claims set expires_at = ${new Date(expiresAt)}
        where organization_id = ${tx.organizationId} and hold_id = ${holdId} and active`,
      recordChanges(tx, claimDeltas({ removed: claims, added: renewed })),
    ])
    return { ...hold, expiresAt }
  })
  if (extended) return extended
  const { serviceId, startsAt } = found.hold
  const wish = { serviceId, near: startsAt, withinMinutes: null, resourceIds: null, customerId: null, first: 3 }
  throw new HoldExpiredError(await inSnapshot(lane.db, caller.organizationId, (tx) => findAlternatives(tx, wish)))
}

// Releases a live hold: its slot opens at once.
import type { BookingLane } from '../claims/booking-lane.ts'
import type { Caller } from '../people/callers.ts'
import { HoldNotActiveError } from '../vocabulary/refusals.ts'
import { changeHold, endHold, findHeldClaims } from './held-claims.ts'
import { type HoldRecord, statusAt } from './holds.ts'

/** Throws HoldNotActiveError (booked, released or expired before), NotFoundError, BusyError. */
export async function releaseHold(
  lane: BookingLane,
  { caller, holdId }: { caller: Caller; holdId: string },
): Promise<HoldRecord> {
  const found = await findHeldClaims(lane, caller, holdId)
  return changeHold(lane.db, caller, found, async (tx, held, now) => {
    const status = statusAt(held.hold, now)
    if (status !== 'ACTIVE') throw new HoldNotActiveError(status)
    await endHold(tx, held, 'RELEASED')
    return { ...held.hold, status: 'RELEASED' }
  })
}

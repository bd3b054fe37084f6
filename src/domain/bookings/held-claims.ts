// A hold with its claims, read for a change: first to know the locks, then again under them.

import { claimDeltas, daysOf, recordChanges } from '../../db/change-log.ts'
import type { Database } from '../../db/client.ts'
import { resourceDayLock } from '../../db/locks.ts'
import { inTransaction, type Tx } from '../../db/transaction.ts'
import { readClock } from '../availability/resource-states.ts'
import type { BookingLane } from '../claims/booking-lane.ts'
import type { Caller } from '../people/callers.ts'
import { untilPresent } from '../vocabulary/outdated-attempt.ts'
import { NotFoundError } from '../vocabulary/refusals.ts'
import type { Claim, Instant } from '../vocabulary/types.ts'
import { holdColumns, loadHolds, type StoredHold } from './holds.ts'

export interface HeldClaims {
  hold: StoredHold
  claims: Claim[]
}

export async function findHeldClaims(lane: BookingLane, caller: Caller, holdId: string): Promise<HeldClaims> {
  return lane.read(caller.organizationId, (tx) => loadHeldClaims(tx, caller, holdId))
}

/** A hold is known to the key that placed it, to secret keys, and to a guest, who must have been told its id. */
export async function loadHeldClaims(tx: Tx, caller: Caller, holdId: string): Promise<HeldClaims> {
  const [holds, claims] = await Promise.all([loadHolds(tx, [holdId]), readHeldClaims(tx, holdId)])
  const hold = holds.get(holdId)
  if (!hold || (hold.caller !== caller.id && caller.kind === 'PUBLISHABLE')) throw new NotFoundError('hold')
  return { hold, claims }
}

/** Read again under the locks of its days; nobody else changes it until the commit. */
export async function lockHeldClaims(tx: Tx, holdId: string): Promise<HeldClaims> {
  const [[hold], claims] = await Promise.all([
    // Sent before all others: what is read after it is of the time after the wait.
    tx.sql<StoredHold[]>`
      select ${holdColumns(tx)} from holds where organization_id = ${tx.organizationId} and id = ${holdId} for update`.execute(),
    readHeldClaims(tx, holdId),
  ])
  if (!hold) throw new NotFoundError('hold')
  return { hold, claims }
}

/** Runs `change` under the locks of all days that the hold has claims on. They never change while it lives. */
export async function changeHold<T>(
  db: Database,
  caller: Caller,
  { claims, hold: { id } }: HeldClaims,
  change: (tx: Tx, held: HeldClaims, now: Instant) => Promise<T>,
): Promise<T> {
  const locks = claims.flatMap((claim) => daysOf(claim).map((day) => resourceDayLock(claim.resourceId, day)))
  return untilPresent(() =>
    inTransaction(
      db,
      caller.organizationId,
      async (tx) => {
        const [held, now] = await Promise.all([lockHeldClaims(tx, id), readClock(tx)])
        return change(tx, held, now)
      },
      { locks },
    ),
  )
}

/** Frees what a hold has claimed and writes down its end. */
export async function endHold(tx: Tx, { hold, claims }: HeldClaims, status: 'RELEASED' | 'EXPIRED'): Promise<void> {
  await Promise.all([
    tx.sql`update claims set active = false where organization_id = ${tx.organizationId} and hold_id = ${hold.id} and active`,
    tx.sql`update holds set status = ${status} where organization_id = ${tx.organizationId} and id = ${hold.id}`,
    recordChanges(tx, claimDeltas({ removed: claims })),
  ])
}

function readHeldClaims(tx: Tx, holdId: string): PromiseLike<Claim[]> {
  return tx.sql<Claim[]>`
    select id, resource_id as "resourceId", lower(during) as start, upper(during) as "end",
      hold_id as "holdId", appointment_id as "appointmentId", expires_at as "expiresAt"
    from claims where organization_id = ${tx.organizationId} and hold_id = ${holdId} and active`
}

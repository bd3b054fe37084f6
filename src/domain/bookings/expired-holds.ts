// Writes down what the clock has done: the claims of expired holds are removed and the change is logged.

import { claimDeltas, daysOf, recordChanges } from '../../db/change-log.ts'
import type { Database } from '../../db/client.ts'
import { isLockTimeout } from '../../db/errors.ts'
import { resourceDayLock } from '../../db/locks.ts'
import { asSystem, inTransaction } from '../../db/transaction.ts'
import * as metrics from '../../metrics/series.ts'
import type { Claim } from '../vocabulary/types.ts'

const BATCH_LIMIT = 200

/**
 * Housekeeping only: an expired hold is dead for readers and writers at its instant, whether or not this has run.
 * Several gateways may run it at once. Returns how many claims were removed.
 */
export async function expireHolds(db: Database): Promise<number> {
  const due = await asSystem(
    db,
    (tx) => tx.sql<(Claim & { organizationId: string })[]>`
      select organization_id as "organizationId", id, resource_id as "resourceId", lower(during) as start,
        upper(during) as "end", hold_id as "holdId", appointment_id as "appointmentId", expires_at as "expiresAt"
      from claims where active and expires_at <= clock_timestamp()
      order by expires_at limit ${BATCH_LIMIT}`,
  )
  let removed = 0
  for (const [organizationId, claims] of Map.groupBy(due, (claim) => claim.organizationId)) {
    removed += await removeExpired(db, organizationId, claims)
  }
  return removed
}

async function removeExpired(db: Database, organizationId: string, due: Claim[]): Promise<number> {
  const locks = due.flatMap((claim) => daysOf(claim).map((day) => resourceDayLock(claim.resourceId, day)))
  const work = inTransaction(
    db,
    organizationId,
    async (tx) => {
      // Under the locks again: a hold may have been booked or extended in between.
      const claims = await tx.sql<Claim[]>`
        update claims set active = false
        where organization_id = ${organizationId} and id = any(${due.map((claim) => claim.id)}::uuid[])
          and active and expires_at <= clock_timestamp()
        returning id, resource_id as "resourceId", lower(during) as start, upper(during) as "end",
          hold_id as "holdId", appointment_id as "appointmentId", expires_at as "expiresAt"`
      await Promise.all([
        tx.sql`
          update holds set status = 'EXPIRED'
          where organization_id = ${organizationId} and id = any(${due.map((claim) => claim.holdId)}::uuid[])
            and status = 'ACTIVE' and expires_at <= clock_timestamp()`,
        recordChanges(tx, claimDeltas({ removed: claims })),
      ])
      return claims
    },
    { locks },
  )
  try {
    const claims = await work
    metrics.holdsExpired.inc(new Set(claims.map(({ holdId }) => holdId)).size)
    return claims.length
  } catch (error) {
    if (isLockTimeout(error)) return 0 // the next turn finds them again
    throw error
  }
}

// What a conversation holds, given back when it is over.
import type { Database } from '../../db/client.ts'
import { inSnapshot } from '../../db/transaction.ts'
import type { HoldRecord } from '../../domain/bookings/holds.ts'
import { releaseHold } from '../../domain/bookings/release-hold.ts'
import { listSessionHolds } from '../../domain/bookings/session-holds.ts'
import type { BookingLane } from '../../domain/claims/booking-lane.ts'
import { Refusal } from '../../domain/vocabulary/refusals.ts'
import type { Instant } from '../../domain/vocabulary/types.ts'
import { type RetellIntegration, voiceAgent } from './settings.ts'

export async function releaseHoldsOfCall(
  { db, lane }: { db: Database; lane: BookingLane },
  integration: RetellIntegration,
  callId: string,
  /** Only those of this start. */
  startsAt: Instant | null = null,
): Promise<HoldRecord[]> {
  const caller = voiceAgent(integration)
  const holds = await inSnapshot(db, integration.organizationId, (tx) =>
    listSessionHolds(tx, { caller, sessionKey: callId }),
  )
  const released: HoldRecord[] = []
  for (const { id, startsAt: heldAt } of holds) {
    if (startsAt !== null && heldAt !== startsAt) continue
    try {
      released.push(await releaseHold(lane, { caller, holdId: id }))
    } catch (error) {
      // Booked, released or expired in the meantime: it holds nothing any more.
      if (!(error instanceof Refusal)) throw error
    }
  }
  return released
}

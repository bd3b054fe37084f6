// Cancels an appointment: its time opens in the same transaction.
import { claimDeltas, recordChanges } from '../../db/change-log.ts'
import type { BookingLane } from '../claims/booking-lane.ts'
import { deactivateClaims } from '../claims/claim-writing.ts'
import { idempotencyFor } from '../claims/idempotency.ts'
import type { Caller } from '../people/callers.ts'
import { readNote, refuseIssues } from '../vocabulary/input-issues.ts'
import { changeAppointment, writeAppointmentChange } from './appointment-changes.ts'
import type { AppointmentRecord } from './appointments.ts'
import { judgeByPolicy } from './policy-rulings.ts'

export interface CancelAppointmentInput {
  caller: Caller
  appointmentId: string
  expectedVersion: number
  reason: string | null
  idempotencyKey: string | null
}

/**
 * Throws VersionConflictError, InvalidTransitionError, PolicyViolationError (with the instant until which it would have
 * been allowed), IdempotencyKeyReusedError, NotFoundError, BusyError.
 */
export async function cancelAppointment(lane: BookingLane, input: CancelAppointmentInput): Promise<AppointmentRecord> {
  const { caller, idempotencyKey, caller: _, ...asked } = input
  const reason = readReason(input.reason)
  const idempotency = idempotencyFor(idempotencyKey, 'cancelAppointment', asked)
  return changeAppointment(
    lane.db,
    { ...input, idempotency },
    async () => ({}),
    async (tx, { appointment, claims, now }) => {
      const ruling = await judgeByPolicy(tx, { appointment, caller, change: 'CANCEL', now })
      const [cancelled] = await Promise.all([
        writeAppointmentChange(tx, {
          appointment,
          next: { status: 'CANCELLED' },
          kind: 'CANCELLED',
          caller,
          reason,
          ...ruling,
          idempotency,
          now,
        }),
        deactivateClaims(tx, claims, now),
        recordChanges(tx, claimDeltas({ removed: claims })),
      ])
      return cancelled
    },
  )
}

export function readReason(text: string | null): string | null {
  const issues: Parameters<typeof refuseIssues>[0] = []
  const reason = readNote(issues, ['reason'], text)
  refuseIssues(issues)
  return reason
}

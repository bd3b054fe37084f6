// Closes an appointment that has taken place, or that nobody came to.

import type { BookingLane } from '../claims/booking-lane.ts'
import type { Caller } from '../people/callers.ts'
import { changeAppointment, writeAppointmentChange } from './appointment-changes.ts'
import type { AppointmentRecord } from './appointments.ts'

export interface CloseAppointmentInput {
  caller: Caller
  appointmentId: string
  expectedVersion: number
}

/** Throws VersionConflictError, InvalidTransitionError, NotFoundError, BusyError. */
export function completeAppointment(lane: BookingLane, input: CloseAppointmentInput): Promise<AppointmentRecord> {
  return close(lane, input, 'COMPLETED')
}

/** Throws VersionConflictError, InvalidTransitionError, NotFoundError, BusyError. */
export function markNoShow(lane: BookingLane, input: CloseAppointmentInput): Promise<AppointmentRecord> {
  return close(lane, input, 'NO_SHOW')
}

// The claims stay: the time is spent, and the board of the day shows who was there.
function close(
  lane: BookingLane,
  input: CloseAppointmentInput,
  status: 'COMPLETED' | 'NO_SHOW',
): Promise<AppointmentRecord> {
  const { caller } = input
  return changeAppointment(
    lane.db,
    { ...input, idempotency: null },
    async () => ({}),
    (tx, { appointment, now }) =>
      writeAppointmentChange(tx, {
        appointment,
        next: { status },
        kind: status,
        caller,
        reason: null,
        policy: null,
        policyOverridden: false,
        idempotency: null,
        now,
      }),
  )
}

// Closes an appointment that has taken place, or that nobody came to, and corrects which of the two it was.

import type { BookingLane } from '../claims/booking-lane.ts'
import type { Caller } from '../people/callers.ts'
import { InvalidTransitionError } from '../vocabulary/refusals.ts'
import type { Instant } from '../vocabulary/types.ts'
import { changeAppointment, writeAppointmentChange } from './appointment-changes.ts'
import type { AppointmentRecord } from './appointments.ts'

export interface CloseAppointmentInput {
  caller: Caller
  appointmentId: string
  expectedVersion: number
  /** Null: the database's clock. */
  now?: Instant | null
}

/** Not before it began. Throws VersionConflictError, InvalidTransitionError, NotFoundError, BusyError. */
export function completeAppointment(lane: BookingLane, input: CloseAppointmentInput): Promise<AppointmentRecord> {
  return close(lane, input, 'COMPLETED')
}

/** Not before it began. Throws VersionConflictError, InvalidTransitionError, NotFoundError, BusyError. */
export function markNoShow(lane: BookingLane, input: CloseAppointmentInput): Promise<AppointmentRecord> {
  return close(lane, input, 'NO_SHOW')
}

// The claims stay: the time is spent, and the board of the day shows who was there.
function close(
  lane: BookingLane,
  { now, ...input }: CloseAppointmentInput,
  status: 'COMPLETED' | 'NO_SHOW',
): Promise<AppointmentRecord> {
  const { caller } = input
  const other = status === 'COMPLETED' ? 'NO_SHOW' : 'COMPLETED'
  return changeAppointment(
    lane.db,
    { ...input, idempotency: null, of: ['CONFIRMED', other] },
    async () => ({}),
    (tx, { appointment, now: clock }) => {
      if (appointment.startsAt > (now ?? clock)) throw new InvalidTransitionError(appointment.status, NOT_BEGUN)
      return writeAppointmentChange(tx, {
        appointment,
        next: { status },
        kind: status,
        caller,
        reason: null,
        policy: null,
        policyOverridden: false,
        idempotency: null,
        now: clock,
      })
    },
  )
}

const NOT_BEGUN = 'The appointment has not begun yet: its time would stay taken. Cancel or move it instead.'

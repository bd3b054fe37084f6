// What the subscriptions need of the realtime room.
import type { AppointmentFilter } from '../domain/appointment-lists.ts'
import type { AppointmentRecord } from '../domain/appointments.ts'
import type { AvailabilityUpdate } from '../realtime/availability-views.ts'
import type { AvailabilityQuestion } from '../realtime/cursors.ts'

/** Each throws InvalidCursorError for an `after` that is none of its own. */
export interface LiveViews {
  availability(question: AvailabilityQuestion & { after: string | null }): Stream<AvailabilityUpdate>
  /** The present state first, then every change, in the order of the versions. */
  appointment(question: { organizationId: string; appointmentId: string }): Stream<AppointmentRecord>
  /** Every change since `after`, or from now on; also the one by which an appointment stops to match. */
  appointments(question: {
    organizationId: string
    filter: AppointmentFilter
    after: string | null
  }): Stream<AppointmentRecord>
}

type Stream<T> = AsyncIterable<T> | Promise<AsyncIterable<T>>

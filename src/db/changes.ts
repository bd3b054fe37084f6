// What a committed transaction changed, in the form that the log stores and the bus carries.
import type { AvailabilityDelta } from './tables/availability-changes.ts'

/** The day that stands for a resource's schedule or a service's definition rather than a date. */
export const DEFINITION_DAY = '0001-01-01'

/** One step of one subject-day's version. */
export interface AvailabilityChange {
  subjectId: string
  /** UTC date, or DEFINITION_DAY. */
  day: string
  version: number
  delta: AvailabilityDelta
}

export interface AppointmentChange {
  appointmentId: string
  version: number
}

/** All changes of one transaction; they take effect together. */
export interface CommittedTransaction {
  organizationId: string
  /** PostgreSQL's 64-bit transaction id, in decimal. */
  xid: string
  changes: AvailabilityChange[]
  appointments: AppointmentChange[]
}

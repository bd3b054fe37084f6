// The object types by name, and the record behind each: one place, so that the files of the words need not import each other.
import type { AppointmentEventRecord, AppointmentRecord } from '../domain/bookings/appointments.ts'
import type { HoldRecord } from '../domain/bookings/holds.ts'
import type { TimeOffRecord } from '../domain/catalogue/time-off.ts'
import type { CustomerRecord } from '../domain/people/customers.ts'
import type { OrganizationRecord } from '../domain/people/organizations.ts'
import type { Policy as PolicyRecord } from '../domain/vocabulary/refusals.ts'
import type {
  ClaimedSegment as ClaimedSegmentRecord,
  DateOverride as DateOverrideRecord,
  SlotBlock as SlotBlockRecord,
  Slot as SlotRecord,
  WallRange,
  WeeklyHours as WeeklyHoursRecord,
} from '../domain/vocabulary/types.ts'
import { builder } from './machinery/builder.ts'

/** A record that is read when a field other than the id is asked for. */
export interface Reference {
  id: string
}

/**
 * To callers who see no customers, the guest of one appointment: what was given with the booking and nothing that is
 * stored about the person.
 */
export interface GuestOf {
  guestOf: AppointmentRecord
}

export const Organization = builder.objectRef<OrganizationRecord>('Organization')
export const Location = builder.objectRef<Reference>('Location')
export const Resource = builder.objectRef<Reference>('Resource')
export const WeeklyHours = builder.objectRef<WeeklyHoursRecord>('WeeklyHours')
export const DateOverride = builder.objectRef<DateOverrideRecord>('DateOverride')
export const TimeOff = builder.objectRef<TimeOffRecord>('TimeOff')
export const TimeRange = builder.objectRef<WallRange>('TimeRange')
export const Service = builder.objectRef<Reference>('Service')
export const Slot = builder.objectRef<SlotRecord>('Slot')
export const SlotBlock = builder.objectRef<SlotBlockRecord>('SlotBlock')
export const Hold = builder.objectRef<HoldRecord>('Hold')
export const ClaimedSegment = builder.objectRef<ClaimedSegmentRecord>('ClaimedSegment')
export const Appointment = builder.objectRef<AppointmentRecord>('Appointment')
export const AppointmentEvent = builder.objectRef<AppointmentEventRecord>('AppointmentEvent')
export const Customer = builder.objectRef<CustomerRecord | GuestOf>('Customer')
export const Policy = builder.objectRef<PolicyRecord>('Policy')

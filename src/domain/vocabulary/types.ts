// The vocabulary of the domain: plain data that every rule works on.

import type { Claim, ClaimedSegment, Instant, Interval, WallRange } from '../../db/shapes.ts'

export type { Claim, ClaimedSegment, Instant, Interval, WallRange }

export type ResourceKind = 'STAFF' | 'ROOM' | 'EQUIPMENT'
export type Weekday = 'MONDAY' | 'TUESDAY' | 'WEDNESDAY' | 'THURSDAY' | 'FRIDAY' | 'SATURDAY' | 'SUNDAY'

export interface WeeklyHours extends WallRange {
  weekday: Weekday
}

/** Replaces the weekly hours of one local date (`2027-03-28`). No ranges: closed. */
export interface DateOverride {
  date: string
  hours: WallRange[]
  reason: string | null
}

export interface TimeOff extends Interval {
  id: string
  reason: string | null
}

/** When a resource works, by its own schedule; immutable under one `scheduleVersion`. */
export interface ResourceSchedule {
  resourceId: string
  kind: ResourceKind
  name: string
  active: boolean
  /** IANA zone of the resource's location. */
  timeZone: string
  weeklyHours: WeeklyHours[]
  dateOverrides: DateOverride[]
  timeOff: TimeOff[]
  scheduleVersion: number
}

/** Taken according to an outside calendar; may overlap claims and other busy intervals. */
export interface BusyInterval extends Interval {
  id: string
  resourceId: string
}

/** All that says when a resource is free, for one moment and one range of time. */
export interface ResourceState {
  schedule: ResourceSchedule
  claims: Claim[]
  busy: BusyInterval[]
}

export interface ResourceGroup {
  kind: ResourceKind
  candidateIds: string[]
}

export interface SegmentDefinition {
  name: string
  durationMinutes: number
  bufferBeforeMinutes: number
  bufferAfterMinutes: number
  /** One resource is claimed from each group; none: a processing gap. */
  resourceGroups: ResourceGroup[]
  sameStaffAsPrevious: boolean
}

/** What is offered; immutable under one `definitionVersion`. */
export interface ServiceDefinition {
  id: string
  locationId: string
  name: string
  /** IANA zone of the location. */
  timeZone: string
  /** ISO 3166 country of the location: national phone numbers are read in it. */
  country: string
  active: boolean
  slotIntervalMinutes: number
  minimumNoticeMinutes: number
  bookingHorizonDays: number
  segments: SegmentDefinition[]
  definitionVersion: number
}

/** A start that could be booked now. */
export interface Slot {
  startsAt: Instant
  endsAt: Instant
  segments: SlotSegment[]
}

export interface SlotSegment {
  name: string
  startsAt: Instant
  endsAt: Instant
  /** Every resource that takes part in at least one complete way to serve the slot; empty for a processing gap. */
  candidateIds: string[]
}

export type UnavailableReason =
  | 'ALREADY_BOOKED'
  | 'HELD'
  | 'OUTSIDE_HOURS'
  | 'TIME_OFF'
  | 'EXTERNAL_BUSY'
  | 'TOO_SOON'
  | 'TOO_FAR'
  | 'IN_THE_PAST'
  | 'OFF_GRID'
  | 'NOT_OFFERED'
  | 'CUSTOMER_CONFLICT'
  | 'INACTIVE'

export interface SlotBlock {
  reason: UnavailableReason
  message: string
  resourceId: string | null
  until: Instant | null
}

/** One resource chosen for one group of one segment. `start`/`end` are the claim, buffers included. */
export interface PlannedClaim extends Interval {
  segmentIndex: number
  groupIndex: number
  resourceId: string
}

/** One complete way to serve a start. */
export interface Assignment {
  startsAt: Instant
  endsAt: Instant
  claims: PlannedClaim[]
}

// The shapes that are stored as well as computed with.

/** Milliseconds since the Unix epoch. */
export type Instant = number

/** Half-open: start is in, end is out. */
export interface Interval {
  start: Instant
  end: Instant
}

/** Minutes after local midnight, 0 to 1440. closesAt at or before opensAt: the range crosses midnight. */
export interface WallRange {
  opensAt: number
  closesAt: number
}

/** A resource taken for a range, buffers included. `expiresAt` is set for a hold: dead at that instant. */
export interface Claim extends Interval {
  id: string
  resourceId: string
  holdId: string | null
  appointmentId: string | null
  expiresAt: Instant | null
}

/** What a hold or an appointment has claimed, with the rules of the day it was claimed. Times without buffers. */
export interface ClaimedSegment {
  name: string
  startsAt: Instant
  endsAt: Instant
  /** In the order of the segment's groups. */
  resourceIds: string[]
  bufferBeforeMinutes: number
  bufferAfterMinutes: number
  sameStaffAsPrevious: boolean
}

// Small builders for the slot engine's tests: a resource, a claim or a service with only what the test is about spelled out.

import type {
  Claim,
  Instant,
  ResourceGroup,
  ResourceSchedule,
  ResourceState,
  SegmentDefinition,
  ServiceDefinition,
  Weekday,
  WeeklyHours,
} from '../../src/domain/vocabulary/types.ts'

export const minute = 60_000
export const hour = 60 * minute

export const allWeekdays: Weekday[] = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY']

/** The instant of an RFC 3339 text. */
export function at(text: string): Instant {
  return Temporal.Instant.from(text).epochMilliseconds
}

/** '09:30' as minutes after midnight. */
function clock(text: string): number {
  const [hours, minutes] = text.split(':').map(Number)
  return (hours ?? 0) * 60 + (minutes ?? 0)
}

/** The same hours every day: everyDay('09:00-12:00', '13:00-17:00'). */
export function everyDay(...ranges: string[]): WeeklyHours[] {
  return allWeekdays.flatMap((weekday) => ranges.map((range) => ({ weekday, ...wallRange(range) })))
}

export function wallRange(range: string): { opensAt: number; closesAt: number } {
  const [opens, closes] = range.split('-')
  return { opensAt: clock(opens ?? ''), closesAt: clock(closes ?? '') }
}

export function schedule(resourceId: string, parts: Partial<ResourceSchedule> = {}): ResourceSchedule {
  return {
    resourceId,
    kind: 'STAFF',
    name: resourceId,
    active: true,
    timeZone: 'Europe/Berlin',
    weeklyHours: everyDay('09:00-17:00'),
    dateOverrides: [],
    timeOff: [],
    scheduleVersion: 1,
    ...parts,
  }
}

/** A resource with its taken ranges: claims, and holds as claims with an expiry. */
export function resource(
  resourceId: string,
  parts: Partial<ResourceSchedule> & { claims?: Claim[]; busy?: ResourceState['busy'] } = {},
): ResourceState {
  const { claims = [], busy = [], ...scheduleParts } = parts
  return { schedule: schedule(resourceId, scheduleParts), claims, busy }
}

export function statesOf(...states: ResourceState[]): Map<string, ResourceState> {
  return new Map(states.map((state) => [state.schedule.resourceId, state]))
}

export function claim(start: string, end: string, parts: Partial<Claim> = {}): Claim {
  return {
    id: `${start}/${end}`,
    resourceId: 'any',
    start: at(start),
    end: at(end),
    holdId: null,
    appointmentId: 'appointment',
    expiresAt: null,
    ...parts,
  }
}

export function heldUntil(expiresAt: string, start: string, end: string): Claim {
  return claim(start, end, { holdId: 'hold', appointmentId: null, expiresAt: at(expiresAt) })
}

export function staff(...candidateIds: string[]): ResourceGroup {
  return { kind: 'STAFF', candidateIds }
}

export function rooms(...candidateIds: string[]): ResourceGroup {
  return { kind: 'ROOM', candidateIds }
}

export function segment(
  durationMinutes: number,
  resourceGroups: ResourceGroup[],
  parts: Partial<SegmentDefinition> = {},
): SegmentDefinition {
  return {
    name: `${durationMinutes} minutes`,
    durationMinutes,
    bufferBeforeMinutes: 0,
    bufferAfterMinutes: 0,
    resourceGroups,
    sameStaffAsPrevious: false,
    ...parts,
  }
}

export function service(segments: SegmentDefinition[], parts: Partial<ServiceDefinition> = {}): ServiceDefinition {
  return {
    id: 'service',
    locationId: 'location',
    country: 'DE',
    name: 'Cut',
    timeZone: 'Europe/Berlin',
    active: true,
    slotIntervalMinutes: 30,
    minimumNoticeMinutes: 0,
    bookingHorizonDays: 90,
    segments,
    definitionVersion: 1,
    ...parts,
  }
}

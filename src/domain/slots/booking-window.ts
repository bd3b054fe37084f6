// How soon and how far ahead a service can be booked.

import { localDayAt, minuteMilliseconds, startOfLocalDay } from '../time/zone-offsets.ts'
import type { Instant, ServiceDefinition } from '../vocabulary/types.ts'

export interface BookingWindow {
  /** A start may be at this instant or later. */
  earliestAt: Instant
  /** A start must be before this instant. */
  latestAt: Instant
}

/** Bookable: from the minimum notice on, through the end of the local date that is `bookingHorizonDays` after today. */
export function bookingWindow(service: ServiceDefinition, now: Instant): BookingWindow {
  const today = localDayAt(service.timeZone, now)
  return {
    earliestAt: now + service.minimumNoticeMinutes * minuteMilliseconds,
    latestAt: startOfLocalDay(service.timeZone, today + service.bookingHorizonDays + 1),
  }
}

/** The instant at which a start comes within the horizon. */
export function horizonReachesAt(service: ServiceDefinition, startsAt: Instant): Instant {
  return startOfLocalDay(service.timeZone, localDayAt(service.timeZone, startsAt) - service.bookingHorizonDays)
}

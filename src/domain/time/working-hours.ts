// When a resource works: weekly hours and date overrides, resolved per local date in the resource's zone.

import type { Instant, Interval, ResourceSchedule, WallRange, Weekday } from '../vocabulary/types.ts'
import { normalize } from './intervals.ts'
import {
  dayMilliseconds,
  dayOfDate,
  instantOfWall,
  localDayAt,
  minuteMilliseconds,
  offsetSpans,
} from './zone-offsets.ts'

const minutesPerDay = 1440
// Day 0, 1970-01-01, was a Thursday.
const weekdays: Weekday[] = ['THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY']

interface HoursByDay {
  weekly: WallRange[][]
  overrides: Map<number, WallRange[]>
}

/**
 * The hours within [from, to), cut to it, sorted and merged: a shift that goes on past midnight is one interval.
 *
 * A range belongs to the local date it begins on. An override replaces all ranges that begin on its date, with what they
 * reach past midnight; the tail of the date before stays. Both ends are read as Temporal's 'compatible' and RFC 5545 say:
 * a wall time that does not exist with the offset before the gap, a doubled one as the first, also for closesAt
 * (refused: the later one for closesAt, which would offer time nobody agreed to). A range that ends up empty is gone.
 */
export function workingIntervals(schedule: ResourceSchedule, from: Instant, to: Instant): Interval[] {
  if (!(from < to)) return []
  const { timeZone } = schedule
  const hours = hoursByDay(schedule)
  // A range reaches at most a day past its own; one more for zones that skip a whole date.
  const firstDay = localDayAt(timeZone, from) - 2
  const lastDay = localDayAt(timeZone, to) + 1
  const spans = offsetSpans(timeZone, from - 5 * dayMilliseconds, to + 5 * dayMilliseconds)
  const fixedOffset = spans.length === 1 ? spans[0]?.offsetMilliseconds : undefined
  const found: Interval[] = []
  let sorted = true
  let lastEnd = Number.NEGATIVE_INFINITY
  for (let day = firstDay; day <= lastDay; day++) {
    for (const { opensAt, closesAt } of hours.overrides.get(day) ?? hours.weekly[((day % 7) + 7) % 7] ?? []) {
      const opens = day * dayMilliseconds + opensAt * minuteMilliseconds
      const lastMinute = closesAt > opensAt ? closesAt : closesAt + minutesPerDay
      const closes = day * dayMilliseconds + lastMinute * minuteMilliseconds
      const start = Math.max(fixedOffset === undefined ? instantOfWall(timeZone, opens) : opens - fixedOffset, from)
      const end = Math.min(fixedOffset === undefined ? instantOfWall(timeZone, closes) : closes - fixedOffset, to)
      if (start >= end) continue
      sorted &&= start > lastEnd
      lastEnd = end
      found.push({ start, end })
    }
  }
  return sorted ? found : normalize(found)
}

const hoursBySchedule = new WeakMap<ResourceSchedule, HoursByDay>()

function hoursByDay(schedule: ResourceSchedule): HoursByDay {
  const known = hoursBySchedule.get(schedule)
  if (known) return known
  const hours: HoursByDay = {
    weekly: weekdays.map((weekday) => schedule.weeklyHours.filter((range) => range.weekday === weekday)),
    overrides: new Map(schedule.dateOverrides.map((override) => [dayOfDate(override.date), override.hours])),
  }
  hoursBySchedule.set(schedule, hours)
  return hours
}

// Judges ranges of wall-clock time: weekly hours and the hours of one date.
import { WEEKDAYS } from '../catalogue/definitions.ts'
import { checkCount } from '../vocabulary/input-issues.ts'
import type { InputIssue } from '../vocabulary/refusals.ts'
import type { WallRange, WeeklyHours } from '../vocabulary/types.ts'

const MINUTES_PER_DAY = 1440
const MINUTES_PER_WEEK = 7 * MINUTES_PER_DAY

/** The ranges of a week, which is a circle: what is open past midnight of Sunday reaches into Monday. */
export function checkWeeklyHours(issues: InputIssue[], path: string[], weeklyHours: WeeklyHours[]): void {
  checkCount(issues, path, weeklyHours, { max: 70, what: 'ranges a week' })
  const placed: PlacedRange[] = []
  for (const [index, hours] of weeklyHours.entries()) {
    const day = WEEKDAYS.indexOf(hours.weekday)
    if (day < 0) issues.push({ path: [...path, String(index), 'weekday'], message: 'There is no such weekday.' })
    else if (checkRange(issues, [...path, String(index)], hours)) placed.push(place(index, hours, day))
  }
  refuseOverlaps(issues, path, placed, MINUTES_PER_WEEK)
}

/** The ranges of one date. What reaches past its midnight meets nothing of the same date. */
export function checkWallRanges(issues: InputIssue[], path: string[], ranges: WallRange[]): void {
  checkCount(issues, path, ranges, { max: 10, what: 'ranges a day' })
  const placed: PlacedRange[] = []
  for (const [index, range] of ranges.entries()) {
    if (checkRange(issues, [...path, String(index)], range)) placed.push(place(index, range, 0))
  }
  refuseOverlaps(issues, path, placed, Number.POSITIVE_INFINITY)
}

/** By weekday, then by opening. */
export function sortWeeklyHours(weeklyHours: WeeklyHours[]): WeeklyHours[] {
  return weeklyHours.toSorted(
    (a, b) => WEEKDAYS.indexOf(a.weekday) - WEEKDAYS.indexOf(b.weekday) || a.opensAt - b.opensAt,
  )
}

export function sortWallRanges(ranges: WallRange[]): WallRange[] {
  return ranges.map(({ opensAt, closesAt }) => ({ opensAt, closesAt })).sort((a, b) => a.opensAt - b.opensAt)
}

function checkRange(issues: InputIssue[], path: string[], { opensAt, closesAt }: WallRange): boolean {
  const before = issues.length
  if (!isMinute(opensAt, MINUTES_PER_DAY - 1)) {
    issues.push({ path: [...path, 'opensAt'], message: 'A time from 00:00 to 23:59 is needed.' })
  }
  if (!isMinute(closesAt, MINUTES_PER_DAY)) {
    issues.push({ path: [...path, 'closesAt'], message: 'A time from 00:00 to 24:00 is needed.' })
  }
  if (opensAt === closesAt) {
    issues.push({ path, message: 'The range is empty: it closes as it opens. The whole day is 00:00 to 24:00.' })
  }
  return issues.length === before
}

function isMinute(value: number, max: number): boolean {
  return Number.isInteger(value) && 0 <= value && value <= max
}

interface PlacedRange {
  index: number
  start: number
  end: number
}

function place(index: number, { opensAt, closesAt }: WallRange, day: number): PlacedRange {
  const start = day * MINUTES_PER_DAY + opensAt
  const end = day * MINUTES_PER_DAY + closesAt + (closesAt < opensAt ? MINUTES_PER_DAY : 0)
  return { index, start, end }
}

/** Ranges may touch, not overlap. On a circle of `period` minutes the first comes again after the last. */
function refuseOverlaps(issues: InputIssue[], path: string[], ranges: PlacedRange[], period: number): void {
  const sorted = ranges.toSorted((a, b) => a.start - b.start)
  const first = sorted[0]
  if (!first) return
  const around = { ...first, start: first.start + period, end: first.end + period }
  let longest: PlacedRange | undefined
  for (const range of sorted.length > 1 ? [...sorted, around] : sorted) {
    if (longest && range.start < longest.end && range.index !== longest.index) {
      issues.push({
        path: [...path, String(range.index)],
        message: `It overlaps range ${longest.index}; ranges may touch, not overlap.`,
      })
    }
    if (!longest || range.end > longest.end) longest = range
  }
}

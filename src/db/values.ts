// Conversions between PostgreSQL's text format and the values the program works with.
import type { Instant, Interval } from './shapes.ts'

/** `2026-11-24 02:41:21.123456+00` (session zone UTC) as milliseconds; microseconds are cut off. */
export function parseTimestamp(text: string): Instant {
  const fraction = text.charCodeAt(19) === 46 ? text.slice(20, text.indexOf('+', 20)) : ''
  return (
    Date.UTC(
      +text.slice(0, 4),
      +text.slice(5, 7) - 1,
      +text.slice(8, 10),
      +text.slice(11, 13),
      +text.slice(14, 16),
      +text.slice(17, 19),
    ) + (fraction === '' ? 0 : Math.floor(+`0.${fraction}` * 1000))
  )
}

/** Milliseconds (or a Date, or ISO text) as a timestamp that PostgreSQL reads. */
export function formatTimestamp(value: number | Date | string): string {
  return typeof value === 'string' ? value : new Date(value).toISOString()
}

export function formatRange(range: Interval): string {
  return `[${formatTimestamp(range.start)},${formatTimestamp(range.end)})`
}

export function parseRange(text: string): Interval {
  const [start = '', end = ''] = text.slice(1, -1).replaceAll('"', '').split(',')
  return { start: parseTimestamp(start), end: parseTimestamp(end) }
}

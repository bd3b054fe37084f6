// Reading and writing the scalars for time: RFC 3339 instants, calendar dates, wall-clock times, zone names.
import type { Instant } from '../../domain/vocabulary/types.ts'

const FIRST_YEAR = 1900
const LAST_YEAR = 2999
const INSTANT = /^(\d{4}-\d{2}-\d{2})T(\d{2}):(\d{2}):(\d{2})(\.\d+)?(Z|[+-]\d{2}:\d{2})$/i
const DATE = /^\d{4}-\d{2}-\d{2}$/
const TIME = /^(\d{2}):(\d{2})$/

/** Throws an Error with a sentence for the client. What is finer than a millisecond is cut off. */
export function parseInstant(value: unknown): Instant {
  const parts = typeof value === 'string' ? INSTANT.exec(value) : null
  if (!parts) {
    throw new Error(
      'An instant is RFC 3339 text with an offset, e.g. 2027-03-01T09:00:00Z or 2027-03-01T10:00:00+01:00.',
    )
  }
  const [, date = '', hour = '', minute = '', second = '', fraction = '', offset = ''] = parts
  parseDate(date)
  if (+hour > 23 || +minute > 59 || +second > 59) throw new Error(`${hour}:${minute}:${second} is no time of day.`)
  const offsetMinutes = offset.length === 1 ? 0 : +offset.slice(1, 3) * 60 + +offset.slice(4)
  if (offsetMinutes > 1439 || +offset.slice(4) > 59) throw new Error(`${offset} is no offset.`)
  const local = Date.parse(`${date}T${hour}:${minute}:${second}Z`) + +fraction.slice(1, 4).padEnd(3, '0')
  return local - (offset.startsWith('-') ? -offsetMinutes : offsetMinutes) * 60_000
}

/** UTC, with a fraction only if there is one: 2027-03-01T09:00:00Z. */
export function formatInstant(at: Instant): string {
  const text = new Date(at).toISOString()
  return text.endsWith('.000Z') ? `${text.slice(0, -5)}Z` : text
}

export function parseDate(value: unknown): string {
  if (typeof value !== 'string' || !DATE.test(value)) throw new Error('A date is text like 2027-03-28.')
  const midnight = Date.parse(`${value}T00:00:00Z`)
  // Date.parse takes the 30th of February for the 1st or 2nd of March.
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== value) {
    throw new Error(`${value} is not in the calendar.`)
  }
  const year = +value.slice(0, 4)
  if (year < FIRST_YEAR || year > LAST_YEAR) {
    throw new Error(`The year must be between ${FIRST_YEAR} and ${LAST_YEAR}, not ${year}.`)
  }
  return value
}

/** Minutes after midnight, 0 to 1440. */
export function parseLocalTime(value: unknown): number {
  const parts = typeof value === 'string' ? TIME.exec(value) : null
  if (!parts) throw new Error('A wall-clock time is text like 09:30.')
  const minutes = Number(parts[1]) * 60 + Number(parts[2])
  if (Number(parts[2]) > 59 || minutes > 1440) throw new Error(`${value} is no time of day: 00:00 to 24:00.`)
  return minutes
}

export function formatLocalTime(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
}

/** The name as the zone database spells it. Offsets such as +01:00 know no daylight saving and are refused. */
export function parseTimeZone(value: unknown): string {
  if (typeof value === 'string' && /^[A-Za-z][\w+/-]{0,63}$/.test(value)) {
    try {
      return new Temporal.ZonedDateTime(0n, value).timeZoneId
    } catch {
      // Unknown names end below, with our sentence.
    }
  }
  throw new Error('A time zone is an IANA name like Europe/Berlin.')
}

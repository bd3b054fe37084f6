// Zone arithmetic on plain numbers: what Temporal knows about a time zone, looked up once and kept.

import type { Instant } from '../vocabulary/types.ts'

/** A stretch of time with one offset from UTC. */
export interface OffsetSpan {
  start: Instant
  end: Instant
  offsetMilliseconds: number
}

export const minuteMilliseconds = 60_000
export const dayMilliseconds = 86_400_000

/**
 * A Temporal conversion costs microseconds and the engine needs thousands per answer, so the transitions of a zone are
 * read from Temporal a stretch of about a year at a time. The cache is emptied when full: a far-fetched range of
 * dates can make it slow for a moment, never big.
 */
const stretchMilliseconds = 366 * dayMilliseconds
const cachedStretchLimit = 4096
const stretchesByZone = new Map<string, Map<number, OffsetSpan[]>>()
let cachedStretches = 0

/** The offset in force at an instant. */
export function offsetAt(timeZone: string, instant: Instant): number {
  const spans = stretchOf(timeZone, Math.floor(instant / stretchMilliseconds))
  for (const span of spans) if (instant < span.end) return span.offsetMilliseconds
  throw new RangeError(`no offset for ${instant} in ${timeZone}`)
}

/** The spans that cover [from, to), cut to it, in order; neighbours always differ in offset. */
export function offsetSpans(timeZone: string, from: Instant, to: Instant): OffsetSpan[] {
  const found: OffsetSpan[] = []
  for (let index = Math.floor(from / stretchMilliseconds); index * stretchMilliseconds < to; index++) {
    for (const span of stretchOf(timeZone, index)) {
      const start = Math.max(span.start, from)
      const end = Math.min(span.end, to)
      if (start >= end) continue
      const previous = found.at(-1)
      if (previous?.offsetMilliseconds === span.offsetMilliseconds) previous.end = end
      else found.push({ start, end, offsetMilliseconds: span.offsetMilliseconds })
    }
  }
  return found
}

/**
 * The instant at which a wall clock shows `wall` (milliseconds since 1970-01-01T00:00 on that clock), as Temporal's
 * disambiguation 'compatible' and RFC 5545 read it: of a doubled time the first, a missing time with the offset before the gap.
 */
export function instantOfWall(timeZone: string, wall: number): Instant {
  const before = offsetAt(timeZone, wall - dayMilliseconds)
  const after = offsetAt(timeZone, wall + dayMilliseconds)
  if (before === after) return wall - before
  if (offsetAt(timeZone, wall - before) === before) return wall - before
  return offsetAt(timeZone, wall - after) === after ? wall - after : wall - before
}

/** The number of the local date at an instant: days since 1970-01-01. */
export function localDayAt(timeZone: string, instant: Instant): number {
  return Math.floor((instant + offsetAt(timeZone, instant)) / dayMilliseconds)
}

/** The first instant of a local date; after midnight where the clocks skip midnight. */
export function startOfLocalDay(timeZone: string, day: number): Instant {
  const wall = day * dayMilliseconds
  const midnight = instantOfWall(timeZone, wall)
  if (midnight + offsetAt(timeZone, midnight) === wall) return midnight
  return dateOfDay(day).toZonedDateTime(timeZone).epochMilliseconds
}

/** The local date as Temporal sees it. */
function dateOfDay(day: number): Temporal.PlainDate {
  return new Temporal.PlainDate(1970, 1, 1).add({ days: day })
}

/** The number of the date `2027-03-28`: days since 1970-01-01. */
export function dayOfDate(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) / dayMilliseconds
}

function stretchOf(timeZone: string, index: number): OffsetSpan[] {
  const known = stretchesByZone.get(timeZone)?.get(index)
  if (known) return known
  if (cachedStretches >= cachedStretchLimit) {
    stretchesByZone.clear()
    cachedStretches = 0
  }
  const spans = readStretch(timeZone, index * stretchMilliseconds, (index + 1) * stretchMilliseconds)
  const stretches = stretchesByZone.get(timeZone) ?? new Map<number, OffsetSpan[]>()
  stretches.set(index, spans)
  stretchesByZone.set(timeZone, stretches)
  cachedStretches++
  return spans
}

function readStretch(timeZone: string, start: Instant, end: Instant): OffsetSpan[] {
  const spans: OffsetSpan[] = []
  let at = Temporal.Instant.fromEpochMilliseconds(start).toZonedDateTimeISO(timeZone)
  for (;;) {
    const next = at.getTimeZoneTransition('next')
    const spanEnd = Math.min(next?.epochMilliseconds ?? end, end)
    spans.push({ start: at.epochMilliseconds, end: spanEnd, offsetMilliseconds: at.offsetNanoseconds / 1e6 })
    if (next === null || next === undefined || spanEnd === end) return spans
    at = next
  }
}

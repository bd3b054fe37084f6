// Understands what was said about a time, in the location's zone, or says what has to be asked back.
import type { Instant } from '../../../domain/vocabulary/types.ts'
import { type ClockReading, readClock } from './clock-times.ts'
import { type DateReading, readDate } from './dates.ts'
import { isTurnedRound, isUsedUp, normalize, type Reading, take } from './text.ts'
import type { MinuteRange, Question, TimeWish } from './wishes.ts'

/** How far "as soon as possible" looks. */
const SOON_DAYS = 14

const ANY_TIME =
  'so (?:bald|schnell|frueh) wie moeglich|schnellst\\w*|baldmoeglichst|asap|as soon as possible|(?:die |der |den |the )?(?:naechste[nr]?|next|earliest|fruehe?ste[nr]?) (?:freie[nr]?|available|moegliche[nr]?|possible)(?: (?:termin|slot|time|appointment))?|naechstmoeglich\\w*|fruehestmoeglich\\w*|irgendwann|egal(?: wann)?|any ?time|whenever|first available'

/**
 * German and English, dates and times together or apart (`date` and `time` of a function's arguments). Every word has to
 * be accounted for. A library was measured and refused: chrono-node 2 drops what it does not know ("morgen um halb
 * drei" is tomorrow at any time to it), and what is dropped silently is booked wrongly.
 */
export function readTimeWish(
  said: { date: string; time: string },
  { now, timeZone }: { now: Instant; timeZone: string },
): TimeWish {
  const iso = readTimestamp(said, timeZone, now)
  if (iso) return iso
  const reading: Reading = { rest: normalize(fieldsOf(said)) }
  const present = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(timeZone)
  const today = present.toPlainDate()

  const hours = take(reading, 'in (\\d{1,2}|a|an|einer) (stunden?|hours?|minuten|minutes)')
  if (hours) {
    const amount = /^\d/.test(hours[0] as string) ? Number(hours[0]) : 1
    const startsAt = now + amount * (/^[sh]/.test(hours[1] as string) ? 3_600_000 : 60_000)
    return isUsedUp(reading) ? { kind: 'START', startsAt, approximate: true } : unclear({ code: 'NOT_UNDERSTOOD' })
  }
  const isAny = take(reading, ANY_TIME) !== null
  const date = readDate(reading, today)
  if (date.kind === 'UNCLEAR') return date
  const clock = readClock(reading)
  if (clock.kind === 'UNCLEAR' && clock.question.code !== 'NOT_UNDERSTOOD') return clock
  if (clock.kind === 'UNCLEAR' || !isUsedUp(reading)) return unclear(askForTheRest(reading, date, clock))
  if (date.kind === 'PAST') return { kind: 'PAST', date: date.date.toString(), startsAt: null }
  if (date.kind === 'NONE') {
    if (clock.kind === 'NONE' && isAny) {
      const to = today.add({ days: SOON_DAYS }).toZonedDateTime(timeZone).epochMilliseconds
      return { kind: 'WINDOW', from: now, to, minutes: null }
    }
    return unclear(
      clock.kind === 'NONE' ? { code: 'NOT_UNDERSTOOD' } : { code: 'DAY_MISSING', minute: minuteOf(clock) },
    )
  }
  if (clock.kind === 'MINUTE' && date.first.equals(date.last)) {
    return startAt(date.first, clock, { now, timeZone })
  }
  return windowOf(date, rangeOf(clock), { now, timeZone })
}

/** Half of it may be understood: that is kept, unless what is left could turn it round. */
function askForTheRest(reading: Reading, date: DateReading, clock: ClockReading): Question {
  if (isTurnedRound(reading)) return { code: 'NOT_UNDERSTOOD' }
  if (date.kind === 'DATES' && date.first.equals(date.last)) {
    return { code: 'TIME_NOT_UNDERSTOOD', date: date.first.toString() }
  }
  return date.kind === 'NONE' && clock.kind === 'MINUTE'
    ? { code: 'DAY_MISSING', minute: clock.minute }
    : { code: 'NOT_UNDERSTOOD' }
}

function minuteOf(clock: ClockReading): number | null {
  return clock.kind === 'MINUTE' ? clock.minute : null
}

function rangeOf(clock: ClockReading): MinuteRange | null {
  if (clock.kind === 'RANGE') return clock.range
  return clock.kind === 'MINUTE' ? { from: clock.minute, to: clock.minute + 1 } : null
}

/** The clocks of the location decide: a time that they skip is none, one that they go through twice is two. */
function startAt(
  date: Temporal.PlainDate,
  { minute, approximate }: { minute: number; approximate: boolean },
  { now, timeZone }: { now: Instant; timeZone: string },
): TimeWish {
  const wall = date.toPlainDateTime({ hour: Math.floor(minute / 60), minute: minute % 60 })
  const [earlier, later] = (['earlier', 'later'] as const).map((disambiguation) =>
    wall.toZonedDateTime(timeZone, { disambiguation }),
  ) as [Temporal.ZonedDateTime, Temporal.ZonedDateTime]
  if (!earlier.toPlainDateTime().equals(wall)) {
    return unclear({ code: 'SKIPPED_TIME', date: date.toString(), minute })
  }
  const starts = [earlier.epochMilliseconds, later.epochMilliseconds]
  if (starts[0] !== starts[1]) return unclear({ code: 'DOUBLED_TIME', starts })
  return startOf(starts[0] as Instant, approximate, now)
}

function startOf(startsAt: Instant, approximate: boolean, now: Instant): TimeWish {
  return startsAt < now ? { kind: 'PAST', date: null, startsAt } : { kind: 'START', startsAt, approximate }
}

function windowOf(
  { first, last }: { first: Temporal.PlainDate; last: Temporal.PlainDate },
  minutes: MinuteRange | null,
  { now, timeZone }: { now: Instant; timeZone: string },
): TimeWish {
  const at = (date: Temporal.PlainDate, minute: number) =>
    date
      .add({ days: Math.floor(minute / 1440) })
      .toZonedDateTime({ timeZone, plainTime: { hour: Math.floor((minute % 1440) / 60), minute: minute % 60 } })
      .epochMilliseconds
  const from = Math.max(at(first, minutes?.from ?? 0), now)
  const to = at(last, minutes?.to ?? 1440)
  if (to <= from) return { kind: 'PAST', date: last.toString(), startsAt: null }
  return { kind: 'WINDOW', from, to, minutes: first.equals(last) ? null : minutes }
}

/**
 * A timestamp as machines write it. Its offset has to be the location's at that instant: a language model puts `Z` behind local
 * time as often as it means UTC.
 */
function readTimestamp(said: { date: string; time: string }, timeZone: string, now: Instant): TimeWish | null {
  const pattern = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(?::\d{2}(?:\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/i
  const match = pattern.exec(said.time.trim()) ?? (said.time.trim() === '' ? pattern.exec(said.date.trim()) : null)
  if (!match) return null
  const [text, date, time] = match as unknown as [string, string, string]
  try {
    const instant = Temporal.Instant.from(text.replace(' ', 'T'))
    const told = instant.toZonedDateTimeISO(timeZone)
    if (told.toPlainDateTime().toString().startsWith(`${date}T${time}`))
      return startOf(told.epochMilliseconds, false, now)
    const wall = Temporal.PlainDateTime.from(`${date}T${time}`).toZonedDateTime(timeZone)
    return unclear({ code: 'OTHER_ZONE', starts: [wall.epochMilliseconds, told.epochMilliseconds] })
  } catch (error) {
    if (error instanceof RangeError) return unclear({ code: 'NO_SUCH_DATE' })
    throw error
  }
}

function fieldsOf(said: { date: string; time: string }): string {
  const [date, time] = [dateField(said.date), timeField(said.time)]
  // Both fields may hold the whole.
  return time.startsWith(date) ? time : `${date} ${time}`
}

// A midnight beside a time of its own is only how a date was written.
function dateField(text: string): string {
  return text
    .trim()
    .replace(/^(\d{4}-\d{2}-\d{2})T00:00(:00(\.0+)?)?(Z|[+-]\d{2}:?\d{2})?$/i, '$1')
    .replace(/^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(:\d{2}(\.\d+)?)?$/i, '$1 $2')
    .replace(/^(\d{1,2})\.(\d{1,2})$/, '$1.$2.')
}

function timeField(text: string): string {
  return text
    .trim()
    .replace(/^(\d{1,2})$/, '$1 uhr')
    .replace(/^(\d{2})(\d{2})$/, '$1:$2')
    .replace(/^(\d{1,2})\.(\d{2})$/, '$1:$2')
    .replace(/^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(:\d{2}(\.\d+)?)?$/i, '$1 $2')
}

function unclear(question: Question): TimeWish {
  return { kind: 'UNCLEAR', question }
}

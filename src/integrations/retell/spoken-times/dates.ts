// Reads which day or days were meant. A wording with two common meanings is asked back, never guessed.

import { readFeast, readStretch } from './calendar-words.ts'
import { MONTH, monthOf, type Reading, take, WEEKDAY, weekdayOf } from './text.ts'
import type { Question } from './wishes.ts'

export type DateReading =
  | { kind: 'NONE' }
  /** From first to last, both included. */
  | { kind: 'DATES'; first: Temporal.PlainDate; last: Temporal.PlainDate }
  | { kind: 'PAST'; date: Temporal.PlainDate }
  | { kind: 'UNCLEAR'; question: Question }

/** Takes the date out of `reading`. A named date and a weekday beside it have to agree. */
export function readDate(reading: Reading, today: Temporal.PlainDate): DateReading {
  const weekday = (found: string) => weekdayOf(found)
  const either = readEither(reading, today)
  if (either) return either
  const named = readFeast(reading, today) ?? readStretch(reading, today) ?? readNamedDate(reading, today)
  if (named) {
    const beside = take(reading, `(?:am |on |der |den )?${WEEKDAY}`)
    if (beside && named.kind === 'DATES') return weekdayWithin(named, weekday(beside[0] as string))
    return named
  }
  return readWeeks(reading, today) ?? readWeekday(reading, today) ?? readRelative(reading, today) ?? { kind: 'NONE' }
}

const NUMBER = '(\\d{1,3}|a|an|einem|einer|einen|ein)'
const NEXT = '(?:naechste[nrsm]?|next)'
const COMING = '(?:kommende[nrsm]?|(?:this )?coming)'
const THIS = '(?:diese[nrsm]?|this)'
const IN = '(?:in |of )?(?:der |the )?'

/** A named date has to be that weekday; of a stretch ("the end of next week") it says which day. */
function weekdayWithin(
  { first, last }: { first: Temporal.PlainDate; last: Temporal.PlainDate },
  weekday: number,
): DateReading {
  const date = first.add({ days: (weekday - first.dayOfWeek + 7) % 7 })
  if (first.equals(last) && !date.equals(first)) {
    return { kind: 'UNCLEAR', question: { code: 'OTHER_WEEKDAY', date: first.toString() } }
  }
  const isOnly = Temporal.PlainDate.compare(date, last) <= 0 && first.until(last).days < 7
  return isOnly ? single(date) : { kind: 'UNCLEAR', question: { code: 'NOT_UNDERSTOOD' } }
}

const WEEK =
  '(?:(?:in |of )?(?:der |the )?(?:uebernaechste[nr]?|naechste[nrsm]?|kommende[nrsm]?|diese[nrsm]?|next|this|after next) (?:woche|week))'
const DAY = `(?:${WEEKDAY.replace('(', '(?:')}|heute|uebermorgen|morgen|today|tomorrow|(?:the )?day after tomorrow|\\d{1,2}\\.(?: ?\\d{1,2}\\.)?)`

/** "Tuesday or Wednesday": days in a row are a stretch, others are asked about. */
function readEither(reading: Reading, today: Temporal.PlainDate): DateReading | null {
  const found = take(reading, `(?:(${WEEK}) )?(?:am |on )?(${DAY}) (?:oder|or)(?: am| on)? (${DAY})(?: (${WEEK}))?`)
  if (!found) return null
  const [before, one, other, after] = found as [string, string, string, string]
  const dates: Temporal.PlainDate[] = []
  for (const day of [one, other]) {
    const rest: Reading = { rest: `${before} ${day} ${after}`.trim() }
    const read = readDate(rest, today)
    if (read.kind !== 'DATES' || rest.rest !== '' || !read.first.equals(read.last)) {
      return read.kind === 'UNCLEAR' || read.kind === 'PAST'
        ? read
        : { kind: 'UNCLEAR', question: { code: 'NOT_UNDERSTOOD' } }
    }
    dates.push(read.first)
  }
  const [first, last] = dates.sort(Temporal.PlainDate.compare) as [Temporal.PlainDate, Temporal.PlainDate]
  return first.until(last).days <= 1 ? { kind: 'DATES', first, last } : oneOf(dates)
}

function readNamedDate(reading: Reading, today: Temporal.PlainDate): DateReading | null {
  const iso = take(reading, '(\\d{4})-(\\d{1,2})-(\\d{1,2})')
  if (iso) return dateFrom(iso[0] as string, Number(iso[1]), Number(iso[2]), today)
  const dotted = take(
    reading,
    '(?<!um )(?:am |den |der |vom )?(0?[1-9]|[12]\\d|3[01])\\. ?(0?[1-9]|1[0-2])\\.(?:(\\d{2})(?!\\d)| ?(\\d{4}))?',
  )
  if (dotted) return dateFrom(dotted[2] || (dotted[3] as string), Number(dotted[1]), Number(dotted[0]), today)
  const dayFirst = take(reading, `(?:am |den |der |on |the )*(\\d{1,2})\\.? (?:of )?${MONTH}(?: (\\d{4}))?`)
  if (dayFirst) return dateFrom(dayFirst[2] as string, monthOf(dayFirst[1] as string), Number(dayFirst[0]), today)
  const monthFirst = take(
    reading,
    `(?:on )?${MONTH} (?:the )?(\\d{1,2})(?:\\.|(?=\\s|$))(?! ?(?:uhr|am|pm|oclock)\\b)(?: (\\d{4}))?`,
  )
  if (monthFirst)
    return dateFrom(monthFirst[2] as string, monthOf(monthFirst[0] as string), Number(monthFirst[1]), today)
  const slashed = take(reading, '(\\d{1,2})/(\\d{1,2})(?:/(\\d{4}))?')
  if (slashed) return readSlashed(slashed, today)
  const dayOnly = take(reading, '(?<!\\b(?:um|at|ab|bis|gegen) )(?:am |den |der |on the |the )?(\\d{1,2})\\.')
  return dayOnly ? nextDayOfMonth(Number(dayOnly[0]), today) : null
}

// Day/month or month/day: only one of them can be a date, or both are the same, or it is asked.
function readSlashed([first, second, year]: string[], today: Temporal.PlainDate): DateReading {
  const [a, b] = [Number(first), Number(second)]
  const readings = [dateFrom(year ?? '', b, a, today), dateFrom(year ?? '', a, b, today)]
  const possible = readings.filter((reading) => reading.kind === 'DATES')
  const dates = [...new Set(possible.map((reading) => reading.first.toString()))]
  if (dates.length > 1) return { kind: 'UNCLEAR', question: { code: 'WHICH_DATE', dates } }
  return possible[0] ?? (readings[0] as DateReading)
}

/**
 * Without a year the next such date is meant, unless it has just passed: who says "the 7th" on the 8th is mistaken and
 * does not mean next year.
 */
function dateFrom(yearText: string, month: number, day: number, today: Temporal.PlainDate): DateReading {
  const year = yearText === '' ? null : Number(yearText) + (yearText.length === 2 ? 2000 : 0)
  const date =
    plainDate(year ?? today.year, month, day) ?? (year === null ? plainDate(today.year + 1, month, day) : null)
  if (!date) return { kind: 'UNCLEAR', question: { code: 'NO_SUCH_DATE' } }
  if (Temporal.PlainDate.compare(date, today) >= 0) return single(date)
  const passedDays = date.until(today).days
  const nextYear = plainDate(today.year + 1, month, day)
  return year === null && passedDays > 60 && nextYear ? single(nextYear) : { kind: 'PAST', date }
}

function nextDayOfMonth(day: number, today: Temporal.PlainDate): DateReading {
  for (let months = 0; months < 3; months++) {
    const { year, month } = today.toPlainYearMonth().add({ months })
    const date = plainDate(year, month, day)
    if (date && Temporal.PlainDate.compare(date, today) >= 0) return single(date)
  }
  return { kind: 'UNCLEAR', question: { code: 'NO_SUCH_DATE' } }
}

function readWeeks(reading: Reading, today: Temporal.PlainDate): DateReading | null {
  const monday = today.subtract({ days: today.dayOfWeek - 1 })
  const inWeek = (weeks: number, name: string) => single(monday.add({ days: 7 * weeks + weekdayOf(name) - 1 }))
  const weeksAhead: [string, number][] = [
    ['(?:uebernaechste[nr]?|after next)', 2],
    [`(?:${NEXT}|${COMING})`, 1],
    [THIS, 0],
  ]
  for (const [word, weeks] of weeksAhead) {
    const named =
      take(reading, `${IN}${word} (?:woche|week) (?:am |den |on )?${WEEKDAY}`) ??
      take(reading, `(?:am |on )?${WEEKDAY} ${IN}${word} (?:woche|week)`)
    if (named) return notBefore(inWeek(weeks, named[0] as string), today)
  }
  const distant =
    take(reading, `(?:am |on )?${WEEKDAY} in ${NUMBER} (?:wochen?|weeks?)`)?.toReversed() ??
    take(reading, `in ${NUMBER} (?:wochen?|weeks?) (?:am |on )?${WEEKDAY}`)
  if (distant) {
    const [weeks, name] = [numberOf(distant[0] as string), distant[1] as string]
    return oneOf([firstAfter(today, name).add({ weeks }), monday.add({ days: 7 * weeks + weekdayOf(name) - 1 })])
  }
  // "Thursday week" and "a week from Thursday" are the Thursday after the next one.
  const later =
    take(reading, `${NUMBER} weeks? (?:from|on|after) ${WEEKDAY}`) ??
    take(reading, `(?:on )?${WEEKDAY} (week)`)?.toReversed()
  if (later) {
    const [weeks, name] = [numberOf(later[0] as string), later[1] as string]
    const first = firstAfter(today, name).add({ weeks })
    return weekdayOf(name) === today.dayOfWeek ? oneOf([first, today.add({ weeks })]) : single(first)
  }
  for (const [word, weeks] of weeksAhead) {
    if (!take(reading, `${IN}${word} (?:woche|week)`)) continue
    const first = monday.add({ weeks })
    const last = first.add({ days: 6 })
    return { kind: 'DATES', first: Temporal.PlainDate.compare(first, today) < 0 ? today : first, last }
  }
  if (take(reading, `(?:am |on |at |this |the )*(?:wochenende|weekend)`)) {
    const saturday = monday.add({ days: 5 })
    return { kind: 'DATES', first: today.dayOfWeek === 7 ? today : saturday, last: monday.add({ days: 6 }) }
  }
  return null
}

function readWeekday(reading: Reading, today: Temporal.PlainDate): DateReading | null {
  // Said on a Monday, "next Friday" is this week's to some and next week's to others.
  const next = take(reading, `(?:am |on )?${NEXT} ${WEEKDAY}`)
  if (next) {
    const first = firstAfter(today, next[0] as string)
    const monday = today.add({ days: 8 - today.dayOfWeek })
    return oneOf([first, monday.add({ days: weekdayOf(next[0] as string) - 1 })])
  }
  const coming = take(reading, `(?:am |on )?${COMING} ${WEEKDAY}`)
  if (coming) return single(firstAfter(today, coming[0] as string))
  const plain = take(reading, `(?:am |on |der |den )?(${THIS} )?${WEEKDAY}s?`)
  if (!plain) return null
  const [isThis, name] = plain as [string, string]
  const first = firstAfter(today, name)
  if (weekdayOf(name) !== today.dayOfWeek) return single(first)
  return isThis ? single(today) : oneOf([today, first])
}

function readRelative(reading: Reading, today: Temporal.PlainDate): DateReading | null {
  const fromDay =
    take(reading, `${NUMBER} weeks? from (today|tomorrow)`) ??
    take(reading, `(morgen|tomorrow) in ${NUMBER} (?:wochen?|weeks?)`)?.toReversed()
  if (fromDay) {
    const days = /^(?:today)$/.test(fromDay[1] as string) ? 0 : 1
    return single(today.add({ weeks: numberOf(fromDay[0] as string), days }))
  }
  const distance = take(
    reading,
    `(?:heute |today )?in ${NUMBER} (tag|tagen|day|days|woche|wochen|week|weeks|monat|monaten|month|months)`,
  )
  if (distance) {
    const amount = numberOf(distance[0] as string)
    const unit = distance[1] as string
    // "In acht Tagen" is a week to most who say so.
    if (amount === 8 && unit === 'tagen') return oneOf([today.add({ days: 7 }), today.add({ days: 8 })])
    if (/^(tag|day)/.test(unit)) return single(today.add({ days: amount }))
    return single(/^w/.test(unit) ? today.add({ weeks: amount }) : today.add({ months: amount }))
  }
  if (take(reading, 'uebermorgen|(?:the )?day after tomorrow')) return single(today.add({ days: 2 }))
  if (take(reading, 'morgen|tomorrow')) return single(today.add({ days: 1 }))
  if (take(reading, '(?:later )?(?:heute|today)(?: later)?')) return single(today)
  // "Tonight" says when, too.
  return /\btonight\b/.test(reading.rest) ? single(today) : null
}

function single(date: Temporal.PlainDate): DateReading {
  return { kind: 'DATES', first: date, last: date }
}

function oneOf(dates: Temporal.PlainDate[]): DateReading {
  const distinct = [...new Set(dates.map(String))].sort()
  return distinct.length === 1
    ? single(dates[0] as Temporal.PlainDate)
    : { kind: 'UNCLEAR', question: { code: 'WHICH_DATE', dates: distinct } }
}

function notBefore(reading: DateReading, today: Temporal.PlainDate): DateReading {
  if (reading.kind !== 'DATES' || Temporal.PlainDate.compare(reading.first, today) >= 0) return reading
  return { kind: 'PAST', date: reading.first }
}

function firstAfter(today: Temporal.PlainDate, name: string): Temporal.PlainDate {
  return today.add({ days: ((weekdayOf(name) - today.dayOfWeek + 6) % 7) + 1 })
}

function numberOf(text: string): number {
  return /^\d/.test(text) ? Number(text) : 1
}

function plainDate(year: number, month: number, day: number): Temporal.PlainDate | null {
  try {
    return Temporal.PlainDate.from({ year, month, day }, { overflow: 'reject' })
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

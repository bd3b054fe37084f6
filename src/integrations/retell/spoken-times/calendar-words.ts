// Reads days by their names in the calendar (Christmas Eve), and parts of weeks and months (the end of next week).
import type { DateReading } from './dates.ts'
import { MONTH, monthOf, type Reading, take } from './text.ts'

/** Names of days that are the same date every year; the longer names first. */
const FEASTS: [words: string, month: number, day: number][] = [
  ['heilig(?:er)? ?abend|(?:weihnachts|christ)abend|christmas eve|xmas eve', 12, 24],
  ['2\\. weihnachts(?:feier)?tag|boxing day', 12, 26],
  ['1\\. (?:weihnachts(?:feier)?tag|christmas day)|weihnachtstag|christmas day', 12, 25],
  ['silvester(?:tag)?|sylvester|new years eve', 12, 31],
  ['neujahr(?:stag)?|new years day', 1, 1],
  ['nikolaus(?:tag)?', 12, 6],
  ['valentins?tag|valentines(?: day)?', 2, 14],
  ['tag der arbeit|may day', 5, 1],
  ['tag der deutschen einheit', 10, 3],
  ['halloween', 10, 31],
]

/** The next day of that name; today's while it lasts. */
export function readFeast(reading: Reading, today: Temporal.PlainDate): DateReading | null {
  for (const [words, month, day] of FEASTS) {
    if (!take(reading, `(?:an |am |zu |on |der |the )*(?:${words})`)) continue
    const thisYear = Temporal.PlainDate.from({ year: today.year, month, day })
    const date = Temporal.PlainDate.compare(thisYear, today) < 0 ? thisYear.add({ years: 1 }) : thisYear
    return { kind: 'DATES', first: date, last: date }
  }
  return null
}

const EARLY = '(?:anfang|zu beginn|(?:the )?(?:beginning|start) of|early(?: in)?)'
const MIDDLE = '(?:mitte|(?:the )?middle of|mid)'
const LATE = '(?:ende|(?:the )?end of|late(?:r)?(?: in)?)'
const PARTS = [EARLY, MIDDLE, LATE]
const AT = '(?:am |at |in |im |gegen |towards )?'
const OF = '(?:in |of )?(?:der |des |the )?'

/** Weeks begin on Monday; where a part has passed in part, what is left of it is meant. */
export function readStretch(reading: Reading, today: Temporal.PlainDate): DateReading | null {
  return readPartOfWeek(reading, today) ?? readMonth(reading, today)
}

const WEEK_PARTS: [first: number, last: number][] = [
  [0, 1],
  [1, 3],
  [3, 6],
]

function readPartOfWeek(reading: Reading, today: Temporal.PlainDate): DateReading | null {
  const monday = today.subtract({ days: today.dayOfWeek - 1 })
  for (const [index, part] of PARTS.entries()) {
    const found = take(
      reading,
      `${AT}${part} ${OF}((?:uebernaechste[nr]?|naechste[nr]?|kommende[nr]?|diese[nr]?|next|this|coming) )?(?:woche|week)`,
    )
    if (!found) continue
    const weeks = /^ueber/.test(found[0] as string) ? 2 : /^(?:n|k|c)/.test(found[0] as string) ? 1 : 0
    const [first, last] = WEEK_PARTS[index] as [number, number]
    const week = monday.add({ weeks })
    return remaining(week.add({ days: first }), week.add({ days: last }), today)
  }
  return null
}

function readMonth(reading: Reading, today: Temporal.PlainDate): DateReading | null {
  const thisMonth = today.toPlainYearMonth()
  const monthOfName = (name: string) => {
    const month = monthOf(name)
    return Temporal.PlainYearMonth.from({ year: today.year + (month < today.month ? 1 : 0), month })
  }
  for (const [index, part] of PARTS.entries()) {
    const named = take(reading, `${AT}${part}[ -](?:of )?${MONTH}(?! ?\\d)`)
    if (named) return partOf(monthOfName(named[0] as string), index, today)
    const relative = take(
      reading,
      `${AT}${part} ${OF}((?:naechsten|kommenden|diesen|dieses|next|this) )?(?:monate?s?|month)`,
    )
    if (relative) return partOf(thisMonth.add({ months: /^[nk]/.test(relative[0] as string) ? 1 : 0 }), index, today)
  }
  const whole = take(reading, `(?:im|in) ${MONTH}(?! ?\\d)`)
  if (whole) return partOf(monthOfName(whole[0] as string), null, today)
  const next = take(reading, '(?:im |in )?(naechsten|kommenden|diesen|next|this) (?:monat|month)')
  if (next) return partOf(thisMonth.add({ months: /^[nk]/.test(next[0] as string) ? 1 : 0 }), null, today)
  return null
}

/** The first ten days, the second ten, the rest; null: all of it. */
function partOf(month: Temporal.PlainYearMonth, index: number | null, today: Temporal.PlainDate): DateReading {
  const day = (day: number) => month.toPlainDate({ day })
  const first = index === null ? 1 : index * 10 + 1
  const last = index === 0 ? 10 : index === 1 ? 20 : month.daysInMonth
  return remaining(day(first), day(last), today)
}

function remaining(first: Temporal.PlainDate, last: Temporal.PlainDate, today: Temporal.PlainDate): DateReading {
  if (Temporal.PlainDate.compare(last, today) < 0) return { kind: 'PAST', date: last }
  return { kind: 'DATES', first: Temporal.PlainDate.compare(first, today) < 0 ? today : first, last }
}

// Reads which time of day was meant: a minute, a stretch of the day, or a question which half of the day.
import { type Reading, take } from './text.ts'
import type { MinuteRange, Question } from './wishes.ts'

export type ClockReading =
  | { kind: 'NONE' }
  | { kind: 'MINUTE'; minute: number; approximate: boolean }
  | { kind: 'RANGE'; range: MinuteRange }
  | { kind: 'UNCLEAR'; question: Question }

const DAY_END = 24 * 60

const NEAR_NOON =
  /\b(?:gegen|around|about|ungefaehr|etwa|circa)(?: um| at)? (?:12 )?(?:mittags?|noon|midday|lunch(?:time)?)\b/g
/** How far "shortly before" is from what it is before. */
const SHORTLY_MINUTES = 15

interface DayPart {
  words: string
  /** Starts that are offered for it. */
  range: MinuteRange
  /** Which half of the day it decides. */
  decides: MinuteRange
}

const IN = '(?:am |in the |in der |im |ganz |gleich |so )*'
const LATE = '(?:spaete[nr]?|spaet(?: am)?|late(?: in the)?)'
const EARLY = '(?:fruehe[nr]?|frueh(?: am)?|early(?: in the)?)'

/** The narrower ones first. */
const DAY_PARTS: DayPart[] = [
  part(`${IN}(?:firstthing(?: in the morning)?|${EARLY} (?:morgens?|morning))`, 6, 10, 0, 12),
  part(`${IN}${LATE} (?:vormittags?|morning)`, 10, 12, 9, 12),
  part(`${IN}${EARLY} (?:nachmittags?|afternoon)`, 12, 15, 12, 16),
  part(`${IN}(?:${LATE} (?:nachmittags?|afternoon)|spaetnachmittags?)`, 16, 18, 15, 19),
  part(`${IN}${EARLY} (?:abends?|evening)`, 17, 19, 17, 20),
  part(`${IN}${LATE} (?:abends?|evening)`, 19, 22, 19, 24),
  part('(?:vor der arbeit|before work)', 6, 9, 0, 10),
  part('(?:nach der arbeit|nach (?:dem )?feierabend|after work)', 17, 21, 16, 24),
  part('(?:in der |um die |around |at )?(?:mittagspause|mittagszeit|lunch ?break|lunch hour)', 12, 14, 11, 15),
  part('(?:am |in the |im )?(?:vormittags?)', 9, 12, 0, 12),
  part('(?:am |in the |in der )?(?:nachmittags?|afternoon)', 12, 18, 12, 19),
  part('(?:am |in the |in der )?(?:morgens|fruehs?|morning)', 6, 12, 0, 12),
  part('(?:am |in the |ueber |over )?(?:mittags?|lunchtime|lunch)', 12, 14, 11, 15),
  part('(?:am |in the |in der )?(?:abends?|evening|tonight)', 17, 22, 17, 24),
]

/** Hours at which appointments are made, where a spoken hour could be one of the morning or one of the evening. */
const PLAUSIBLE: MinuteRange = { from: 7 * 60, to: 21 * 60 }

/** Takes the time of day out of `reading`. Call it after the date was taken. */
export function readClock(reading: Reading): ClockReading {
  // Before the stretch of the same name: near noon.
  reading.rest = reading.rest.replace(NEAR_NOON, 'gegen 12:00')
  const parts = DAY_PARTS.filter((dayPart) => take(reading, dayPart.words))
  if (parts.length > 1) return notUnderstood()
  const decides = parts[0]?.decides ?? null
  const times = markTimes(reading)
  const choose = (index: string | undefined) => chooseReading(times[Number(index)] as SpokenTime, decides)

  const between =
    take(reading, '(?:zwischen|between|von|from) @(\\d) (?:uhr )?(?:und|and|bis|to|until|till|-) @(\\d)') ??
    take(reading, '@(\\d) ?(?:bis|until|till|-) ?@(\\d)')
  if (between) return spanOf(choose(between[0]), choose(between[1]), times[Number(between[1])] as SpokenTime)
  const shortly = take(
    reading,
    '(?:so )?(?:kurz|shortly|just|a bit|a little|ein bisschen|etwas) (vor|nach|before|after) @(\\d)',
  )
  if (shortly) return shiftedBy(/^(?:vor|before)$/.test(shortly[0] as string) ? -1 : 1, choose(shortly[1]))
  const from = take(
    reading,
    '(?:(?:ab|from|nach|after|not before|nicht vor|(?:aller)?fruehestens(?: um| ab)?|(?:no|not) earlier than) @(\\d)(?: (?:on|onwards|or later|at the earliest))?|@(\\d) (?:or later|at the earliest|oder spaeter))',
  )
  if (from) return rangeOf(choose(from[0] || from[1]), { minute: parts[0]?.range.to ?? DAY_END })
  const until = take(
    reading,
    '(?:bis|vor|before|until|till|by|bis (?:aller)?spaetestens|(?:aller)?spaetestens(?: um| bis| gegen)?|(?:no|not) later than|latest(?: at| by)?) @(\\d)(?: at the latest)?',
  )
  if (until) return rangeOf({ minute: parts[0]?.range.from ?? 0 }, choose(until[0]))
  const near = take(
    reading,
    '(?:so )?(?:gegen|etwa|ca\\.?|circa|ungefaehr|around|about|roughly|approximately)(?: um| at)? @(\\d)',
  )
  if (near) return minuteOf(choose(near[0]), true)
  const exact = take(reading, '(?:um |at |fuer |for )?@(\\d)')
  if (exact) return minuteOf(choose(exact[0]), false)
  return parts[0] ? { kind: 'RANGE', range: parts[0].range } : { kind: 'NONE' }
}

/** All minutes of the day that the words can mean, and the one they mean if nothing speaks against it. */
interface SpokenTime {
  minutes: number[]
  literal: number | null
}

/** Replaces each time of day by `@0`, `@1`, …, so that the words around it can be read. */
function markTimes(reading: Reading): SpokenTime[] {
  const times: SpokenTime[] = []
  for (const { pattern, read } of TIME_RULES) {
    reading.rest = reading.rest.replace(
      new RegExp(`(?<![\\w.:@])(?:${pattern})(?![\\w:]|\\.\\d)`, 'g'),
      (match, ...groups) => {
        const time = read(groups)
        if (!time) return match
        times.push(time)
        return `@${times.length - 1}`
      },
    )
  }
  return times
}

const HOUR = '(\\d{1,2})'
const OCLOCK = '(?: uhr| oclock)?'

const TIME_RULES: { pattern: string; read: (groups: string[]) => SpokenTime | null }[] = [
  {
    pattern: `(\\d{1,2}) (?:minuten )?(vor|nach) halb ${HOUR}${OCLOCK}`,
    read: ([minutes, side, hour]) => colloquial(hour, -30 + (side === 'vor' ? -1 : 1) * Number(minutes)),
  },
  { pattern: `halb ${HOUR}${OCLOCK}`, read: ([hour]) => colloquial(hour, -30) },
  { pattern: `(?:dreiviertel|3 ?viertel) ${HOUR}${OCLOCK}`, read: ([hour]) => colloquial(hour, -15) },
  { pattern: `half past ${HOUR}${OCLOCK}`, read: ([hour]) => colloquial(hour, 30) },
  {
    pattern: `(?:a )?(?:viertel|quarter) (nach|past|after) ${HOUR}${OCLOCK}`,
    read: ([, hour]) => colloquial(hour, 15),
  },
  {
    pattern: `(?:a )?(?:viertel|quarter) (vor|to|of|before) ${HOUR}${OCLOCK}`,
    read: ([, hour]) => colloquial(hour, -15),
  },
  // East of the Elbe "viertel drei" is a quarter of the third hour.
  { pattern: `viertel ${HOUR}${OCLOCK}`, read: ([hour]) => colloquial(hour, -45) },
  {
    pattern: `(5|10|20|25)(?: minuten| minutes)? (?:nach|past) ${HOUR}${OCLOCK}`,
    read: ([minutes, hour]) => colloquial(hour, Number(minutes)),
  },
  {
    pattern: `(5|10|20|25)(?: minuten)? vor ${HOUR}${OCLOCK}`,
    read: ([minutes, hour]) => colloquial(hour, -Number(minutes)),
  },
  {
    pattern: `(5|10|20|25) minutes to ${HOUR}${OCLOCK}`,
    read: ([minutes, hour]) => colloquial(hour, -Number(minutes)),
  },
  { pattern: '(?:at )?(?:noon|midday)', read: () => exactly(12 * 60) },
  { pattern: `${HOUR}(?::(\\d{2}))?(?::00)? ?(am|pm)`, read: ([hour, minute, half]) => halfDay(hour, minute, half) },
  { pattern: `${HOUR}:(\\d{2})(?::00(?:\\.0+)?)?(?: uhr)?`, read: ([hour, minute]) => written(hour, minute) },
  { pattern: `${HOUR}\\.(\\d{2}) uhr`, read: ([hour, minute]) => written(hour, minute) },
  {
    pattern: `${HOUR} uhr(?: (\\d{1,2})(?: minuten)?)?`,
    read: ([hour, minute]) => written(hour, minute ?? '0'),
  },
  { pattern: `${HOUR} oclock`, read: ([hour]) => colloquial(hour, 0) },
  { pattern: HOUR, read: ([hour]) => (Number(hour) > 12 ? written(hour, '0') : colloquial(hour, 0)) },
]

function exactly(minute: number): SpokenTime {
  return { minutes: [minute], literal: minute }
}

/** By a twelve-hour clock: it can be either half of the day. */
function colloquial(hourText: string | undefined, offset: number): SpokenTime | null {
  const hour = Number(hourText)
  if (hour > 24) return null
  if (hour > 12) return exactly(hour * 60 + offset)
  const early = (hour * 60 + offset + 720) % 720
  return { minutes: [early, early + 720], literal: null }
}

/** By a clock of 24 hours, as it stands there; small hours without a zero are often meant as afternoon. */
function written(hourText: string | undefined, minuteText: string | undefined): SpokenTime | null {
  const [hour, minute] = [Number(hourText), Number(minuteText)]
  if (hour > 23 || minute > 59) return null
  const literal = hour * 60 + minute
  if (hour > 12 || hourText?.startsWith('0')) return exactly(literal)
  const other = (literal + 720) % 1440
  return { minutes: [literal, other], literal: hour >= 7 ? literal : null }
}

function halfDay(
  hourText: string | undefined,
  minuteText: string | undefined,
  half: string | undefined,
): SpokenTime | null {
  const [hour, minute] = [Number(hourText), Number(minuteText ?? 0)]
  if (minute > 59 || hour > 23 || (hour > 12 && half === 'am') || hour === 0) return null
  return exactly((hour > 12 ? hour : (hour % 12) + (half === 'pm' ? 12 : 0)) * 60 + minute)
}

type Chosen = { minute: number } | { question: Question }

function chooseReading({ minutes, literal }: SpokenTime, decides: MinuteRange | null): Chosen {
  if (decides) {
    const fitting = minutes.filter((minute) => isWithin(minute, decides))
    return fitting.length === 1 ? { minute: fitting[0] as number } : { question: { code: 'NOT_UNDERSTOOD' } }
  }
  if (literal !== null) return { minute: literal }
  const plausible = minutes.filter((minute) => isWithin(minute, PLAUSIBLE))
  if (plausible.length === 1) return { minute: plausible[0] as number }
  return { question: { code: 'WHICH_MINUTE', minutes } }
}

function minuteOf(chosen: Chosen, approximate: boolean): ClockReading {
  return 'question' in chosen
    ? { kind: 'UNCLEAR', question: chosen.question }
    : { kind: 'MINUTE', minute: chosen.minute, approximate }
}

/** From a time of the night the next such time is meant: "between 0:30 and 3:00" ends at night. */
function spanOf(from: Chosen, to: Chosen, { minutes }: SpokenTime): ClockReading {
  if ('question' in from || from.minute >= PLAUSIBLE.from) return rangeOf(from, to)
  const next = minutes.filter((minute) => minute > from.minute).sort((a, b) => a - b)[0]
  return next === undefined ? notUnderstood() : rangeOf(from, { minute: next })
}

function shiftedBy(direction: number, chosen: Chosen): ClockReading {
  if ('question' in chosen) return minuteOf(chosen, true)
  const minute = chosen.minute + direction * SHORTLY_MINUTES
  return minute < 0 || minute >= DAY_END ? notUnderstood() : minuteOf({ minute }, true)
}

function rangeOf(from: Chosen, to: Chosen): ClockReading {
  if ('question' in from) return { kind: 'UNCLEAR', question: from.question }
  if ('question' in to) return { kind: 'UNCLEAR', question: to.question }
  return from.minute < to.minute ? { kind: 'RANGE', range: { from: from.minute, to: to.minute } } : notUnderstood()
}

function notUnderstood(): ClockReading {
  return { kind: 'UNCLEAR', question: { code: 'NOT_UNDERSTOOD' } }
}

function isWithin(minute: number, { from, to }: MinuteRange): boolean {
  return from <= minute && minute < to
}

function part(words: string, from: number, to: number, decidesFrom: number, decidesTo: number): DayPart {
  return { words, range: { from: from * 60, to: to * 60 }, decides: { from: decidesFrom * 60, to: decidesTo * 60 } }
}

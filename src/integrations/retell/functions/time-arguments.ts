// Which time is meant by the arguments, or what has to be asked back.
import type { Instant } from '../../../domain/vocabulary/types.ts'
import { sentencesFor } from '../sentences.ts'
import { writeMoment } from '../spoken-moments.ts'
import { readTimeWish } from '../spoken-times/read-wish.ts'
import type { TimeWish } from '../spoken-times/wishes.ts'
import { decline, type FunctionResult } from './answers.ts'
import type { Arguments } from './arguments.ts'
import type { Conversation } from './conversation.ts'

export interface TimeNames {
  dates: string[]
  times: string[]
}

export const WISHED: TimeNames = {
  dates: [
    'date',
    'datum',
    'day',
    'tag',
    'appointment_date',
    'preferred_date',
    'requested_date',
    'datetime',
    'date_time',
    'starts_at',
    'start',
    'start_time',
    'when',
    'wann',
  ],
  times: [
    'time',
    'uhrzeit',
    'zeit',
    'appointment_time',
    'preferred_time',
    'requested_time',
    'time_of_day',
    'tageszeit',
  ],
}

const MOVED_TO: TimeNames = {
  dates: ['new_date', 'neues_datum', 'new_datetime', 'new_starts_at', 'new_start', 'to_date', ...WISHED.dates],
  times: ['new_time', 'neue_uhrzeit', 'neue_zeit', 'to_time', ...WISHED.times],
}

const MOVED_FROM: TimeNames = {
  dates: [
    'old_date',
    'altes_datum',
    'current_appointment_date',
    'original_date',
    'existing_date',
    'from_date',
    'booked_date',
  ],
  times: [
    'old_time',
    'alte_uhrzeit',
    'current_appointment_time',
    'original_time',
    'existing_time',
    'from_time',
    'booked_time',
  ],
}

export type KnownWish = Extract<TimeWish, { kind: 'START' | 'WINDOW' }>

/** The new time of a move and the old one. With a new date beside it, a plain "date" is the old one. */
export function timesOfMove(said: Arguments): { to: TimeNames; from: TimeNames } {
  const isNew = (name: string) => !WISHED.dates.includes(name) && !WISHED.times.includes(name)
  const [newDates, newTimes] = [MOVED_TO.dates.filter(isNew), MOVED_TO.times.filter(isNew)]
  if (said.text(...newDates) === '') return { to: MOVED_TO, from: MOVED_FROM }
  const namesBothTimes = said.text(...newTimes) !== ''
  return {
    to: { dates: newDates, times: namesBothTimes ? newTimes : MOVED_TO.times },
    from: {
      dates: [...MOVED_FROM.dates, ...WISHED.dates],
      times: [...MOVED_FROM.times, ...(namesBothTimes ? WISHED.times : [])],
    },
  }
}

type Unclear = Exclude<TimeWish, KnownWish>
type Understood = { wish: KnownWish | null } | { unclear: Unclear } | { differing: Instant[] }

/**
 * Null: nothing was said about a time. Whatever names a time counts, under whichever name: where two arguments do not mean the
 * same, or one is not understood, the caller is asked.
 */
export function readWish(conversation: Conversation, names: TimeNames): { wish: KnownWish | null } | FunctionResult {
  const { startedAt, speech } = conversation
  const understood = understandTimes(conversation, names)
  if ('wish' in understood) return understood
  const sentences = sentencesFor(speech)
  const today = writeMoment(startedAt, speech)
  if ('differing' in understood) {
    const { differing } = understood
    const message = differing.length > 1 ? sentences.whichTime(differing) : sentences.whatTime
    return decline('UNCLEAR_TIME', message, { understoodOnly: 'DIFFERING_TIMES', now: today })
  }
  const { unclear } = understood
  if (unclear.kind === 'PAST') {
    return decline('PAST_TIME', sentences.past(unclear.date, unclear.startsAt, startedAt), { now: today })
  }
  return decline('UNCLEAR_TIME', sentences.question(unclear.question), {
    understoodOnly: unclear.question.code,
    now: today,
  })
}

function understandTimes({ said, startedAt, integration }: Conversation, names: TimeNames): Understood {
  const read = (date: string, time: string) =>
    readTimeWish({ date, time }, { now: startedAt, timeZone: integration.timeZone })
  if (said.isUnreadable(...names.dates, ...names.times)) {
    return { unclear: { kind: 'UNCLEAR', question: { code: 'NOT_UNDERSTOOD' } } }
  }
  const [dates, times] = [said.texts(...names.dates), said.texts(...names.times)]
  const further = unnamedTimes(said, names).filter((text) => isAboutTime(read(text, '')))
  const date = dates[0] ?? (times.length === 0 ? further.shift() : undefined) ?? ''
  const time = times[0] ?? ''
  if (date === '' && time === '') return { wish: null }
  let wish = read(date, time)
  for (const text of [...dates.slice(1), ...times.slice(1), ...further]) {
    // A clock time for the date, a date for the clock time, or all of it once more.
    const readings = [read(date, text), read(text, time), read(text, '')].filter(isKnown)
    if (!isKnown(wish)) {
      const [completed] = readings
      if (!completed) return { unclear: wish }
      wish = completed
      continue
    }
    const present: KnownWish = wish
    const narrowed = readings.map((reading) => narrower(present, reading)).find((one) => one !== null)
    if (!narrowed) return { differing: startsOf([present, ...readings]) }
    wish = narrowed
  }
  return isKnown(wish) ? { wish } : { unclear: wish }
}

/** Of names that nobody thought of: `appointment_datetime`, `wunschtermin`. */
const ABOUT_TIME = /date|time|datum|uhr|zeit|tag|day|start|when|wann|termin|moment/
const NOT_THE_WISH =
  /birth|geburt|zone|duration|dauer|end|until|bis|timeout|timestamp|now|heute|today|created|updated|id$|type|typ|art$|reason|grund|note|name|staff|service/
const OF_THE_OLD = /^(?:old|alt|current|original|existing|from|booked|previous|bisher)/

function unnamedTimes(said: Arguments, names: TimeNames): string[] {
  const named = [WISHED, MOVED_TO, MOVED_FROM].flatMap(({ dates, times }) => [...dates, ...times])
  const isOld = names.dates.includes(MOVED_FROM.dates[0] as string)
  return said
    .others(...named)
    .filter(({ name }) => ABOUT_TIME.test(name) && !NOT_THE_WISH.test(name) && OF_THE_OLD.test(name) === isOld)
    .map(({ text }) => text)
}

function isKnown(wish: TimeWish): wish is KnownWish {
  return wish.kind === 'START' || wish.kind === 'WINDOW'
}

/** Anything but words that have nothing to do with a time. */
function isAboutTime(wish: TimeWish): boolean {
  return wish.kind !== 'UNCLEAR' || wish.question.code !== 'NOT_UNDERSTOOD'
}

/** The more exact of two that agree; null: they do not. */
function narrower(one: KnownWish, other: KnownWish): KnownWish | null {
  if (one.kind === 'START') {
    if (other.kind === 'WINDOW') return isWithin(one, other) ? one : null
    if (one.startsAt !== other.startsAt) return null
    return one.approximate ? other : one
  }
  if (other.kind === 'START') return isWithin(other, one) ? other : null
  const isInner = (inner: Window, outer: Window) => outer.from <= inner.from && inner.to <= outer.to
  if (isInner(one, other) && (other.minutes === null || isInner(other, one))) return one
  return isInner(other, one) && one.minutes === null ? other : null
}

type Window = Extract<KnownWish, { kind: 'WINDOW' }>

function isWithin({ startsAt }: { startsAt: Instant }, { from, to }: Window): boolean {
  return from <= startsAt && startsAt < to
}

function startsOf(wishes: KnownWish[]): Instant[] {
  return [...new Set(wishes.flatMap((wish) => (wish.kind === 'START' ? [wish.startsAt] : [])))]
}

/** For what takes a slot: exactly one start, or a question. */
export function requireStart({ speech }: Conversation, wish: KnownWish | null): { startsAt: Instant } | FunctionResult {
  const sentences = sentencesFor(speech)
  if (wish === null) return decline('UNCLEAR_TIME', sentences.whatTime)
  if (wish.kind === 'WINDOW') return decline('UNCLEAR_TIME', sentences.whatClock)
  return wish.approximate ? decline('UNCLEAR_TIME', sentences.exactTime(wish.startsAt)) : { startsAt: wish.startsAt }
}

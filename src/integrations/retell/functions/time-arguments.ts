// Which time is meant by the arguments, or what has to be asked back.
import type { Instant } from '../../../domain/vocabulary/types.ts'
import { sentencesFor } from '../sentences.ts'
import { writeMoment } from '../spoken-moments.ts'
import { readTimeWish } from '../spoken-times/read-wish.ts'
import type { TimeWish } from '../spoken-times/wishes.ts'
import { decline, type FunctionResult } from './answers.ts'
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

export const MOVED_TO: TimeNames = {
  dates: ['new_date', 'neues_datum', 'new_datetime', 'new_starts_at', 'new_start', 'to_date', ...WISHED.dates],
  times: ['new_time', 'neue_uhrzeit', 'neue_zeit', 'to_time', ...WISHED.times],
}

export const MOVED_FROM: TimeNames = {
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

/** Null: nothing was said about a time. */
export function readWish(conversation: Conversation, names: TimeNames): { wish: KnownWish | null } | FunctionResult {
  const { said, startedAt, integration, speech } = conversation
  const [date, time] = [said.text(...names.dates), said.text(...names.times)]
  if (date === '' && time === '') return { wish: null }
  const wish = readTimeWish({ date, time }, { now: startedAt, timeZone: integration.timeZone })
  if (wish.kind === 'START' || wish.kind === 'WINDOW') return { wish }
  const sentences = sentencesFor(speech)
  const today = writeMoment(startedAt, speech)
  if (wish.kind === 'PAST') {
    return decline('PAST_TIME', sentences.past(wish.date, wish.startsAt, startedAt), { now: today })
  }
  return decline('UNCLEAR_TIME', sentences.question(wish.question), { understoodOnly: wish.question.code, now: today })
}

/** For what takes a slot: exactly one start, or a question. */
export function requireStart({ speech }: Conversation, wish: KnownWish | null): { startsAt: Instant } | FunctionResult {
  const sentences = sentencesFor(speech)
  if (wish === null) return decline('UNCLEAR_TIME', sentences.whatTime)
  if (wish.kind === 'WINDOW') return decline('UNCLEAR_TIME', sentences.whatClock)
  return wish.approximate ? decline('UNCLEAR_TIME', sentences.exactTime(wish.startsAt)) : { startsAt: wish.startsAt }
}

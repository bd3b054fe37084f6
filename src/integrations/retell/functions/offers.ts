// Slots as they are told: data for the agent, and the few that are spoken.
import type { Instant, Slot } from '../../../domain/vocabulary/types.ts'
import { describeMoment, type Speech, writeMoment } from '../spoken-moments.ts'

/** Nobody remembers more over the telephone. */
const SPOKEN_LIMIT = 3
const DAYS_LIMIT = 2
const TOLD_LIMIT = 24

export interface ToldSlot {
  startsAt: string
  spoken: string
}

export function tellSlots(starts: Instant[], speech: Speech): ToldSlot[] {
  return starts
    .slice(0, TOLD_LIMIT)
    .map((startsAt) => ({ startsAt: writeMoment(startsAt, speech), spoken: describeMoment(startsAt, speech) }))
}

export function startsOf(slots: Slot[]): Instant[] {
  return slots.map((slot) => slot.startsAt)
}

/** The first, one in the middle, the last: somebody who asks for the afternoon learns of its end, too. */
export function spread(starts: Instant[]): Instant[] {
  if (starts.length <= SPOKEN_LIMIT) return starts
  return [starts[0], starts[Math.floor((starts.length - 1) / 2)], starts.at(-1)] as Instant[]
}

/** The best three in order of time, on two days at most: more is not remembered. The first two days are those of the best. */
export function nearest(starts: Instant[], { timeZone }: Pick<Speech, 'timeZone'>): Instant[] {
  const dayOf = (at: Instant) =>
    Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone).toPlainDate().toString()
  const days = [...new Set(starts.map(dayOf))].slice(0, DAYS_LIMIT)
  return starts
    .filter((at) => days.includes(dayOf(at)))
    .slice(0, SPOKEN_LIMIT)
    .sort((a, b) => a - b)
}

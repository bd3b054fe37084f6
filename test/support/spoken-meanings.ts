// The meaning of a wording in one line, as the corpus writes it.
import { readTimeWish } from '../../src/integrations/retell/spoken-times/read-wish.ts'

/** `2025-11-13T14:00`, `from..to`, `~near`, `PAST`, or the question with what was kept of the wording. */
export function meaningOf(
  said: { date: string; time: string },
  { now, timeZone }: { now: string; timeZone: string },
): string {
  const wall = (instant: number) =>
    Temporal.Instant.fromEpochMilliseconds(instant)
      .toZonedDateTimeISO(timeZone)
      .toPlainDateTime()
      .toString()
      .slice(0, 16)
  const present = Temporal.PlainDateTime.from(now).toZonedDateTime(timeZone).epochMilliseconds
  const wish = readTimeWish(said, { now: present, timeZone })
  if (wish.kind === 'START') return `${wish.approximate ? '~' : ''}${wall(wish.startsAt)}`
  if (wish.kind === 'WINDOW') {
    const minutes = wish.minutes ? ` at ${wish.minutes.from}-${wish.minutes.to}` : ''
    return `${wall(wish.from)}..${wall(wish.to)}${minutes}`
  }
  if (wish.kind === 'PAST') return 'PAST'
  const { question } = wish
  if (question.code === 'WHICH_DATE') return `WHICH_DATE ${question.dates.join(' ')}`
  if (question.code === 'WHICH_MINUTE') return `WHICH_MINUTE ${question.minutes.join(' ')}`
  if (question.code === 'TIME_NOT_UNDERSTOOD') return `${question.code} ${question.date}`
  return question.code === 'DAY_MISSING' && question.minute !== null ? `DAY_MISSING ${question.minute}` : question.code
}

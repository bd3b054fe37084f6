// What was said about a time, as it is understood: a start, a stretch of time, or a question back.
import type { Instant } from '../../../domain/vocabulary/types.ts'

/** Minutes after local midnight, half-open. */
export interface MinuteRange {
  from: number
  to: number
}

export type TimeWish =
  /** One start. `approximate`: near it, which is good enough to look and not good enough to book. */
  | { kind: 'START'; startsAt: Instant; approximate: boolean }
  /** Starts in [from, to) and, on each of the dates, within `minutes`. */
  | { kind: 'WINDOW'; from: Instant; to: Instant; minutes: MinuteRange | null }
  /** The end of what was asked for has passed. */
  | { kind: 'PAST'; date: string | null; startsAt: Instant | null }
  | { kind: 'UNCLEAR'; question: Question }

/** Why it was not understood, with what has to be known to ask back. Dates are written 2027-03-28. */
export type Question =
  /** The time of day was understood. */
  | { code: 'DAY_MISSING'; minute: number | null }
  /** The day was understood, and not what was said beside it. */
  | { code: 'TIME_NOT_UNDERSTOOD'; date: string }
  | { code: 'NOT_UNDERSTOOD' }
  | { code: 'WHICH_DATE'; dates: string[] }
  | { code: 'WHICH_MINUTE'; minutes: number[] }
  /** The weekday and the date that were said do not belong together. */
  | { code: 'OTHER_WEEKDAY'; date: string }
  | { code: 'NO_SUCH_DATE' }
  /** The clocks skip this time on that date. */
  | { code: 'SKIPPED_TIME'; date: string; minute: number }
  /** The clocks go through this time twice. */
  | { code: 'DOUBLED_TIME'; starts: Instant[] }
  /** Written in another zone than the location's: what a clock on the wall would show is not certain. */
  | { code: 'OTHER_ZONE'; starts: Instant[] }

// An estimate of the database's clock that never runs ahead of it: it alone decides what has expired.
import type { Instant } from '../domain/vocabulary/types.ts'

export interface DatabaseClock {
  /**
   * At most the database's present instant, and behind it by no more than the way back of the best measurement. Before the
   * first measurement the process's own clock.
   */
  now(): Instant
  /** The database read `readAt` at some time between `askedAtMs` and the present (`process` milliseconds). */
  measured(readAt: Instant, askedAtMs: number): void
  /** Milliseconds of this process's steady clock. */
  steadyMs(): number
}

const STEP_MS = 1000

/** `steadyMs` is a clock that never jumps; the operating system's may. */
export function createDatabaseClock(steadyMs: () => number = () => performance.now()): DatabaseClock {
  let offset: number | null = null
  let latestNow = 0
  return {
    steadyMs,
    now() {
      if (offset === null) return Math.floor(performance.timeOrigin + performance.now())
      const estimate = Math.floor(steadyMs() + offset)
      // A measurement may correct the estimate by its error: time waits. Only a real step goes back.
      if (estimate >= latestNow || latestNow - estimate > STEP_MS) latestNow = estimate
      return latestNow
    },
    measured(readAt, askedAtMs) {
      const latest = readAt - askedAtMs + 1 // readAt is cut to the millisecond
      const earliest = readAt - steadyMs()
      // A better lower bound is kept while it can still be true; drift or a step of either clock makes it untrue.
      if (offset === null || offset < earliest || offset > latest) offset = earliest
    },
  }
}

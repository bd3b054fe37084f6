// The starts a service offers: wall-clock minutes of the day that are a multiple of its interval.

import { dayMilliseconds, minuteMilliseconds, offsetAt, offsetSpans } from '../time/zone-offsets.ts'
import type { Instant } from '../vocabulary/types.ts'

/**
 * All grid starts in [from, to), ascending. The grid begins anew at each local midnight; a doubled hour has its
 * starts twice, a missing hour none.
 */
export function gridStarts(timeZone: string, slotIntervalMinutes: number, from: Instant, to: Instant): Instant[] {
  const step = stepMilliseconds(slotIntervalMinutes)
  const starts: Instant[] = []
  if (!(from < to)) return starts
  for (const span of offsetSpans(timeZone, from, to)) {
    const firstWall = span.start + span.offsetMilliseconds
    const endWall = span.end + span.offsetMilliseconds
    for (let midnight = Math.floor(firstWall / dayMilliseconds) * dayMilliseconds; midnight < endWall; ) {
      const nextMidnight = midnight + dayMilliseconds
      const end = Math.min(nextMidnight, endWall)
      const skipped = Math.max(0, Math.ceil((firstWall - midnight) / step))
      for (let wall = midnight + skipped * step; wall < end; wall += step) starts.push(wall - span.offsetMilliseconds)
      midnight = nextMidnight
    }
  }
  return starts
}

/** Whether an instant is one of the grid's starts. */
export function isOnGrid(instant: Instant, timeZone: string, slotIntervalMinutes: number): boolean {
  const wall = instant + offsetAt(timeZone, instant)
  const sinceMidnight = wall - Math.floor(wall / dayMilliseconds) * dayMilliseconds
  return sinceMidnight % stepMilliseconds(slotIntervalMinutes) === 0
}

function stepMilliseconds(slotIntervalMinutes: number): number {
  if (!(slotIntervalMinutes >= 1))
    throw new RangeError(`slotIntervalMinutes must be at least 1: ${slotIntervalMinutes}`)
  return slotIntervalMinutes * minuteMilliseconds
}

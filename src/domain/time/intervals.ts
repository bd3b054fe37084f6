// Sets of time as sorted arrays of half-open intervals, and the arithmetic on them.

import type { Instant, Interval } from '../vocabulary/types.ts'

/** Sorted, overlapping and touching ones merged, empty ones gone. Leaves its input alone. */
export function normalize(intervals: readonly Interval[]): Interval[] {
  const sorted = intervals.filter((interval) => interval.start < interval.end).sort((a, b) => a.start - b.start)
  const merged: Interval[] = []
  for (const { start, end } of sorted) {
    const last = merged.at(-1)
    if (last && start <= last.end) last.end = Math.max(last.end, end)
    else merged.push({ start, end })
  }
  return merged
}

/** What is in `from` and not in `taken`. Both normalized. */
export function subtract(from: readonly Interval[], taken: readonly Interval[]): Interval[] {
  const left: Interval[] = []
  let index = 0
  for (const interval of from) {
    let start = interval.start
    while (index < taken.length && (taken[index] as Interval).end <= start) index++
    for (let at = index; at < taken.length && (taken[at] as Interval).start < interval.end; at++) {
      const hole = taken[at] as Interval
      if (hole.start > start) left.push({ start, end: hole.start })
      start = Math.max(start, hole.end)
    }
    if (start < interval.end) left.push({ start, end: interval.end })
  }
  return left
}

/** What is in both. Both normalized. */
export function intersect(a: readonly Interval[], b: readonly Interval[]): Interval[] {
  const common: Interval[] = []
  let i = 0
  let j = 0
  while (i < a.length && j < b.length) {
    const left = a[i] as Interval
    const right = b[j] as Interval
    const start = Math.max(left.start, right.start)
    const end = Math.min(left.end, right.end)
    if (start < end) common.push({ start, end })
    if (left.end < right.end) i++
    else j++
  }
  return common
}

/** Whether one of the normalized intervals contains all of [start, end). */
export function covers(intervals: readonly Interval[], start: Instant, end: Instant): boolean {
  const interval = intervals[firstEndingAfter(intervals, start)]
  return interval !== undefined && interval.start <= start && end <= interval.end
}

/** Whether one of the normalized intervals shares time with [start, end). */
export function overlaps(intervals: readonly Interval[], start: Instant, end: Instant): boolean {
  const interval = intervals[firstEndingAfter(intervals, start)]
  return interval !== undefined && start < end && interval.start < end
}

/** Index of the first normalized interval that ends after the instant; their number if there is none. */
function firstEndingAfter(intervals: readonly Interval[], instant: Instant): number {
  let low = 0
  let high = intervals.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((intervals[middle] as Interval).end > instant) high = middle
    else low = middle + 1
  }
  return low
}

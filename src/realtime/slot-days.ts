// The open slots of one UTC date, packed: a start is a number, and equal lists of candidates are one.
import { isSameList } from '../domain/slots/slot-diff.ts'
import type { Candidates, Openings } from '../domain/slots/slots.ts'
import type { Instant } from '../domain/vocabulary/types.ts'

export interface SlotDay extends Openings {
  /** How many subscribers see some of it. */
  watchers: number
  /** By the process's steady clock. */
  watchedSinceMs: number
  keptUntilMs: number
  /** The states below it are known. */
  isRead: boolean
  /** Its slots are known. */
  isJudged: boolean
}

export function createSlotDay(): SlotDay {
  return {
    starts: [],
    candidates: [],
    watchers: 0,
    watchedSinceMs: 0,
    keptUntilMs: 0,
    isRead: false,
    isJudged: false,
  }
}

/** The index of the first start at or after `instant`. */
export function firstFrom(starts: readonly Instant[], instant: Instant): number {
  let low = 0
  let high = starts.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((starts[middle] as Instant) < instant) low = middle + 1
    else high = middle
  }
  return low
}

/** The openings with a start in [from, to). */
export function sliceOpenings({ starts, candidates }: Openings, from: Instant, to: Instant): Openings {
  const first = firstFrom(starts, from)
  const end = firstFrom(starts, to)
  return { starts: starts.slice(first, end), candidates: candidates.slice(first, end) }
}

export function replaceOpenings(day: SlotDay, from: Instant, to: Instant, found: Openings): void {
  const first = firstFrom(day.starts, from)
  const count = firstFrom(day.starts, to) - first
  day.starts = day.starts.toSpliced(first, count, ...found.starts)
  day.candidates = day.candidates.toSpliced(first, count, ...found.candidates)
}

/** The indexes of what is new or has other candidates, and of what is gone. */
export function diffOpenings(before: Openings, after: Openings): { opened: number[]; closed: number[] } {
  const opened: number[] = []
  const closed: number[] = []
  let known = 0
  for (const [index, start] of after.starts.entries()) {
    while (known < before.starts.length && (before.starts[known] as Instant) < start) closed.push(known++)
    if (before.starts[known] !== start) opened.push(index)
    else if (!isSameCandidates(before.candidates[known++], after.candidates[index])) opened.push(index)
  }
  while (known < before.starts.length) closed.push(known++)
  return { opened, closed }
}

export function isSameCandidates(a: Candidates | undefined, b: Candidates | undefined): boolean {
  if (a === b) return true
  if (a?.length !== b?.length) return false
  return a?.every((list, index) => isSameList(list, b?.[index] ?? [])) ?? false
}

const LISTS_LIMIT = 1000

/** Equal lists become the same one, so that a slot costs two words. */
export function shareLists(lists: Map<string, Candidates>, { candidates }: Openings): void {
  let last: Candidates | null = null
  let shared: Candidates | null = null
  for (const [index, list] of candidates.entries()) {
    if (list !== last || !shared) {
      const key = list.map((ids) => ids.join()).join('/')
      if (lists.size >= LISTS_LIMIT) lists.clear()
      shared = lists.get(key) ?? list
      lists.set(key, shared)
      last = list
    }
    candidates[index] = shared
  }
}

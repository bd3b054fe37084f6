// Alarms: one timer for all views, each due at an instant of the database's clock.
import type { Instant } from '../domain/vocabulary/types.ts'

export interface Alarms<Owner> extends Disposable {
  /** Replaces the owner's alarm; null removes it. */
  set(owner: Owner, at: Instant | null): void
}

interface Entry<Owner> {
  owner: Owner
  at: Instant
}

// setTimeout takes 32 bits; a clock that is measured again may also move.
const LONGEST_PAUSE_MS = 60_000

/** `ring` gets all owners whose instant has come, at once. It sets their next alarms. */
export function createAlarms<Owner>(now: () => Instant, ring: (owners: Owner[]) => void): Alarms<Owner> {
  const due = new Map<Owner, Instant>()
  const heap: Entry<Owner>[] = []
  let timer: NodeJS.Timeout | undefined
  let timerAt = Number.POSITIVE_INFINITY

  const arm = () => {
    while (heap[0] && due.get(heap[0].owner) !== heap[0].at) pop(heap)
    const next = heap[0]?.at ?? Number.POSITIVE_INFINITY
    if (next === timerAt) return
    clearTimeout(timer)
    timerAt = next
    if (next === Number.POSITIVE_INFINITY) return
    // A timer may fire a fraction early.
    timer = setTimeout(wake, Math.min(Math.max(next - now(), 0) + 1, LONGEST_PAUSE_MS))
  }
  const wake = () => {
    timerAt = Number.NaN
    const present = now()
    const owners: Owner[] = []
    for (let first = heap[0]; first && first.at <= present; first = heap[0]) {
      pop(heap)
      if (due.get(first.owner) !== first.at) continue // replaced or removed meanwhile
      due.delete(first.owner)
      owners.push(first.owner)
    }
    if (owners.length > 0) ring(owners)
    arm()
  }
  return {
    set(owner, at) {
      if (at === null) due.delete(owner)
      else if (due.get(owner) !== at) {
        due.set(owner, at)
        push(heap, { owner, at })
      } else return
      arm()
    },
    [Symbol.dispose]() {
      clearTimeout(timer)
      due.clear()
      heap.length = 0
    },
  }
}

function push<Owner>(heap: Entry<Owner>[], entry: Entry<Owner>): void {
  let index = heap.push(entry) - 1
  while (index > 0) {
    const parent = (index - 1) >> 1
    const above = heap[parent] as Entry<Owner>
    if (above.at <= entry.at) break
    heap[index] = above
    index = parent
  }
  heap[index] = entry
}

function pop<Owner>(heap: Entry<Owner>[]): void {
  const last = heap.pop() as Entry<Owner>
  if (heap.length === 0) return
  let index = 0
  for (;;) {
    let child = 2 * index + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && (heap[child + 1] as Entry<Owner>).at < (heap[child] as Entry<Owner>).at) child++
    if ((heap[child] as Entry<Owner>).at >= last.at) break
    heap[index] = heap[child] as Entry<Owner>
    index = child
  }
  heap[index] = last
}

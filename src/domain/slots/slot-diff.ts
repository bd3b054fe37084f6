// What changed between two answers: the messages of a live view.

import type { Slot } from '../vocabulary/types.ts'

export interface SlotChanges {
  /** New starts, and known ones that changed, e.g. in their candidates: these replace what was known. */
  opened: Slot[]
  /** Starts that are gone. */
  closed: Slot[]
}

/** Both lists ascending by start, as `findSlots` returns them. Applying opened and closed to `before` gives `after`. */
export function diffSlots(before: readonly Slot[], after: readonly Slot[]): SlotChanges {
  const opened: Slot[] = []
  const closed: Slot[] = []
  let index = 0
  for (const slot of after) {
    let known = before[index]
    while (known && known.startsAt < slot.startsAt) {
      closed.push(known)
      known = before[++index]
    }
    if (known?.startsAt !== slot.startsAt) {
      opened.push(slot)
      continue
    }
    if (!isSameSlot(known, slot)) opened.push(slot)
    index++
  }
  return { opened, closed: closed.concat(before.slice(index)) }
}

function isSameSlot(a: Slot, b: Slot): boolean {
  if (a === b) return true
  if (a.endsAt !== b.endsAt || a.segments.length !== b.segments.length) return false
  return a.segments.every((segment, index) => {
    const other = b.segments[index]
    return (
      other !== undefined &&
      segment.name === other.name &&
      segment.startsAt === other.startsAt &&
      segment.endsAt === other.endsAt &&
      isSameList(segment.candidateIds, other.candidateIds)
    )
  })
}

/** Whether two lists name the same, in the same order. */
export function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((id, index) => id === b[index]))
}

// What a client knows of a view from its messages alone, and every breach of their contract.

export interface SlotAnswer {
  startsAt: string
  segments: { candidates: { id: string }[] }[]
}

export interface SlotUpdate {
  kind: 'SNAPSHOT' | 'CHANGE'
  opened: SlotAnswer[]
  closed: { startsAt: string }[]
  cursor: string
}

export interface KnownSlots {
  /** It asks again with its cursor: the next change may name what it knows already. */
  comeBack(): void
  take(update: SlotUpdate): void
  /** By start; comparable with `describeSlots` of a query's answer. */
  describe(): string[]
  cursor(): string | null
  faults: string[]
  counts: { snapshots: number; changes: number }
}

const SLOT_FIELDS = 'startsAt segments { candidates { id } }'

export const WATCH_SLOTS = `subscription ($input: AvailabilityInput!, $after: String) {
  availability(input: $input, after: $after) { kind opened { ${SLOT_FIELDS} } closed { startsAt } cursor }
}`

export const QUERY_SLOTS = `query ($input: AvailabilityInput!) {
  availability(input: $input) { slots { ${SLOT_FIELDS} } cursor }
}`

export function describeSlots(slots: readonly SlotAnswer[]): string[] {
  return slots.map(describeSlot)
}

export function createKnownSlots(): KnownSlots {
  const known = new Map<string, string>()
  const faults: string[] = []
  const counts = { snapshots: 0, changes: 0 }
  let cursor: string | null = null
  let isBack = false
  return {
    faults,
    counts,
    cursor: () => cursor,
    comeBack() {
      isBack = true
    },
    describe: () => [...known.keys()].sort().map((startsAt) => known.get(startsAt) as string),
    take({ kind, opened, closed, cursor: next }) {
      if (kind === 'SNAPSHOT') {
        counts.snapshots++
        if (closed.length > 0) faults.push('a snapshot that closes')
        known.clear()
      } else {
        counts.changes++
        if (cursor === null) faults.push('a change of nothing')
        if (opened.length + closed.length === 0) faults.push('a change without any')
      }
      for (const { startsAt } of closed)
        if (!known.delete(startsAt) && !isBack) faults.push(`closed unknown: ${startsAt}`)
      const closing = new Set(closed.map(({ startsAt }) => startsAt))
      for (const slot of opened) {
        if (!isBack && known.get(slot.startsAt) === describeSlot(slot)) faults.push(`opened twice: ${slot.startsAt}`)
        if (closing.has(slot.startsAt)) faults.push(`opened and closed: ${slot.startsAt}`)
        known.set(slot.startsAt, describeSlot(slot))
      }
      cursor = next
      isBack = false
    },
  }
}

function describeSlot({ startsAt, segments }: SlotAnswer): string {
  return `${startsAt} ${segments.map(({ candidates }) => candidates.map(({ id }) => id).sort()).join(' / ')}`
}

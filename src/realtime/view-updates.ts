// What the members of a view are told: the same object for everybody whose range shows the same of it.
import type { SlotChanges } from '../domain/slots/slot-diff.ts'
import type { Instant, Slot } from '../domain/vocabulary/types.ts'
import type { AvailabilityStream, AvailabilityUpdate, AvailabilityView, ViewRange } from './availability-views.ts'
import { type Cursor, type Cursors, isAbout } from './cursors.ts'
import { DAY_MS } from './day-reading.ts'
import type { TailPosition } from './log-tail.ts'
import { firstFrom, type SlotDay } from './slot-days.ts'
import { includes, sees } from './snapshots.ts'
import { slotsBetween } from './view-judging.ts'

/** Where the states of all views stand, and how that is written into a cursor. */
export interface Moment {
  position: TailPosition
  cursors: Cursors
}

/** How many different snapshots of one view are kept. */
const SNAPSHOT_LIMIT = 64

/** The present slots of a range. Only of a view without pending changes: the cursor stands for slots and states alike. */
export function snapshotOf(view: AvailabilityView, moment: Moment, { from, to }: ViewRange): AvailabilityUpdate {
  const key = `${edgeOf(view, from)} ${edgeOf(view, to)}`
  const known = view.snapshots.get(key)
  if (known) return known
  const cursor = cursorOf(view, moment)
  const update = Object.freeze({ kind: 'SNAPSHOT', opened: slotsBetween(view, from, to), closed: [], cursor } as const)
  if (view.snapshots.size >= SNAPSHOT_LIMIT) view.snapshots.clear()
  view.snapshots.set(key, update)
  return update
}

/** Tells everybody what they see of the changes. Most see all of them, and those at an edge the same part. */
export function tellMembers(view: AvailabilityView, moment: Moment, { opened, closed }: SlotChanges): void {
  const starts = [opened, closed].map((slots) => slots.map(({ startsAt }) => startsAt).sort((a, b) => a - b))
  const [openedAt, closedAt] = starts as [Instant[], Instant[]]
  const first = Math.min(openedAt[0] ?? Number.POSITIVE_INFINITY, closedAt[0] ?? Number.POSITIVE_INFINITY)
  const last = Math.max(openedAt.at(-1) ?? 0, closedAt.at(-1) ?? 0)
  const cursor = cursorOf(view, moment)
  const whole: AvailabilityUpdate = Object.freeze({ kind: 'CHANGE', opened, closed, cursor })
  const parts = new Map<string, { update: AvailabilityUpdate; members: AvailabilityStream[] } | null>()
  for (const member of view.members) {
    const { from, to } = member.part
    if (from <= first && last < to) {
      member.push(whole)
      continue
    }
    if (to <= first || last < from) continue
    const key = [from, to].map((edge) => `${firstFrom(openedAt, edge)} ${firstFrom(closedAt, edge)}`).join()
    const part = parts.get(key)
    if (part) part.members.push(member)
    else if (part === undefined) {
      const update = partOf(whole, from, to)
      parts.set(key, update && { update, members: [member] })
    }
  }
  // One after the other: each is executed once for all whom it goes to.
  for (const part of parts.values())
    for (const member of part?.members ?? []) member.push(part?.update as AvailabilityUpdate)
}

/** What one is told who comes back; null: nothing was touched. */
export function changeOf(
  view: AvailabilityView,
  moment: Moment,
  { opened, closed }: SlotChanges,
): AvailabilityUpdate | null {
  if (opened.length + closed.length === 0) return null
  return Object.freeze({ kind: 'CHANGE', opened, closed, cursor: cursorOf(view, moment) })
}

/**
 * Whether nothing was touched since the cursor, so that there is nothing to read: it has seen all that touched the view
 * last, and we have seen all that it has.
 */
export function isCurrent(view: AvailabilityView, position: TailPosition, cursor: Cursor, now: Instant): boolean {
  const { quietSince } = view
  return (
    quietSince !== null &&
    isAbout(cursor, view.scope) &&
    cursor.epoch === position.epoch &&
    cursor.epoch === quietSince.epoch &&
    includes(cursor.snapshot, quietSince.snapshot) &&
    includes(position.snapshot, cursor.snapshot) &&
    cursor.ahead.every((xid) => sees(position.snapshot, xid)) &&
    cursor.at >= quietSince.at &&
    cursor.at <= now &&
    now < view.nextAt
  )
}

function cursorOf(view: AvailabilityView, { position, cursors }: Moment): string {
  const { epoch, snapshot } = position
  const ahead = view.aheadOf === snapshot ? view.ahead : []
  return cursors.encode({ epoch, snapshot, ahead, at: view.at, scope: view.scope })
}

function partOf({ opened, closed, ...whole }: AvailabilityUpdate, from: Instant, to: Instant) {
  const isIn = ({ startsAt }: Slot) => startsAt >= from && startsAt < to
  const part = { ...whole, opened: opened.filter(isIn), closed: closed.filter(isIn) }
  return part.opened.length + part.closed.length > 0 ? Object.freeze(part) : null
}

/** The first open start at or after the instant: what lies between the two makes no difference. */
function edgeOf({ days, order }: AvailabilityView, instant: Instant): Instant | null {
  for (const number of order) {
    if ((number + 1) * DAY_MS <= instant) continue
    const { starts } = days.get(number) as SlotDay
    const start = starts[firstFrom(starts, instant)]
    if (start !== undefined) return start
  }
  return null
}

// What a subscriber that comes back has missed: exactly, or not at all.
import type { Tx } from '../db/transaction.ts'
import { diffSlots, type SlotChanges } from '../domain/slots/slot-diff.ts'
import type { Claim } from '../domain/vocabulary/types.ts'
import type { Arrival } from './availability-turns.ts'
import { type AvailabilityView, slotsAt } from './availability-views.ts'
import { applyClaims, inverted, netChanges } from './claim-deltas.ts'
import { type Cursor, isAbout } from './cursors.ts'
import { dayNumber } from './day-reading.ts'
import { isDefinition } from './day-states.ts'
import { type LoggedChange, readSubjectChangesSince } from './log-reading.ts'
import type { TailPosition } from './log-tail.ts'
import { includes, sees } from './snapshots.ts'
import type { ViewPlan } from './view-plans.ts'

/** The steps since the cursor; null: they are not known, and one snapshot has to do. */
export type Missed = LoggedChange[] | null

/** Beyond this a snapshot is the shorter answer. */
const STEP_LIMIT = 2000

export async function readMissed<Arriving extends Arrival>(
  tx: Tx,
  position: TailPosition,
  arrivals: readonly Arriving[],
  planOf: (view: AvailabilityView) => ViewPlan | null,
): Promise<Map<Arriving, Missed>> {
  // Members of one view that were cut at the same message come back with the same cursor: asked once.
  const asked = new Map<string, Promise<Missed>>()
  const missed = arrivals.map(async (arrival): Promise<[Arriving, Missed]> => {
    const { view, since } = arrival
    const plan = planOf(view)
    if (!since || !plan || !isComparable(since.cursor, view.scope, position)) return [arrival, null]
    const key = `${view.scope} ${since.text}`
    const reading = asked.get(key) ?? readSteps(tx, view, plan, since.cursor)
    asked.set(key, reading)
    return [arrival, await reading]
  })
  return new Map(await Promise.all(missed))
}

async function readSteps(tx: Tx, { question }: AvailabilityView, plan: ViewPlan, cursor: Cursor): Promise<Missed> {
  const steps = await readSubjectChangesSince(tx, {
    organizationId: question.organizationId,
    subjectIds: [plan.service.id, ...plan.schedules.keys()],
    since: { snapshot: cursor.snapshot, except: cursor.ahead },
    limit: STEP_LIMIT + 1,
  })
  if (steps.length > STEP_LIMIT) return null
  const watched = steps.filter(({ subjectId, day }) => isDefinition(day) || watches(plan, subjectId, day))
  // Schedules, services and busy intervals are not in the log: what they were cannot be told.
  return watched.some(({ day, delta }) => isDefinition(day) || delta.redefined || delta.busy) ? null : watched
}

/** The cursor answers the same question in the same epoch, and nothing it does not see was pruned. */
function isComparable(cursor: Cursor, scope: string, { epoch, snapshot, prunedBelow, now }: TailPosition): boolean {
  return (
    isAbout(cursor, scope) &&
    cursor.epoch === epoch &&
    cursor.snapshot.xmin >= prunedBelow &&
    cursor.at <= now &&
    includes(snapshot, cursor.snapshot) &&
    cursor.ahead.every((xid) => sees(snapshot, xid))
  )
}

/** The difference between what the cursor's answer was and the view's present slots. */
export function changesSince(
  view: AvailabilityView,
  plan: ViewPlan,
  cursor: Cursor,
  steps: LoggedChange[],
): SlotChanges {
  const earlier = new Map<unknown, Map<string, Claim>>()
  for (const { subjectId, day, delta } of steps.toSorted((a, b) => b.version - a.version)) {
    const state = view.days.get(subjectId)?.[dayNumber(Date.parse(day)) - plan.firstDay]
    if (!state) continue
    const claims = earlier.get(state) ?? new Map(state.claims)
    applyClaims(claims, inverted(netChanges(delta)))
    earlier.set(state, claims)
  }
  const before = slotsAt(view, plan, {
    now: cursor.at,
    claimsOf: (day) => (earlier.get(day) ?? day.claims).values(),
  })
  return diffSlots(before, view.slots)
}

function watches({ offeredIds, firstDay, lastDay }: ViewPlan, subjectId: string, day: string): boolean {
  const number = dayNumber(Date.parse(day))
  return number >= firstDay && number <= lastDay && offeredIds.includes(subjectId)
}

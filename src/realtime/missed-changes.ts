// What a subscriber that comes back is told: every slot that was touched since, as it is now, or all of them.
import type { Tx } from '../db/transaction.ts'
import { bookingWindow } from '../domain/slots/booking-window.ts'
import type { SlotChanges } from '../domain/slots/slot-diff.ts'
import { type Candidates, type Openings, slotAt } from '../domain/slots/slots.ts'
import type { Claim, Instant, Interval } from '../domain/vocabulary/types.ts'
import type { Arrival } from './availability-turns.ts'
import {
  type AvailabilityView,
  disjoint,
  expiringClaims,
  reachedStarts,
  runsWithin,
  statesBetween,
  type ViewRange,
} from './availability-views.ts'
import { type Cursor, isAbout } from './cursors.ts'
import { dayText } from './day-reading.ts'
import { isDefinition } from './day-states.ts'
import { type LoggedChange, readSubjectChangesSince } from './log-reading.ts'
import type { TailPosition } from './log-tail.ts'
import { isSameCandidates } from './slot-days.ts'
import { includes, sees } from './snapshots.ts'
import { openingsBetween, openingsIn, rangesOfTime } from './view-judging.ts'
import type { ViewPlan } from './view-plans.ts'
import { claimDays } from './watched-views.ts'

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
    const { view, range, since } = arrival
    const plan = planOf(view)
    if (!since || !plan || !isComparable(since.cursor, view.scope, position)) return [arrival, null]
    const key = `${view.scope} ${range.firstDay} ${range.lastDay} ${since.text}`
    const reading = asked.get(key) ?? readSteps(tx, view, plan, range, since.cursor)
    asked.set(key, reading)
    return [arrival, await reading]
  })
  return new Map(await Promise.all(missed))
}

async function readSteps(
  tx: Tx,
  { subject }: AvailabilityView,
  plan: ViewPlan,
  { firstDay, lastDay }: ViewRange,
  cursor: Cursor,
): Promise<Missed> {
  const numbers = claimDays(plan, [firstDay, lastDay])
  const steps = await readSubjectChangesSince(tx, {
    organizationId: subject.organizationId,
    definitionIds: [plan.service.id, ...plan.schedules.keys()],
    resourceIds: plan.offeredIds,
    days: { first: dayText(Math.min(...numbers)), last: dayText(Math.max(...numbers)) },
    since: { snapshot: cursor.snapshot, except: cursor.ahead },
    limit: STEP_LIMIT + 1,
  })
  if (steps.length > STEP_LIMIT) return null
  // Schedules, services and busy intervals are not in the log: what they were cannot be told.
  return steps.some(({ day, delta }) => isDefinition(day) || delta.redefined || delta.busy) ? null : steps
}

/** The cursor is about the same in the same epoch, and nothing it does not see was pruned. */
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

/**
 * Every slot in the range that a step or the clock can have touched since the cursor: open as it is, or closed if it is
 * not open and can have been at any moment in between. So it is right for whoever knows any state from the cursor's to
 * the present one: clients that retry by themselves send the cursor that they began with, and know more.
 *
 * `until`: an instant of the database's clock, not before the view's own and all that the client can have been told.
 */
export function touchedSince(
  view: AvailabilityView,
  plan: ViewPlan,
  { range, cursor, steps, until }: { range: ViewRange; cursor: Cursor; steps: LoggedChange[]; until: Instant },
): SlotChanges {
  const since = Math.min(cursor.at, view.at)
  const comings = steps.flatMap(({ delta }) => [...(delta.added ?? []), ...(delta.removed ?? [])])
  const passed = { start: earliestAt(plan, since), end: earliestAt(plan, until) }
  const ranges = [passed, ...rangesOfTime(view, plan, since, until), ...comings.map((one) => reachedStarts(plan, one))]
  const ids = new Set(comings.map(({ id }) => id))
  for (const claim of expiringClaims(view)) {
    const hasExpired = (claim.expiresAt as Instant) > since && (claim.expiresAt as Instant) <= until
    if (hasExpired && !ids.has(claim.id)) comings.push(claim)
  }
  const between = { since, until, comings, stays: staying(ids, until) }
  const changes: SlotChanges = { opened: [], closed: [] }
  const { latestAt } = bookingWindow(plan.service, since)
  for (const one of disjoint(ranges.map((touched) => clip(touched, range)))) {
    // Starts that the horizon reached in between are judged by the clock of now, all others by that of then.
    const before = { start: one.start, end: Math.min(one.end, latestAt) }
    const reached = { start: Math.max(one.start, latestAt), end: one.end }
    for (const run of runsWithin(view, before)) compare(view, plan, { run, now: since, between, changes })
    for (const run of runsWithin(view, reached)) compare(view, plan, { run, now: until, between, changes })
  }
  return changes
}

interface Between {
  since: Instant
  until: Instant
  /** What came or went. */
  comings: readonly Claim[]
  stays: (claim: Claim) => boolean
}

/**
 * A start has been at most as open as without everything that came or went, and at least as open as with all of it. Where
 * that is the same, and the clock has not changed it either, nothing has touched it.
 */
function compare(
  view: AvailabilityView,
  plan: ViewPlan,
  { run, now, between, changes }: { run: Interval; now: Instant; between: Between; changes: SlotChanges },
): void {
  const { offered } = plan
  if (!offered) return
  const most = openingsIn(plan, run, statesBetween(view, plan, run, between.stays), now)
  const states = statesBetween(view, plan, run, between.stays)
  for (const claim of between.comings) states.get(claim.resourceId)?.claims.push({ ...claim, expiresAt: null })
  const least = byStart(openingsIn(plan, run, states, now))
  const present = byStart(openingsBetween(view, run))
  const passedBefore = earliestAt(plan, between.until)
  for (const [index, start] of most.starts.entries()) {
    const candidates = most.candidates[index] as Candidates
    const open = present.get(start)
    const isTouched = now !== between.since || start < passedBefore || !isSameCandidates(candidates, least.get(start))
    if (!open) changes.closed.push(slotAt(offered, start, candidates))
    else if (isTouched) changes.opened.push(slotAt(offered, start, open))
  }
}

/** What counts at every moment in between. */
function staying(comingIds: ReadonlySet<string>, until: Instant): (claim: Claim) => boolean {
  return ({ id, expiresAt }) => !comingIds.has(id) && (expiresAt === null || expiresAt > until)
}

function earliestAt({ service }: ViewPlan, now: Instant): Instant {
  return bookingWindow(service, now).earliestAt
}

function byStart({ starts, candidates }: Openings): Map<Instant, Candidates> {
  return new Map(starts.map((start, index) => [start, candidates[index] as Candidates]))
}

function clip({ start, end }: Interval, { from, to }: ViewRange): Interval {
  return { start: Math.max(start, from), end: Math.min(end, to) }
}

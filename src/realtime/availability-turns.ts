// One turn of the log for availability: what changed, what has to be read anew, and what newcomers need, of one moment.
import type { AvailabilityView, ViewRange } from './availability-views.ts'
import type { Cursor } from './cursors.ts'
import { type DayRun, dayNumber, dayText, type ReadDay, readDays } from './day-reading.ts'
import { isDefinition } from './day-states.ts'
import { type LoggedChange, readChangesSince } from './log-reading.ts'
import type { TailTurn } from './log-tail.ts'
import { type Missed, readMissed } from './missed-changes.ts'
import { readPlans, type Unknown, type ViewPlan } from './view-plans.ts'
import { claimDays, standOn, stepDay, type WatchedViews } from './watched-views.ts'

/** Somebody waits for a first answer, or for what was missed since a cursor. */
export interface Arrival {
  view: AvailabilityView
  range: ViewRange
  since: { text: string; cursor: Cursor } | null
}

export interface ReadTurn<Arriving> {
  /** All states were read; there are no single steps to take. */
  anew: boolean
  rows: LoggedChange[]
  plans: Map<AvailabilityView, ViewPlan>
  /** The dates of these views whose states are known with this turn. */
  dates: Map<AvailabilityView, number[]>
  /** Views that cannot be: what they name does not exist. */
  unknown: Map<AvailabilityView, Unknown>
  days: ReadDay[]
  missed: Map<Arriving, Missed>
}

export async function readTurn<Arriving extends Arrival>(
  { tx, last, position }: TailTurn,
  watched: WatchedViews,
  { arrivals, reload }: { arrivals: readonly Arriving[]; reload: boolean },
): Promise<ReadTurn<Arriving>> {
  const { states, views, ahead } = watched
  const [rows, located] = await Promise.all([
    readChangesSince(tx, {
      organizationIds: states.organizationIds(),
      since: { snapshot: last.snapshot, except: [...ahead] },
    }),
    position,
  ])
  const anew = reload || !located.continues
  const planned = new Set(arrivals.flatMap(({ view }) => (view.plan ? [] : [view])))
  const growing = new Set(arrivals.flatMap(({ view, range }) => (isRead(view, range) ? [] : [view])))
  const days = createDayList()
  // A view without a plan is read for as soon as it is the turn of one who waits for it.
  if (anew) {
    for (const view of views.values()) if (view.plan) planned.add(view)
  } else {
    for (const { organizationId, subjectId, day, version, delta } of rows) {
      if (isDefinition(day)) {
        const definition = states.definition(organizationId, subjectId)
        if (definition && version > definition.version) for (const view of definition.views) planned.add(view)
      } else if (delta.busy && states.day(organizationId, subjectId, day)) {
        days.add(organizationId, subjectId, dayNumber(Date.parse(day)))
      }
    }
  }
  const plans = new Map<AvailabilityView, ViewPlan>()
  const dates = new Map<AvailabilityView, number[]>()
  for (const view of [...planned, ...growing]) dates.set(view, datesOf(view, arrivals))
  const unknown = new Map<AvailabilityView, Unknown>()
  for (const [view, plan] of await readPlans(tx, planned)) {
    if (typeof plan === 'string') unknown.set(view, plan)
    else plans.set(view, plan)
  }
  for (const view of growing) if (view.plan && !planned.has(view)) plans.set(view, view.plan)
  for (const [view, plan] of plans) {
    const { organizationId } = view.subject
    const numbers = claimDays(plan, dates.get(view) ?? [])
    for (const id of plan.offeredIds) {
      for (const day of numbers) {
        if (anew || !states.day(organizationId, id, dayText(day))) days.add(organizationId, id, day)
      }
    }
  }
  const [read, missed] = await Promise.all([
    readDays(tx, days.runs()),
    readMissed(tx, located, arrivals, (view) => plans.get(view) ?? view.plan),
  ])
  return { anew, rows, plans, dates, unknown, days: read, missed }
}

/**
 * Brings the states to the turn's snapshot. `isSound` false: the log had a gap, which cannot be; the next turn reads
 * everything anew.
 */
export function applyTurn(
  watched: WatchedViews,
  turn: ReadTurn<Arrival>,
): { touched: Set<AvailabilityView>; isSound: boolean } {
  const { states, views } = watched
  const touched = new Set<AvailabilityView>()
  let isSound = true
  for (const [view, plan] of turn.plans) {
    if (views.get(view.scope) !== view) continue
    standOn(watched, view, plan, turn.dates.get(view) ?? [])
    touched.add(view)
  }
  for (const { organizationId, subjectId, day, version, claims, busy } of turn.days) {
    const state = states.day(organizationId, subjectId, day)
    if (!state) continue
    Object.assign(state, { version, claims, busy })
    for (const view of state.views) {
      view.stale = 'all'
      touched.add(view)
    }
  }
  if (turn.anew) return { touched, isSound }
  for (const { organizationId, subjectId, day, version, delta } of turn.rows.sort((a, b) => a.version - b.version)) {
    const state = states.day(organizationId, subjectId, day)
    if (!state || version <= state.version) continue
    if (version !== state.version + 1) isSound = false
    for (const view of stepDay(state, version, delta)) touched.add(view)
  }
  return { touched, isSound }
}

/** What is read already, and what these wait for; what others wait for is read in their turn. */
function datesOf(view: AvailabilityView, arrivals: readonly Arrival[]): number[] {
  const wanted = arrivals.filter((arrival) => arrival.view === view)
  return view.order.filter((number) => {
    if (view.days.get(number)?.isRead) return true
    return wanted.some(({ range }) => range.firstDay <= number && number <= range.lastDay)
  })
}

function isRead({ days }: AvailabilityView, { firstDay, lastDay }: ViewRange): boolean {
  for (let number = firstDay; number <= lastDay; number++) if (!days.get(number)?.isRead) return false
  return true
}

/** Days to read, each once, as runs of days that follow each other. */
function createDayList() {
  const subjects = new Map<string, { organizationId: string; subjectId: string; days: Set<number> }>()
  return {
    add(organizationId: string, subjectId: string, day: number): void {
      const key = `${organizationId} ${subjectId}`
      const known = subjects.get(key)
      if (known) known.days.add(day)
      else subjects.set(key, { organizationId, subjectId, days: new Set([day]) })
    },
    runs(): DayRun[] {
      const runs: DayRun[] = []
      for (const { organizationId, subjectId, days } of subjects.values()) {
        let run: DayRun | undefined
        for (const day of [...days].sort((a, b) => a - b)) {
          if (run && day === run.lastDay + 1) run.lastDay = day
          else {
            run = { organizationId, subjectId, firstDay: day, lastDay: day }
            runs.push(run)
          }
        }
      }
      return runs
    },
  }
}

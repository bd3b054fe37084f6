// Live availability: who subscribes to which view, and when the views are judged and their members told.
import type { CommittedTransaction } from '../db/changes.ts'
import { NotFoundError } from '../domain/vocabulary/refusals.ts'
import { createAlarms } from './alarms.ts'
import type { Arrivals } from './arrivals.ts'
import { type Arrival, applyTurn, readTurn } from './availability-turns.ts'
import {
  type AvailabilityStream,
  type AvailabilityUpdate,
  type AvailabilityView,
  createView,
  rangeOf,
  type ViewRange,
  watchRange,
} from './availability-views.ts'
import { type AvailabilityQuestion, availabilityScope, type Cursor, type Cursors } from './cursors.ts'
import type { DatabaseClock } from './database-clock.ts'
import { applyEarly } from './early-changes.ts'
import { InvalidCursorError } from './invalid-cursor-error.ts'
import type { LogTail, TailReader } from './log-tail.ts'
import { type Missed, touchedSince } from './missed-changes.ts'
import { refreshedBeyond } from './pending-updates.ts'
import { sees } from './snapshots.ts'
import { createUpdateStream, type StreamSource } from './update-stream.ts'
import { refreshView } from './view-judging.ts'
import { changeOf, isCurrent, snapshotOf, tellMembers } from './view-updates.ts'
import { createWatchedViews, forgetDates, forgetView } from './watched-views.ts'

export interface AvailabilitySource extends Disposable {
  reader: TailReader
  /** Throws InvalidCursorError and NotFoundError. */
  subscribe(question: AvailabilityQuestion, after: string | null): Promise<AvailabilityStream>
  /** As early as possible; the same transaction may come any number of times, late, or never. */
  receive(transaction: CommittedTransaction): void
  counts(): { views: number; members: number; days: number }
}

interface SourceInput {
  arrivals: Arrivals
  cursors: Cursors
  clock: DatabaseClock
  tail: () => Pick<LogTail, 'position' | 'wake' | 'whenNotReading'>
  /**
   * How long a date is kept at most after the last who saw it has left: those who come back soon find it as it was. It
   * is kept no longer than it was watched.
   */
  lingerMs: number
}

/** A subscriber that is further behind gets a snapshot instead. */
const PENDING_LIMIT = 64
const SHORTEST_LINGER_MS = 1000

interface Waiting extends Arrival {
  settle(first: AvailabilityUpdate | null): void
  fail(error: unknown): void
}

export function createAvailabilitySource(input: SourceInput): AvailabilitySource {
  const { clock, cursors, tail, lingerMs } = input
  const watched = createWatchedViews()
  const changed = new Set<AvailabilityView>()
  const leaving = new Map<AvailabilityView, NodeJS.Timeout>()
  /** Touched since the last turn: what touched them may not be in its snapshot yet. */
  const unsettled = new Set<AvailabilityView>()
  const arriving = input.arrivals.queue<Waiting>()
  let flushing: NodeJS.Immediate | undefined
  let reload = false
  let isApplying = false
  let closed = false

  const moment = () => ({ position: tail().position(), cursors })
  const flush = () => {
    clearImmediate(flushing)
    flushing = undefined
    for (const view of changed) refresh(view)
    changed.clear()
  }
  const refresh = (view: AvailabilityView) => {
    if (!view.plan) return
    const changes = refreshView(view, view.plan, clock.now())
    alarms.set(view, view.nextAt === Number.POSITIVE_INFINITY ? null : view.nextAt)
    // Also without a change: what went up and down again in this turn may have been told in between elsewhere.
    view.quietSince = null
    unsettled.add(view)
    view.snapshots.clear()
    if (changes.opened.length + changes.closed.length > 0) tellMembers(view, moment(), changes)
  }
  const alarms = createAlarms<AvailabilityView>(clock.now, (due) => {
    for (const view of due) changed.add(view)
    flush()
  })

  const enter = (question: AvailabilityQuestion): AvailabilityView => {
    const scope = availabilityScope(question)
    const { organizationId, serviceId, resourceIds } = question
    const view = watched.views.get(scope) ?? createView({ organizationId, serviceId, resourceIds })
    watched.views.set(scope, view)
    return view
  }
  const join = (view: AvailabilityView, range: ViewRange): AvailabilityStream => {
    view.source ??= sourceOf(view)
    const stream = createUpdateStream(view.source, range)
    view.members.add(stream)
    return stream
  }
  const sourceOf = (view: AvailabilityView): StreamSource<AvailabilityUpdate, ViewRange> => ({
    newPending: ({ part }) =>
      refreshedBeyond(PENDING_LIMIT, () => {
        flush()
        return snapshotOf(view, moment(), part)
      }),
    left(stream) {
      view.members.delete(stream)
      unwatchRange(view, stream.part)
    },
    another: async (part) => {
      if (!part) throw new Error('A view is watched from one instant to another.')
      return subscribe({ ...view.subject, from: part.from, to: part.to }, null)
    },
  })
  /** From now on. */
  const begin = (view: AvailabilityView, range: ViewRange): AvailabilityStream => {
    const snapshot = snapshotOf(view, moment(), range)
    const stream = join(view, range)
    stream.push(snapshot)
    return stream
  }
  const unwatchRange = (view: AvailabilityView, { firstDay, lastDay }: ViewRange) => {
    if (closed) return
    const nowMs = performance.now()
    let isLeft = firstDay > lastDay
    for (let number = firstDay; number <= lastDay; number++) {
      const day = view.days.get(number)
      if (!day || --day.watchers > 0) continue
      isLeft = true
      day.keptUntilMs = nowMs + Math.min(Math.max(nowMs - day.watchedSinceMs, SHORTEST_LINGER_MS), lingerMs)
    }
    if (isLeft) lookLater(view)
  }
  const lookLater = (view: AvailabilityView) => {
    if (leaving.has(view)) return
    let soonestMs = performance.now() + lingerMs
    for (const { watchers, keptUntilMs } of view.days.values()) {
      if (watchers === 0) soonestMs = Math.min(soonestMs, keptUntilMs)
    }
    // A turn counts on the states that were there when it began.
    const look = () => tail().whenNotReading(() => leaving.has(view) && lookAfter(view))
    leaving.set(view, setTimeout(look, Math.max(soonestMs - performance.now(), 0) + 1).unref())
  }
  const lookAfter = (view: AvailabilityView) => {
    clearTimeout(leaving.get(view))
    leaving.delete(view)
    const rest = forgetDates(watched, view, performance.now())
    if (rest === 'none left' && view.members.size + view.waiting === 0) drop(view)
    else if ([...view.days.values()].some(({ watchers }) => watchers === 0)) lookLater(view)
  }
  const drop = (view: AvailabilityView) => {
    changed.delete(view)
    unsettled.delete(view)
    alarms.set(view, null)
    forgetView(watched, view)
  }

  const arrive = (view: AvailabilityView, range: ViewRange, since: Arrival['since']): Promise<AvailabilityStream> => {
    view.waiting++
    return new Promise((resolve, reject) => {
      arriving.add({
        view,
        range,
        since,
        settle(first) {
          view.waiting--
          const stream = join(view, range)
          if (first) stream.push(first)
          resolve(stream)
        },
        fail(error) {
          view.waiting--
          unwatchRange(view, range)
          reject(error)
        },
      })
      tail().wake()
    })
  }
  const firstUpdate = ({ view, range, since }: Waiting, missed: Missed): AvailabilityUpdate | null => {
    const position = tail().position()
    if (!since || !missed || !view.plan) return snapshotOf(view, moment(), range)
    const { cursor } = since
    // Between the turn's look at the clock and this moment a hold may have expired, and the others have been told.
    const until = Math.max(position.now, view.at)
    return changeOf(view, moment(), touchedSince(view, view.plan, { range, cursor, steps: missed, until }))
  }
  const answer = (waiting: Waiting, missed: Missed) => {
    let first: AvailabilityUpdate | null
    try {
      first = firstUpdate(waiting, missed)
    } catch (error) {
      return waiting.fail(error)
    }
    waiting.settle(first)
  }

  const subscribe = async (question: AvailabilityQuestion, after: string | null): Promise<AvailabilityStream> => {
    if (closed) throw new Error('Live availability is closing.')
    const cursor: Cursor | null = after === null ? null : cursors.decode(after)
    if (after !== null && !cursor) throw new InvalidCursorError()
    const view = enter(question)
    const range = rangeOf(question, tail().position().now)
    const isRead = watchRange(view, range, performance.now())
    const since = after !== null && cursor ? { text: after, cursor } : null
    if (!isRead) return arrive(view, range, since)
    flush()
    if (!cursor) return begin(view, range)
    return isCurrent(view, tail().position(), cursor, clock.now()) ? join(view, range) : arrive(view, range, since)
  }

  return {
    reader: {
      isIdle: () => watched.views.size === 0,
      async read(turn) {
        const result = await readTurn(turn, watched, { arrivals: arriving.present(), reload })
        return (position) => {
          isApplying = true
          const { snapshot, epoch } = position
          const { touched, isSound } = applyTurn(watched, result)
          for (const xid of watched.ahead) if (sees(snapshot, xid)) watched.ahead.delete(xid)
          // Cannot be: a commit is visible before it is acknowledged. But what was just read would lack it.
          reload = !isSound || watched.ahead.size > 0
          if (reload) tail().wake()
          for (const view of touched) changed.add(view)
          flush()
          if (!reload) {
            for (const view of unsettled) view.quietSince = { snapshot, epoch, at: view.at }
            unsettled.clear()
          }
          isApplying = false
          for (const waiting of arriving.serve()) {
            if (waiting.view.plan) answer(waiting, result.missed.get(waiting) ?? null)
            else waiting.fail(new NotFoundError(result.unknown.get(waiting.view) ?? 'service'))
          }
        }
      },
      failed() {
        // It broke off halfway: what is known is read anew.
        if (isApplying) reload = true
        isApplying = false
      },
    },
    subscribe,
    receive(transaction) {
      if (closed) return
      const touched = applyEarly(watched, transaction, tail().position().snapshot)
      if (touched === 'behind') return tail().wake()
      for (const view of touched) changed.add(view)
      // All that one turn of the event loop brings is one message.
      if (touched.length > 0) flushing ??= setImmediate(flush)
    },
    counts() {
      const views = [...watched.views.values()]
      return {
        views: views.length,
        members: views.reduce((sum, { members }) => sum + members.size, 0),
        days: watched.states.dayCount(),
      }
    },
    [Symbol.dispose]() {
      closed = true
      clearImmediate(flushing)
      alarms[Symbol.dispose]()
      for (const timer of leaving.values()) clearTimeout(timer)
      for (const { members } of watched.views.values()) for (const member of [...members]) member.end()
    },
  }
}

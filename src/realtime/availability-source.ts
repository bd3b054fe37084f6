// Live availability: who subscribes to which view, and when the views are judged and their members told.
import type { CommittedTransaction } from '../db/changes.ts'
import { NotFoundError } from '../domain/vocabulary/refusals.ts'
import { createAlarms } from './alarms.ts'
import { type Arrival, applyTurn, readTurn } from './availability-turns.ts'
import { type AvailabilityUpdate, type AvailabilityView, createView, refreshView } from './availability-views.ts'
import { type AvailabilityQuestion, availabilityScope, decodeCursor, encodeCursor } from './cursors.ts'
import type { DatabaseClock } from './database-clock.ts'
import { applyEarly } from './early-changes.ts'
import { InvalidCursorError } from './invalid-cursor-error.ts'
import type { LogTail, TailReader } from './log-tail.ts'
import { changesSince, type Missed } from './missed-changes.ts'
import { refreshedBeyond } from './pending-updates.ts'
import { sees } from './snapshots.ts'
import { createUpdateStream, type StreamSource, type UpdateStream } from './update-stream.ts'
import { createWatchedViews, forgetView } from './watched-views.ts'

export type AvailabilityStream = UpdateStream<AvailabilityUpdate>

export interface AvailabilitySource extends Disposable {
  reader: TailReader
  /** Throws InvalidCursorError and NotFoundError. */
  subscribe(question: AvailabilityQuestion, after: string | null): Promise<AvailabilityStream>
  /** As early as possible; the same transaction may come any number of times, late, or never. */
  receive(transaction: CommittedTransaction): void
  counts(): { views: number; members: number; days: number }
}

interface SourceInput {
  clock: DatabaseClock
  tail: () => Pick<LogTail, 'position' | 'wake' | 'whenNotReading'>
  /** How long a view is kept after its last member left: those who come back soon find it as it was. */
  lingerMs: number
}

/** A subscriber that is further behind gets a snapshot instead. */
const PENDING_LIMIT = 64
const CURSOR_LIMIT = 1000

interface Waiting extends Arrival {
  settle(first: AvailabilityUpdate | null): void
  fail(error: unknown): void
}

export function createAvailabilitySource({ clock, tail, lingerMs }: SourceInput): AvailabilitySource {
  const watched = createWatchedViews()
  const changed = new Set<AvailabilityView>()
  const leaving = new Map<AvailabilityView, NodeJS.Timeout>()
  /** Who waits for the next turn, and whom the present turn reads for. */
  let arriving: Waiting[] = []
  let served: Waiting[] = []
  let flushing: NodeJS.Immediate | undefined
  let reload = false
  let closed = false

  const flush = () => {
    clearImmediate(flushing)
    flushing = undefined
    for (const view of changed) refresh(view)
    changed.clear()
  }
  const refresh = (view: AvailabilityView) => {
    if (!view.plan) return
    const { opened, closed } = refreshView(view, view.plan, clock.now())
    alarms.set(view, view.nextAt === Number.POSITIVE_INFINITY ? null : view.nextAt)
    if (opened.length + closed.length === 0) return
    view.cursors.clear()
    view.snapshot = null
    const update = updateOf(view, { kind: 'CHANGE', opened, closed })
    for (const member of view.members) member.push(update)
  }
  const alarms = createAlarms<AvailabilityView>(clock.now, (due) => {
    for (const view of due) changed.add(view)
    flush()
  })
  /** Only of a view without pending changes: the cursor stands for its slots and its states alike. */
  const updateOf = (view: AvailabilityView, update: Omit<AvailabilityUpdate, 'cursor'>): AvailabilityUpdate => {
    const { epoch, snapshot } = tail().position()
    const ahead = view.aheadOf === snapshot ? view.ahead : []
    const cursor = encodeCursor({ epoch, snapshot, ahead, at: view.at, scope: view.scope })
    if (view.cursors.size >= CURSOR_LIMIT) view.cursors.clear()
    view.cursors.add(cursor)
    return Object.freeze({ ...update, cursor })
  }
  const snapshotOf = (view: AvailabilityView): AvailabilityUpdate => {
    flush()
    const position = tail().position().snapshot
    if (view.snapshot?.position === position) return view.snapshot.update
    const update = updateOf(view, { kind: 'SNAPSHOT', opened: view.slots, closed: [] })
    view.snapshot = { update, position }
    return update
  }

  const enter = (question: AvailabilityQuestion): AvailabilityView => {
    const scope = availabilityScope(question)
    const view = watched.views.get(scope) ?? createView(question)
    watched.views.set(scope, view)
    clearTimeout(leaving.get(view))
    leaving.delete(view)
    return view
  }
  const join = (view: AvailabilityView): AvailabilityStream => {
    view.source ??= sourceOf(view)
    const stream = createUpdateStream(view.source)
    view.members.add(stream)
    return stream
  }
  const sourceOf = (view: AvailabilityView): StreamSource<AvailabilityUpdate> => ({
    newPending: () => refreshedBeyond(PENDING_LIMIT, () => snapshotOf(view)),
    left(stream) {
      view.members.delete(stream)
      lingerIfUnwatched(view)
    },
    // The view is watched: somebody is in it.
    another: async () => (view.members.size > 0 ? begin(view) : subscribe(view.question, null)),
  })
  /** From now on. */
  const begin = (view: AvailabilityView): AvailabilityStream => {
    const snapshot = snapshotOf(view)
    const stream = join(view)
    stream.push(snapshot)
    return stream
  }
  const lingerIfUnwatched = (view: AvailabilityView) => {
    if (closed || view.members.size + view.waiting > 0 || leaving.has(view)) return
    // A turn counts on the states that were there when it began.
    const forget = () => tail().whenNotReading(() => leaving.has(view) && drop(view))
    leaving.set(view, setTimeout(forget, lingerMs).unref())
  }
  const drop = (view: AvailabilityView) => {
    clearTimeout(leaving.get(view))
    leaving.delete(view)
    changed.delete(view)
    alarms.set(view, null)
    forgetView(watched, view)
  }

  const arrive = (view: AvailabilityView, since: Arrival['since']): Promise<AvailabilityStream> => {
    view.waiting++
    return new Promise((resolve, reject) => {
      arriving.push({
        view,
        since,
        settle(first) {
          view.waiting--
          const stream = join(view)
          if (first) stream.push(first)
          resolve(stream)
        },
        fail(error) {
          view.waiting--
          lingerIfUnwatched(view)
          reject(error)
        },
      })
      tail().wake()
    })
  }
  const firstUpdate = ({ view, since }: Waiting, missed: Missed): AvailabilityUpdate | null => {
    if (!since || !missed || !view.plan) return snapshotOf(view)
    if (view.cursors.has(since.text)) return null
    const { opened, closed } = changesSince(view, view.plan, since.cursor, missed)
    if (opened.length + closed.length > 0) return updateOf(view, { kind: 'CHANGE', opened, closed })
    view.cursors.add(since.text)
    return null
  }

  const subscribe = async (question: AvailabilityQuestion, after: string | null): Promise<AvailabilityStream> => {
    if (closed) throw new Error('Live availability is closing.')
    const cursor = after === null ? null : decodeCursor(after)
    if (after !== null && !cursor) throw new InvalidCursorError()
    const view = enter(question)
    flush()
    if (!view.plan) return arrive(view, after !== null && cursor ? { text: after, cursor } : null)
    if (after === null || !cursor) return begin(view)
    return view.cursors.has(after) ? join(view) : arrive(view, { text: after, cursor })
  }

  return {
    reader: {
      isIdle: () => watched.views.size === 0 && arriving.length === 0,
      async read(turn) {
        served = arriving
        arriving = []
        const result = await readTurn(turn, watched, { arrivals: served, reload })
        return ({ snapshot }) => {
          const { touched, isSound } = applyTurn(watched, result)
          for (const xid of watched.ahead) if (sees(snapshot, xid)) watched.ahead.delete(xid)
          // Cannot be: a commit is visible before it is acknowledged. But what was just read would lack it.
          reload = !isSound || watched.ahead.size > 0
          if (reload) tail().wake()
          for (const view of touched) changed.add(view)
          for (const { view } of served) changed.add(view)
          flush()
          for (const waiting of served.splice(0)) {
            if (waiting.view.plan) waiting.settle(firstUpdate(waiting, result.missed.get(waiting) ?? null))
            else waiting.fail(new NotFoundError(result.unknown.get(waiting.view) ?? 'service'))
          }
        }
      },
      failed(error, isAway) {
        const waiting = served.splice(0)
        if (isAway) arriving.unshift(...waiting)
        else for (const { fail } of waiting) fail(error)
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
      for (const { fail } of [...arriving.splice(0), ...served.splice(0)])
        fail(new Error('Live availability is closing.'))
      for (const { members } of watched.views.values()) for (const member of [...members]) member.end()
    },
  }
}

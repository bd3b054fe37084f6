// Boards: many services at once. A board reads the views that everybody else reads, and joins what they tell under one cursor.
import { hash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Slot } from '../domain/vocabulary/types.ts'
import type { AvailabilityUpdate } from './availability-views.ts'
import {
  type AvailabilityQuestion,
  availabilityScope,
  type Cursor,
  type Cursors,
  isAbout,
  sortedIds,
} from './cursors.ts'
import { InvalidCursorError } from './invalid-cursor-error.ts'
import type { TailPosition } from './log-tail.ts'
import { sees } from './snapshots.ts'
import { SubscriberTooSlowError } from './update-stream.ts'

export interface BoardQuestion extends Omit<AvailabilityQuestion, 'serviceId'> {
  serviceIds: readonly string[]
}

/** What happened to one service. */
export interface BoardChange {
  serviceId: string
  kind: AvailabilityUpdate['kind']
  opened: readonly Slot[]
  closed: readonly Slot[]
}

export interface BoardUpdate {
  /** In this order; a service may be named more than once. */
  changes: BoardChange[]
  /** Of the whole board. */
  cursor: string
}

export type BoardStream = Required<Omit<AsyncIterableIterator<BoardUpdate>, typeof Symbol.asyncDispose>>

type ServiceStream = AsyncIterator<AvailabilityUpdate> & { return(): Promise<unknown> }

interface BoardSource {
  watch(question: AvailabilityQuestion, after: string | null): Promise<ServiceStream>
  position(): TailPosition
  cursors: Cursors
}

/** More than that in one message: the subscriber comes back with its last cursor. */
const CHANGES_LIMIT = 10_000

/** Throws InvalidCursorError, and NotFoundError of an unknown service. */
export async function openBoard(
  { serviceIds, ...rest }: BoardQuestion,
  after: string | null,
  { watch, position, cursors }: BoardSource,
): Promise<BoardStream> {
  const scope = boardScope({ serviceIds, ...rest })
  const given = after === null ? null : cursors.decode(after)
  if (after !== null && !given) throw new InvalidCursorError()
  // Of another board: a snapshot of every service.
  const since = given && isAbout(given, scope) ? given : null
  const opening = serviceIds.map((serviceId) => {
    const question = { ...rest, serviceId }
    return watch(question, since && cursors.encode({ ...since, scope: availabilityScope(question) }))
  })
  const settled = await Promise.allSettled(opening)
  const failed = settled.find((result) => result.status === 'rejected')
  const opened = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  if (failed) {
    await Promise.all(opened.map((stream) => stream.return()))
    throw failed.reason
  }
  const streams = new Map(serviceIds.map((serviceId, index) => [serviceId, opened[index] as ServiceStream]))
  return joinStreams(streams, { scope, since, position, cursors })
}

function joinStreams(
  streams: Map<string, ServiceStream>,
  {
    scope,
    since,
    position,
    cursors,
  }: Pick<BoardSource, 'position' | 'cursors'> & { scope: string; since: Cursor | null },
): BoardStream {
  const ready: { serviceId: string; update: AvailabilityUpdate }[] = []
  /** What was told last of each service. */
  const told = new Map<string, Cursor>(since ? [...streams.keys()].map((serviceId) => [serviceId, since]) : [])
  let wake = () => {}
  let state: 'open' | 'ended' | 'left' = 'open'
  let fault: { error: unknown } | null = null

  const listen = async (serviceId: string) => {
    try {
      const { done, value } = await (streams.get(serviceId) as ServiceStream).next()
      if (!done) ready.push({ serviceId, update: value })
      else if (state === 'open') state = 'ended'
    } catch (error) {
      fault ??= { error }
    }
    wake()
  }
  const leave = async () => {
    if (state === 'left') return
    state = 'left'
    wake()
    await Promise.all([...streams.values()].map((stream) => stream.return()))
  }
  /**
   * All that was told until now. A turn of the log tells the views one after the other; the cursor of the board stands for
   * all of them only once each has been heard, and that is so when a turn of the event loop brought nothing more.
   */
  const drain = async (): Promise<BoardChange[]> => {
    const changes: BoardChange[] = []
    for (;;) {
      await nextTurn()
      const batch = ready.splice(0)
      if (batch.length === 0) return changes
      for (const { serviceId, update } of batch) {
        const cursor = cursors.decode(update.cursor)
        if (!cursor) throw new Error('A view told a cursor that cannot be read.')
        told.set(serviceId, cursor)
        const { kind, opened, closed } = update
        changes.push({ serviceId, kind, opened, closed })
        void listen(serviceId)
      }
      if (changes.length > CHANGES_LIMIT) throw new SubscriberTooSlowError('The subscriber did not keep up.')
    }
  }
  const next = async (): Promise<IteratorResult<BoardUpdate>> => {
    while (state === 'open' && !fault && ready.length === 0) {
      const { promise, resolve } = Promise.withResolvers<void>()
      wake = resolve
      await promise
    }
    const changes = state === 'left' || fault ? [] : await drain()
    if (changes.length > 0 && state !== 'left') {
      return {
        done: false,
        value: { changes, cursor: cursors.encode(cursorOf(position(), [...told.values()], scope)) },
      }
    }
    const wasLeft = state === 'left'
    await leave()
    if (fault && !wasLeft) throw (fault as { error: unknown }).error
    return { done: true, value: undefined }
  }
  for (const serviceId of streams.keys()) void listen(serviceId)
  return {
    next,
    async return() {
      await leave()
      return { done: true, value: undefined }
    },
    async throw(error) {
      await leave()
      throw error
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

/** The log has told everything up to `position`; the clock, to each service what its last message says. */
function cursorOf({ epoch, snapshot }: TailPosition, told: Cursor[], scope: string): Cursor {
  const ahead = new Set(told.flatMap((cursor) => cursor.ahead).filter((xid) => !sees(snapshot, xid)))
  return { epoch, snapshot, ahead: [...ahead], at: Math.min(...told.map(({ at }) => at)), scope }
}

/** The range is not in it, as with a view. */
function boardScope({ organizationId, serviceIds, resourceIds }: BoardQuestion): string {
  const parts = ['board', organizationId, sortedIds(serviceIds), sortedIds(resourceIds)]
  return hash('sha256', JSON.stringify(parts), 'base64url').slice(0, 22)
}

// One subscriber's place in a source: an async iterator over shared updates.
import type { PendingUpdates } from './pending-updates.ts'

/** Takes updates as they come, without being asked for each. */
export interface UpdateReceiver<Update> {
  /** False: what comes now has to wait (and may be conflated) until `resume`. */
  isReady(): boolean
  take(update: Update): void
  /** Nothing comes any more; with an error if something is missing. */
  end(error?: Error): void
}

/** What was subscribed to: one for all its subscribers. `Part`: what of it one of them wants. */
export interface StreamSource<Update, Part = unknown> {
  /** Where updates wait for a subscriber that is not ready. */
  newPending(stream: UpdateStream<Update, Part>): PendingUpdates<Update>
  /** Called once, when a subscriber has left or the end was delivered to it. */
  left(stream: UpdateStream<Update, Part>): void
  /** One more subscriber to the same, from now on. */
  another(part: PartWanted | null): Promise<UpdateStream<Update>>
}

/** The part that a subscriber wants, as it is asked for. */
export interface PartWanted {
  from: number
  to: number
}

export interface UpdateStream<Update, Part = unknown> extends AsyncIterableIterator<Update> {
  readonly source: StreamSource<Update, Part>
  readonly part: Part
  push(update: Update): void
  /** Instead of `next`: everything goes to the receiver, what is pending first. */
  deliverTo(receiver: UpdateReceiver<Update>): void
  /** The receiver is ready again. */
  resume(): void
  /** What was told last did not arrive whole: what comes next is told as a snapshot, where there is one. */
  startOver(): void
  /** Pending updates are still delivered. */
  end(): void
  return(): Promise<IteratorResult<Update>>
  throw(error: unknown): Promise<IteratorResult<Update>>
  [Symbol.asyncIterator](): UpdateStream<Update, Part>
}

/** The subscriber did not keep up, and what it missed cannot be put together again. It has to begin anew. */
export class SubscriberTooSlowError extends Error {
  override readonly name = 'SubscriberTooSlowError'
}

interface Stream<Update, Part = unknown> extends UpdateStream<Update, Part> {
  state: 'open' | 'tooSlow' | 'ended' | 'left'
  receiver: UpdateReceiver<Update> | null
  /** Null: nothing is pending. */
  pending: PendingUpdates<Update> | null
  waiting: ((result: IteratorResult<Update>) => void)[] | null
  isBehind: boolean
  startsOver: boolean
}

const DONE: IteratorResult<never> = { done: true, value: undefined }

/**
 * `return` and `throw` settle a `next` that is pending: a subscriber may leave while nothing happens. There are many
 * thousands of these, so they share their functions: as closures they were a kilobyte each.
 */
export function createUpdateStream<Update, Part>(
  source: StreamSource<Update, Part>,
  part: Part,
): UpdateStream<Update, Part> {
  const stream: Stream<Update, Part> = {
    source,
    part,
    state: 'open',
    receiver: null,
    pending: null,
    waiting: null,
    isBehind: true,
    startsOver: false,
    push,
    deliverTo,
    resume,
    startOver,
    end,
    next,
    return: leaveByReturn,
    throw: leaveByThrow,
    [Symbol.asyncIterator]: itself,
  }
  return stream
}

function push<Update>(this: Stream<Update>, update: Update): void {
  if (this.state !== 'open') return
  const { receiver } = this
  if (receiver) {
    if (!this.isBehind && receiver.isReady()) {
      receiver.take(update)
      return
    }
    this.isBehind = true
    keep(this, update)
    // Not at once: a source pushes to one member after the other, and what is made anew may be newer than this.
    if (this.startsOver) queueMicrotask(() => this.resume())
    this.startsOver = false
    return
  }
  const resolve = this.waiting?.shift()
  if (resolve) resolve({ done: false, value: update })
  else keep(this, update)
}

function deliverTo<Update>(this: Stream<Update>, receiver: UpdateReceiver<Update>): void {
  this.receiver = receiver
  this.resume()
}

function resume<Update>(this: Stream<Update>): void {
  const { receiver } = this
  while (receiver && this.state !== 'left' && receiver.isReady()) {
    const update = this.state === 'tooSlow' ? undefined : takePending(this)
    if (update !== undefined) {
      receiver.take(update)
      continue
    }
    this.isBehind = false
    if (this.state === 'open') return
    const error = this.state === 'tooSlow' ? tooSlow() : undefined
    leave(this)
    receiver.end(error)
  }
}

function startOver<Update>(this: Stream<Update>): void {
  if (this.state !== 'open') return
  this.pending ??= this.source.newPending(this)
  this.pending.startOver?.()
  this.isBehind = true
  this.startsOver = true
}

function end<Update>(this: Stream<Update>): void {
  if (this.state === 'open') this.state = 'ended'
  if (this.receiver) this.resume()
  else if (this.waiting?.length) leave(this)
}

function next<Update>(this: Stream<Update>): Promise<IteratorResult<Update>> {
  if (this.state === 'left') return Promise.resolve(DONE)
  if (this.state === 'tooSlow') {
    leave(this)
    return Promise.reject(tooSlow())
  }
  const update = takePending(this)
  if (update !== undefined) return Promise.resolve({ done: false, value: update })
  if (this.state === 'open') {
    return new Promise((resolve) => {
      this.waiting ??= []
      this.waiting.push(resolve)
    })
  }
  leave(this)
  return Promise.resolve(DONE)
}

function leaveByReturn<Update>(this: Stream<Update>): Promise<IteratorResult<Update>> {
  leave(this)
  return Promise.resolve(DONE)
}

function leaveByThrow<Update>(this: Stream<Update>, error: unknown): Promise<IteratorResult<Update>> {
  leave(this)
  return Promise.reject(error)
}

function itself<Update, Part>(this: Stream<Update, Part>): UpdateStream<Update, Part> {
  return this
}

function leave<Update>(stream: Stream<Update>): void {
  if (stream.state === 'left') return
  stream.state = 'left'
  for (const resolve of stream.waiting?.splice(0) ?? []) resolve(DONE)
  stream.source.left(stream)
}

function keep<Update>(stream: Stream<Update>, update: Update): void {
  stream.pending ??= stream.source.newPending(stream)
  if (!stream.pending.add(update)) stream.state = 'tooSlow'
}

function takePending<Update>(stream: Stream<Update>): Update | undefined {
  const update = stream.pending?.take()
  if (update === undefined) stream.pending = null
  return update
}

function tooSlow(): SubscriberTooSlowError {
  return new SubscriberTooSlowError('The subscriber did not keep up.')
}

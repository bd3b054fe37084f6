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

export interface UpdateStream<Update> extends AsyncIterableIterator<Update> {
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
  [Symbol.asyncIterator](): UpdateStream<Update>
}

/** The subscriber did not keep up, and what it missed cannot be put together again. It has to begin anew. */
export class SubscriberTooSlowError extends Error {
  override readonly name = 'SubscriberTooSlowError'
}

interface UpdateStreamInput<Update> {
  pending: PendingUpdates<Update>
  /** Called once, when the subscriber has left or the end was delivered. */
  onLeave: () => void
}

const DONE: IteratorResult<never> = { done: true, value: undefined }

/** `return` and `throw` settle a `next` that is pending: a subscriber may leave while nothing happens. */
export function createUpdateStream<Update>({ pending, onLeave }: UpdateStreamInput<Update>): UpdateStream<Update> {
  const waiting: ((result: IteratorResult<Update>) => void)[] = []
  let receiver: UpdateReceiver<Update> | null = null
  let isBehind = true
  let startsOver = false
  let state: 'open' | 'tooSlow' | 'ended' | 'left' = 'open'

  const leave = () => {
    if (state === 'left') return
    state = 'left'
    for (const resolve of waiting.splice(0)) resolve(DONE)
    onLeave()
  }
  const resume = () => {
    while (receiver && state !== 'left' && receiver.isReady()) {
      const update = state === 'tooSlow' ? undefined : pending.take()
      if (update !== undefined) {
        receiver.take(update)
        continue
      }
      isBehind = false
      if (state === 'open') return
      const error = state === 'tooSlow' ? tooSlow() : undefined
      leave()
      receiver.end(error)
    }
  }
  return {
    deliverTo(given) {
      receiver = given
      resume()
    },
    resume,
    startOver() {
      if (state !== 'open') return
      pending.startOver?.()
      isBehind = true
      startsOver = true
    },
    push(update) {
      if (state !== 'open') return
      if (receiver) {
        if (!isBehind && receiver.isReady()) return receiver.take(update)
        isBehind = true
        if (!pending.add(update)) state = 'tooSlow'
        // Not at once: a source pushes to one member after the other, and what is made anew may be newer than this.
        if (startsOver) queueMicrotask(resume)
        startsOver = false
        return
      }
      const resolve = waiting.shift()
      if (resolve) resolve({ done: false, value: update })
      else if (!pending.add(update)) state = 'tooSlow'
    },
    end() {
      if (state === 'open') state = 'ended'
      if (receiver) resume()
      else if (waiting.length > 0) leave()
    },
    next() {
      if (state === 'left') return Promise.resolve(DONE)
      if (state === 'tooSlow') {
        leave()
        return Promise.reject(tooSlow())
      }
      const update = pending.take()
      if (update !== undefined) return Promise.resolve({ done: false, value: update })
      if (state === 'open') return new Promise((resolve) => waiting.push(resolve))
      leave()
      return Promise.resolve(DONE)
    },
    return() {
      leave()
      return Promise.resolve(DONE)
    },
    throw(error) {
      leave()
      return Promise.reject(error)
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

function tooSlow(): SubscriberTooSlowError {
  return new SubscriberTooSlowError('The subscriber did not keep up.')
}

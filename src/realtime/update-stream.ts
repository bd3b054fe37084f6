// One subscriber's place in a source: an async iterator over shared updates that never holds more than a bound of them.

export interface UpdateStream<Update> extends AsyncIterableIterator<Update> {
  push(update: Update): void
  /** Pending updates are still delivered. */
  end(): void
  return(): Promise<IteratorResult<Update>>
  throw(error: unknown): Promise<IteratorResult<Update>>
  [Symbol.asyncIterator](): UpdateStream<Update>
}

interface UpdateStreamInput<Update> {
  /** Pending updates beyond this are all dropped, and replaced by one from `refresh` when the subscriber asks again. */
  pendingLimit: number
  /** One update that stands for everything pushed so far. */
  refresh: () => Update
  /** Called once, when the subscriber has left or the end was delivered. */
  onLeave: () => void
}

const DONE: IteratorResult<never> = { done: true, value: undefined }

/** `return` and `throw` settle a `next` that is pending: a subscriber may leave while nothing happens. */
export function createUpdateStream<Update>(input: UpdateStreamInput<Update>): UpdateStream<Update> {
  let pending: Update[] = []
  const waiting: ((result: IteratorResult<Update>) => void)[] = []
  let overrun = false
  let ended = false
  let left = false

  const leave = () => {
    if (left) return
    left = true
    ended = true
    overrun = false
    pending = []
    for (const resolve of waiting.splice(0)) resolve(DONE)
    input.onLeave()
  }
  return {
    push(update) {
      if (ended || overrun) return
      const resolve = waiting.shift()
      if (resolve) resolve({ done: false, value: update })
      else if (pending.push(update) > input.pendingLimit) {
        pending = []
        overrun = true
      }
    },
    end() {
      ended = true
      if (waiting.length > 0) leave()
    },
    next() {
      if (overrun) {
        overrun = false
        return Promise.resolve({ done: false, value: input.refresh() })
      }
      const update = pending.shift()
      if (update !== undefined) return Promise.resolve({ done: false, value: update })
      if (ended) {
        leave()
        return Promise.resolve(DONE)
      }
      return new Promise((resolve) => waiting.push(resolve))
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

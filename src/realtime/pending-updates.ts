// What waits for a slow subscriber: bounded, and never with a silent hole.

export interface PendingUpdates<Update> {
  /** False: the subscriber is too far behind to be told the rest. */
  add(update: Update): boolean
  take(): Update | undefined
  /** All is replaced by one update made anew. */
  startOver?(): void
}

/** Beyond the limit all is dropped and replaced by one update from `refresh`, made when the subscriber asks again. */
export function refreshedBeyond<Update>(limit: number, refresh: () => Update): PendingUpdates<Update> {
  let pending: Update[] = []
  let overrun = false
  const startOver = () => {
    pending = []
    overrun = true
  }
  return {
    startOver,
    add(update) {
      if (!overrun && pending.push(update) > limit) startOver()
      return true
    },
    take() {
      if (!overrun) return pending.shift()
      overrun = false
      return refresh()
    },
  }
}

/** Of each thing the newest state; a newer one stands in line where it came. */
export function newestOfEach<Update>(limit: number, keyOf: (update: Update) => string): PendingUpdates<Update> {
  const pending = new Map<string, Update>()
  return {
    add(update) {
      pending.delete(keyOf(update))
      pending.set(keyOf(update), update)
      return pending.size <= limit
    },
    take() {
      const first = pending.entries().next()
      if (first.done) return undefined
      pending.delete(first.value[0])
      return first.value[1]
    },
  }
}

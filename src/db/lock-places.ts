// How many advisory locks this process takes at once: PostgreSQL has one table of locks for everybody, of about 6,400 places by default.
import { LocksExhausted } from './errors.ts'

export interface LockPlaces {
  /** In the order of asking. Throws LocksExhausted for more than one transaction may have, and when the wait runs out. */
  take(count: number): Promise<() => void>
}

interface LockPlacesInput {
  /** Of all transactions of this process together. */
  total: number
  perTransaction: number
  waitAtMostMs: number
}

interface Waiting {
  count: number
  enter: () => void
}

export function createLockPlaces({ total, perTransaction, waitAtMostMs }: LockPlacesInput): LockPlaces {
  let free = total
  const waiting: Waiting[] = []

  const admit = () => {
    for (let next = waiting[0]; next && next.count <= free; next = waiting[0]) {
      waiting.shift()
      free -= next.count
      next.enter()
    }
  }
  const give = (count: number) => () => {
    free += count
    admit()
  }

  return {
    async take(count) {
      if (count > perTransaction) throw new LocksExhausted(count)
      const entered = Promise.withResolvers<void>()
      const asked = { count, enter: entered.resolve }
      waiting.push(asked)
      admit()
      // Nothing waits for whoever finds a place at once.
      if (!waiting.includes(asked)) return give(count)
      const timer = setTimeout(() => {
        waiting.splice(waiting.indexOf(asked), 1)
        entered.reject(new LocksExhausted(count))
        admit()
      }, waitAtMostMs)
      try {
        await entered.promise
      } finally {
        clearTimeout(timer)
      }
      return give(count)
    },
  }
}

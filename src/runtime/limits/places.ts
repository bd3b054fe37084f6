// Counts what is open at one moment: each place that was taken is given back once.

import { LimitExceeded } from './limit-exceeded.ts'
import type { LimitName, Limits } from './table.ts'

export interface Wanted {
  limit: LimitName
  /** Whose; of the process: left out. */
  key?: string
  amount?: number
}

export type GiveBack = () => void

export interface Places {
  /** All of them or none. Throws LimitExceeded. */
  take(wanted: readonly Wanted[]): GiveBack
  used(limit: LimitName, key?: string): number
  /** Callers with anything open. */
  size(): number
}

/** When somebody leaves is not known: who was refused asks again in a moment. */
const RETRY_AFTER_MS = 1000

export function createPlaces(limits: Limits): Places {
  const used = new Map<string, number>()
  const nameOf = ({ limit, key = '' }: Wanted) => `${limit} ${key}`
  const add = (name: string, amount: number) => {
    const sum = (used.get(name) ?? 0) + amount
    if (sum > 0) used.set(name, sum)
    else used.delete(name)
  }

  return {
    take(wanted) {
      for (const one of wanted) {
        const { limit, amount = 1 } = one
        if ((used.get(nameOf(one)) ?? 0) + amount <= limits[limit]) continue
        throw new LimitExceeded(limit, limits[limit], RETRY_AFTER_MS)
      }
      for (const one of wanted) add(nameOf(one), one.amount ?? 1)
      let isTaken = true
      return () => {
        if (!isTaken) return
        isTaken = false
        for (const one of wanted) add(nameOf(one), -(one.amount ?? 1))
      }
    },
    used: (limit, key = '') => used.get(`${limit} ${key}`) ?? 0,
    size: () => used.size,
  }
}

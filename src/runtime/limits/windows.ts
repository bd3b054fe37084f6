// Counts what happens in windows of ten seconds, by limit and caller, in this process and without waiting for anything.

import { LimitExceeded } from './limit-exceeded.ts'
import { LIMIT_NAMES, LIMITS, type LimitName, type Limits, WINDOW_SECONDS } from './table.ts'

/** What was counted here since it was told last. */
export interface Pending {
  limit: LimitName
  key: string
  points: number
}

export interface Windows {
  /** Throws LimitExceeded if there is no room, and counts nothing then. */
  count(limit: LimitName, key: string, points?: number): void
  /** Throws LimitExceeded if there is no room. */
  requireRoom(limit: LimitName, key: string): void
  /** Of callers who have used a tenth of their limit: who uses less does not matter to other gateways. */
  takePending(most: number): Pending[]
  /** What all gateways have counted together is at the limit. */
  block(limit: LimitName, key: string, forMs: number): void
  /** While the gateways cannot add up, each gives its part: 1 for all of it. */
  setShare(share: number): void
  size(): number
}

const WINDOW_MS = WINDOW_SECONDS * 1000
/** Beyond so many callers of one limit in a window the further ones are counted as one: the memory is bounded. */
const CALLERS_LIMIT = 50_000
const THE_REST = 'the rest'

interface Count {
  used: number
  told: number
}

/**
 * Of our own, because a request asks up to three times and must not wait: a promise each time (rate-limiter-flexible in memory)
 * cost 2.5 µs a request, this 0.2 µs.
 */
export function createWindows(limits: Limits, now: () => number = () => performance.now()): Windows {
  const rates = LIMIT_NAMES.filter((name) => LIMITS[name].kind === 'rate')
  const counts = new Map<LimitName, Map<string, Count>>(rates.map((name) => [name, new Map()]))
  const blocked = new Map<string, number>()
  let endsAt = now() + WINDOW_MS
  let share = 1

  const open = (limit: LimitName): Map<string, Count> => {
    const at = now()
    if (at >= endsAt) {
      for (const of of counts.values()) of.clear()
      for (const [key, untilMs] of blocked) if (untilMs <= at) blocked.delete(key)
      endsAt = at + WINDOW_MS
    }
    const found = counts.get(limit)
    if (!found) throw new Error(`${limit} is no rate.`)
    return found
  }
  const mostOf = (limit: LimitName) => Math.max(1, Math.floor(limits[limit] * share))
  const refuseBlocked = (limit: LimitName, key: string) => {
    if (blocked.size === 0) return
    const untilMs = blocked.get(`${limit} ${key}`) ?? 0
    if (untilMs > now()) throw new LimitExceeded(limit, limits[limit], untilMs - now())
  }

  return {
    count(limit, key, points = 1) {
      const callers = open(limit)
      refuseBlocked(limit, key)
      const name = callers.has(key) || callers.size < CALLERS_LIMIT ? key : THE_REST
      let count = callers.get(name)
      if (!count) {
        count = { used: 0, told: 0 }
        callers.set(name, count)
      }
      if (count.used + points > mostOf(limit)) throw new LimitExceeded(limit, mostOf(limit), endsAt - now())
      count.used += points
    },
    requireRoom(limit, key) {
      const callers = open(limit)
      refuseBlocked(limit, key)
      const used = callers.get(key)?.used ?? 0
      if (used >= mostOf(limit)) throw new LimitExceeded(limit, mostOf(limit), endsAt - now())
    },
    takePending(most) {
      const pending: Pending[] = []
      for (const [limit, callers] of counts) {
        if (LIMITS[limit].per === 'socket') continue
        const worthTelling = limits[limit] / 10
        for (const [key, count] of callers) {
          if (pending.length >= most) return pending
          if (count.used < worthTelling || count.used === count.told || key === THE_REST) continue
          pending.push({ limit, key, points: count.used - count.told })
          count.told = count.used
        }
      }
      return pending
    },
    block(limit, key, forMs) {
      if (blocked.size < CALLERS_LIMIT) blocked.set(`${limit} ${key}`, now() + forMs)
    },
    setShare(given) {
      share = given
    },
    size: () => [...counts.values()].reduce((sum, { size }) => sum + size, 0) + blocked.size,
  }
}

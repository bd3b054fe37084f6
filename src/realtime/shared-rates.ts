// Adds up over all gateways, in Redis, what each has counted of its callers; no request waits for it.
import { randomUUID } from 'node:crypto'
import { RateLimiterRedis } from 'rate-limiter-flexible'
import { LIMIT_NAMES, LIMITS, type LimitName, type Limits, WINDOW_SECONDS } from '../runtime/limits/table.ts'
import type { Windows } from '../runtime/limits/windows.ts'
import type { Logger } from '../runtime/logger.ts'
import { startLoop } from '../runtime/loops.ts'
import { openCommandClient } from './redis-connections.ts'

interface SharedRatesInput {
  urls: string[]
  prefix: string
  limits: Limits
  windows: Windows
  logger: Logger
  intervalMs?: number
}

export interface SharedRates extends AsyncDisposable {
  /** Those that were seen in Redis last; what a gateway counts by itself is divided by it while Redis is away. */
  gateways: () => number
  isAway: () => boolean
}

const INTERVAL_MS = 250
/** Sent in one turn; what is left comes with the next. */
const TOLD_LIMIT = 1000
const GATEWAY_GONE_MS = 5000

/**
 * Each gateway counts by itself and lets nobody over the limit. In the background it adds what it counted to the sum of all, and
 * whoever is over the limit there is blocked here too, until that window ends. A flood over several gateways is stopped within a
 * quarter of a second. A promise to Redis for each request would make every request as slow as Redis, and as absent.
 */
export function createSharedRates(input: SharedRatesInput): SharedRates {
  const { limits, windows, prefix, logger } = input
  const client = openCommandClient(input.urls)
  const id = randomUUID()
  const roster = `${prefix}gateways`
  const limiters = new Map<LimitName, RateLimiterRedis>()
  for (const name of LIMIT_NAMES) {
    if (LIMITS[name].kind !== 'rate' || LIMITS[name].per === 'socket') continue
    const keyPrefix = `${prefix}rate:${name}`
    const points = limits[name]
    limiters.set(name, new RateLimiterRedis({ storeClient: client, keyPrefix, points, duration: WINDOW_SECONDS }))
  }
  let gateways = 1
  let isAway = true

  const tell = async () => {
    const pending = windows.takePending(TOLD_LIMIT)
    await Promise.all(
      pending.map(async ({ limit, key, points }) => {
        const sum = await limiters.get(limit)?.penalty(key, points)
        if (!sum || sum.consumedPoints < limits[limit]) return
        windows.block(limit, key, sum.msBeforeNext)
      }),
    )
  }
  const beSeen = async () => {
    const now = Date.now()
    const [, , seen] = await Promise.all([
      client.zadd(roster, now, id),
      client.zremrangebyscore(roster, 0, now - GATEWAY_GONE_MS),
      client.zcard(roster),
      client.pexpire(roster, GATEWAY_GONE_MS),
    ])
    gateways = Math.max(1, seen)
  }
  const turn = async () => {
    try {
      await Promise.all([beSeen(), tell()])
      if (isAway) logger.info({ gateways }, 'rates are added up in Redis')
      isAway = false
      windows.setShare(1)
    } catch (error) {
      if (!isAway) logger.warn({ err: error, gateways }, 'rates are not added up: each gateway gives its part')
      isAway = true
      windows.setShare(1 / gateways)
    }
  }
  const loop = startLoop({ name: 'shared-rates', intervalMs: input.intervalMs ?? INTERVAL_MS, run: turn, logger })

  return {
    gateways: () => gateways,
    isAway: () => isAway,
    async [Symbol.asyncDispose]() {
      client.disconnect()
      await loop[Symbol.asyncDispose]()
    },
  }
}

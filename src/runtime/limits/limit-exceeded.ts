// Whoever has used what the table of limits gives is told so, and when to come back.

import * as metrics from '../../metrics/series.ts'
import { LIMITS, type LimitName } from './table.ts'

/** `RATE_LIMITED`: this caller has too much. `UNAVAILABLE`: all together have. */
export class LimitExceeded extends Error {
  override readonly name = 'LimitExceeded'
  readonly code: 'RATE_LIMITED' | 'UNAVAILABLE'
  readonly retryAfterMs: number
  readonly limit: LimitName

  constructor(limit: LimitName, value: number, retryAfterMs: number) {
    const { per, kind, what } = LIMITS[limit]
    const whose = per === 'process' ? 'of this server' : `of one ${per}`
    const time = kind === 'rate' ? ' in ten seconds' : ''
    super(`The limit ${whose} is ${value}${time}: ${what.charAt(0).toLowerCase()}${what.slice(1)}.`)
    this.code = per === 'process' ? 'UNAVAILABLE' : 'RATE_LIMITED'
    this.retryAfterMs = retryAfterMs
    this.limit = limit
    metrics.limitsMet.inc({ limit })
  }

  get status(): 429 | 503 {
    return this.code === 'RATE_LIMITED' ? 429 : 503
  }

  /** For an HTTP header, in whole seconds. */
  get retryAfter(): string {
    return String(Math.max(1, Math.ceil(this.retryAfterMs / 1000)))
  }
}

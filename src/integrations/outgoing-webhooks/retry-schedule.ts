// When a delivery that failed is sent again, and how long an endpoint that is asked too much is left alone.
import type { Instant } from '../../domain/vocabulary/types.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Standard Webhooks: after the first attempt 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h. */
const PAUSES_MS = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR]

const JITTER = 0.2
const LONGEST_WAIT_MS = 24 * HOUR
/** How long an endpoint is left alone that cannot follow and does not say for how long. */
export const SLOW_DOWN_MS = MINUTE

/** A number from 0 to below 1. */
export type Random = () => number

/** Null: enough; it is given up. `attempts` counts the one that failed. `waitUntil`: it asked not to be called before. */
export function nextAttemptAt(input: {
  attempts: number
  now: Instant
  waitUntil: Instant | null
  random: Random
}): Instant | null {
  const pause = PAUSES_MS[input.attempts - 1]
  if (pause === undefined) return null
  const planned = input.now + pause * (1 - JITTER / 2 + input.random() * JITTER)
  return Math.round(Math.max(planned, input.waitUntil ?? 0))
}

/** Too many requests, and gateways in front of a receiver that cannot follow: slow down, for all of its deliveries. */
const OVERLOADED = new Set([429, 502, 504])

/** Until when the endpoint is left alone. Null: it may be called at once. What it asks for is obeyed, up to a day. */
export function pausedUntil(input: {
  responseStatus: number
  retryAfter: string | undefined
  now: Instant
}): Instant | null {
  const asked = readRetryAfter(input.retryAfter, input.now)
  if (asked !== null) return Math.min(asked, input.now + LONGEST_WAIT_MS)
  return OVERLOADED.has(input.responseStatus) ? input.now + SLOW_DOWN_MS : null
}

/** Seconds or an HTTP date. Null: missing, malformed, or over already. */
function readRetryAfter(text: string | undefined, now: Instant): Instant | null {
  const trimmed = text?.trim() ?? ''
  const at = /^\d{1,9}$/.test(trimmed)
    ? now + Number(trimmed) * SECOND
    : HTTP_DATE.test(trimmed)
      ? Date.parse(trimmed)
      : 0
  return at > now ? at : null
}

const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/

// What an answer of Cal.com means: their refusals are text, so the class comes from the status and the words.
import { isObject, type JsonObject, textOf } from '../webhooks/payloads.ts'

export type Answer<T> =
  | { kind: 'DONE'; data: T; body: JsonObject }
  /** Somebody else has the time, or it cannot be booked there at all: no repetition helps, another time does. */
  | { kind: 'TAKEN'; message: string }
  | { kind: 'NOT_FOUND'; message: string }
  /** They asked for a pause. Nothing was done. */
  | { kind: 'LIMITED'; message: string; retryAfterMs: number }
  /** They said no, for a reason that a repetition may not change. Nothing was done. */
  | { kind: 'REFUSED'; message: string; status: number }
  /** A fault or no answer: it may have been done or not. */
  | { kind: 'UNKNOWN'; message: string }

export type Refusal = Exclude<Answer<unknown>, { kind: 'DONE' }>

/** The refusals that Cal.com gives as 400: taken, out of bounds, in the past, a full or limited event, a held time. */
const TAKEN = new RegExp(
  [
    'already ha(s|ve|d) (a )?booking',
    '(is|are) not available',
    'no[_ ]available[_ ]users',
    'already (been )?(booked|reserved|taken)',
    'reserved (this|the) (slot|time)|someone else reserved',
    'booking[_ ]conflict|idempotency',
    'out[_ ]of[_ ]bounds|outside (of )?the (booking|allowed)|too far in the future|minimum (booking )?notice',
    'in the past',
    'seats?[_ ]full|enough[_ ](available[_ ])?seats|no (more )?seats',
    '(fixed[_ ]hosts|round[_ ]robin[_ ]host)s?[_ ]unavailable',
    'host.{0,40}unavailable',
    'booker[_ ]limit|active bookings? limit|limit.{0,20}(reached|exceeded)',
  ].join('|'),
  'i',
)

const DEFAULT_PAUSE_MS = 10_000
const LONGEST_PAUSE_MS = 600_000

export function readRefusal(status: number, headers: Headers, body: unknown, now: number): Refusal {
  const message = messageOf(body) ?? `HTTP ${status}`
  if (status === 429) return { kind: 'LIMITED', message, retryAfterMs: pauseOf(headers, now) ?? DEFAULT_PAUSE_MS }
  if (status === 409 || status === 422) return { kind: 'TAKEN', message }
  if (status === 400 && TAKEN.test(message)) return { kind: 'TAKEN', message }
  if (status === 404) return { kind: 'NOT_FOUND', message }
  // Its own time-outs are of the kind that leaves open what was done.
  if (status >= 500 || status === 408) return { kind: 'UNKNOWN', message: `${status}: ${message}` }
  return { kind: 'REFUSED', message, status }
}

/** How long to wait before the next request: what was asked for, or until a limit that is used up begins anew. */
export function pauseOf(headers: Headers, now: number): number | null {
  const asked = headers.get('retry-after')
  if (asked !== null) {
    const at = /^\d+(\.\d+)?$/.test(asked.trim()) ? now + Number(asked) * 1000 : Date.parse(asked)
    if (!Number.isNaN(at)) return bounded(at - now)
  }
  const pauses: number[] = []
  headers.forEach((value, name) => {
    const limiter = /^x-ratelimit-remaining(-.+)?$/.exec(name)
    if (!limiter || Number(value) > 0 || value.trim() === '') return
    const reset = Number(headers.get(`x-ratelimit-reset${limiter[1] ?? ''}`) ?? Number.NaN)
    // Seconds of the epoch by one page, seconds from now by the header's usual meaning.
    if (Number.isFinite(reset)) pauses.push(reset > 1_000_000_000 ? reset * 1000 - now : reset * 1000)
  })
  return pauses.length > 0 ? bounded(Math.max(...pauses)) : null
}

function bounded(pauseMs: number): number {
  return Math.min(Math.max(pauseMs, 0), LONGEST_PAUSE_MS)
}

function messageOf(body: unknown): string | null {
  if (!isObject(body)) return null
  const { error } = body
  const told = isObject(error) ? (textOf(error.message) ?? textOf(error.code)) : textOf(error)
  const details = isObject(error) && Array.isArray(error.details) ? JSON.stringify(error.details) : ''
  const message = told ?? textOf(body.message)
  return message === null ? null : `${message}${details === '' ? '' : ` ${details}`}`.slice(0, 1000)
}

// The task that sends one delivery: begin the attempt, post it, write down what came of it.
import type { Database } from '../../db/client.ts'
import {
  type Attempt,
  type AttemptOutcome,
  beginAttempt,
  endAttempt,
} from '../../domain/outside/webhooks/webhook-attempts.ts'
import type { Instant } from '../../domain/vocabulary/types.ts'
import * as metrics from '../../metrics/series.ts'
import type { Logger } from '../../runtime/logger.ts'
import { type GuardedResult, requestGuarded } from '../outgoing-http/guarded-request.ts'
import { messageBody } from './message-bodies.ts'
import { nextAttemptAt, pausedUntil, type Random, SLOW_DOWN_MS } from './retry-schedule.ts'
import { signatureHeaders } from './signatures.ts'

export interface SenderOptions {
  db: Database
  logger: Logger
  /** Http, and any address: for tests and development. */
  allowsPrivate: boolean
  /** The database's clock unless a test says otherwise. */
  now?: () => Instant
  random?: Random
  timeoutMs?: number
}

/** Standard Webhooks: 15 to 30 seconds. */
const TIMEOUT_MS = 20_000
/** Of the answer only the head counts. A little of its body is read, so that the receiver can end in good order. */
const ANSWER_LIMIT_BYTES = 16_384
const GONE = 410

/** Safe to run twice and at once: an attempt is begun by one. What throws leaves the delivery due again. */
export async function sendWebhook(
  { db, logger, allowsPrivate, now, random = Math.random, timeoutMs = TIMEOUT_MS }: SenderOptions,
  { organizationId, deliveryId, signal }: { organizationId: string; deliveryId: string; signal?: AbortSignal },
): Promise<void> {
  const spread = (ms: number) => Math.round(ms * random())
  const attempt = await beginAttempt(db, { organizationId, deliveryId, now: now?.() ?? null, spread })
  if (!attempt) return
  const { delivery, url, secrets, at } = attempt
  const body = messageBody(delivery)
  const signed = signatureHeaders({
    id: `msg_${delivery.id}`,
    timestampSeconds: Math.floor(at / 1000),
    body,
    secrets,
  })
  const headers = { 'content-type': 'application/json', 'user-agent': 'Slotwire-Webhooks/1', ...signed }
  const sending = { method: 'POST', url, headers, body, timeoutMs, answerLimitBytes: ANSWER_LIMIT_BYTES, allowsPrivate }
  const result = await requestGuarded({ ...sending, ...(signal && { signal }) })
  // The process is closing: the attempt proves nothing about the receiver. Its lease runs out.
  if (signal?.aborted && 'error' in result) return
  const outcome = judge(attempt, result, random)
  if (!outcome.delivered) logger.debug({ deliveryId, ...outcome }, 'a webhook was not delivered')
  await endAttempt(db, attempt, outcome, organizationId)
  const { delivered, responseStatus } = outcome
  metrics.webhookAttempts.inc({
    outcome: delivered ? 'delivered' : responseStatus === null ? 'unreachable' : 'refused',
  })
}

function judge({ delivery, at }: Attempt, result: GuardedResult, random: Random): AttemptOutcome {
  if ('error' in result) {
    return {
      delivered: false,
      responseStatus: null,
      error: result.error,
      nextAttemptAt: nextAttemptAt({ attempts: delivery.attempts, now: at, waitUntil: null, random }),
      pausedUntil: result.timedOut ? at + SLOW_DOWN_MS : null,
      gone: false,
    }
  }
  const { status } = result
  if (status >= 200 && status < 300) {
    return { delivered: true, responseStatus: status, error: null, nextAttemptAt: null, pausedUntil: null, gone: false }
  }
  const waitUntil = pausedUntil({
    responseStatus: status,
    retryAfter: result.headers.get('retry-after') ?? undefined,
    now: at,
  })
  const gone = status === GONE
  return {
    delivered: false,
    responseStatus: status,
    error: gone ? 'It answered 410: gone for good.' : `It answered ${status}.`,
    nextAttemptAt: gone ? null : nextAttemptAt({ attempts: delivery.attempts, now: at, waitUntil, random }),
    pausedUntil: waitUntil,
    gone,
  }
}

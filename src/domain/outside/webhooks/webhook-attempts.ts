// The attempts of a webhook delivery: begun under a lease, and what came of each written down with what follows from it.
import type { Database } from '../../../db/client.ts'
import { asSystem, inTransaction, type Tx } from '../../../db/transaction.ts'
import { readClock } from '../../availability/resource-states.ts'
import type { Instant } from '../../vocabulary/types.ts'
import { deliveryColumns, enqueueSending, type Sending, type WebhookDeliveryRecord } from './webhook-deliveries.ts'
import { giveUpPending } from './webhook-endpoints.ts'

/** Longer than the longest attempt: whoever has not written down its outcome by then is dead. */
const LEASE_MS = 60_000

/** An endpoint from which nothing but failures came for so long is disabled. */
const DISABLED_AFTER_MS = 5 * 86_400_000

export interface Attempt {
  delivery: WebhookDeliveryRecord
  url: string
  /** The present secret first; the one before it too while it is still accepted. */
  secrets: string[]
  /** Of the attempt. */
  at: Instant
}

export interface AttemptOutcome {
  delivered: boolean
  /** Null: no answer came. */
  responseStatus: number | null
  error: string | null
  /** Null: given up. */
  nextAttemptAt: Instant | null
  /** It asked to slow down: nothing is sent to the endpoint before. */
  pausedUntil: Instant | null
  /** It said that it is gone for good. */
  gone: boolean
}

interface AttemptRef {
  organizationId: string
  deliveryId: string
}

/**
 * Null: there is nothing to send now. Where there will be, a job has been left for then. If the process dies after this, the
 * lease runs out and the delivery is due again: it may be sent twice, under one id, and is never lost.
 */
export async function beginAttempt(
  db: Database,
  { organizationId, deliveryId, now, spread }: AttemptRef & { now: Instant | null; spread: (ms: number) => number },
): Promise<Attempt | null> {
  return inTransaction(db, organizationId, async (tx) => {
    const [[found], clock] = await Promise.all([
      tx.sql<(Pick<WebhookDeliveryRecord, 'nextAttemptAt' | 'endpointId'> & EndpointState)[]>`
        select d.next_attempt_at as "nextAttemptAt", d.endpoint_id as "endpointId", e.url, e.secret, e.previous_secret as "previousSecret",
          e.previous_secret_expires_at as "previousSecretExpiresAt", e.paused_until as "pausedUntil",
          e.disabled_reason is not null as "isDisabled"
        from webhook_deliveries d
        join webhook_endpoints e on e.organization_id = d.organization_id and e.id = d.endpoint_id
        where d.organization_id = ${organizationId} and d.id = ${deliveryId} and d.status = 'PENDING'
        for update of d`,
      now ?? readClock(tx),
    ])
    if (!found) return null
    if (found.isDisabled) {
      // Owed by a change that was under way when it was disabled.
      await giveUpPending(tx, found.endpointId)
      return null
    }
    const isPaused = found.pausedUntil !== null && found.pausedUntil > clock
    // All that waited for the end of a pause must not arrive at its end at once.
    const dueAt = isPaused ? (found.pausedUntil as Instant) + spread(30_000) : (found.nextAttemptAt ?? clock)
    if (dueAt > clock) {
      if (isPaused) await planAttempt(tx, deliveryId, dueAt)
      await enqueueSending(tx, { organizationId, endpointId: found.endpointId, deliveryId, at: dueAt })
      return null
    }
    const [delivery] = await tx.sql<WebhookDeliveryRecord[]>`
      update webhook_deliveries
      set attempts = attempts + 1, last_attempt_at = ${new Date(clock)}, next_attempt_at = ${new Date(clock + LEASE_MS)}
      where organization_id = ${organizationId} and id = ${deliveryId}
      returning ${deliveryColumns(tx)}`
    return { delivery: delivery as WebhookDeliveryRecord, url: found.url, secrets: secretsAt(found, clock), at: clock }
  })
}

/**
 * A success counts whenever it comes; a failure only if no later attempt has begun meanwhile. The job of the next attempt is
 * enqueued in the same transaction.
 */
export async function endAttempt(db: Database, attempt: Attempt, outcome: AttemptOutcome, organizationId: string) {
  const { delivery, at } = attempt
  await inTransaction(db, organizationId, async (tx) => {
    const status = outcome.delivered ? 'DELIVERED' : outcome.nextAttemptAt === null ? 'FAILED' : 'PENDING'
    const nextAttemptAt = outcome.nextAttemptAt === null ? null : new Date(outcome.nextAttemptAt)
    const written = await tx.sql`
      update webhook_deliveries
      set status = ${status}, next_attempt_at = ${nextAttemptAt}, response_status = ${outcome.responseStatus},
        error = ${outcome.error}, delivered_at = case when ${outcome.delivered}::boolean then clock_timestamp() end
      where organization_id = ${organizationId} and id = ${delivery.id} and status = 'PENDING'
        and (${outcome.delivered}::boolean or attempts = ${delivery.attempts})`
    if (written.count > 0 && outcome.nextAttemptAt !== null) {
      const { endpointId, id: deliveryId } = delivery
      await enqueueSending(tx, { organizationId, endpointId, deliveryId, at: outcome.nextAttemptAt })
    }
    if (outcome.delivered) await noteSuccess(tx, delivery.endpointId)
    else await noteFailure(tx, delivery.endpointId, outcome, at)
  })
}

/**
 * Leaves a new job for every delivery whose time is over by a while: its job was lost, or whoever sent it died. Answers how
 * many.
 */
export async function enqueueOverdueDeliveries(
  db: Database,
  { overdueMs = 30_000, limit = 200 }: { overdueMs?: number; limit?: number } = {},
): Promise<number> {
  return asSystem(db, async (tx) => {
    const overdue = await tx.sql<Sending[]>`
      select organization_id as "organizationId", endpoint_id as "endpointId", id as "deliveryId" from webhook_deliveries
      where status = 'PENDING' and next_attempt_at < clock_timestamp() - ${`${overdueMs} milliseconds`}::text::interval
      order by next_attempt_at limit ${limit} for update skip locked`
    for (const sending of overdue) {
      await tx.sql`
        update webhook_deliveries set next_attempt_at = clock_timestamp()
        where organization_id = ${sending.organizationId} and id = ${sending.deliveryId}`
      await enqueueSending(tx, { ...sending, at: null })
    }
    return overdue.length
  })
}

interface EndpointState {
  url: string
  secret: string
  previousSecret: string | null
  previousSecretExpiresAt: Instant | null
  pausedUntil: Instant | null
  isDisabled: boolean
}

function secretsAt({ secret, previousSecret, previousSecretExpiresAt }: EndpointState, now: Instant): string[] {
  if (previousSecret === null || previousSecretExpiresAt === null || previousSecretExpiresAt <= now) return [secret]
  return [secret, previousSecret]
}

async function planAttempt(tx: Tx, deliveryId: string, at: Instant): Promise<void> {
  await tx.sql`
    update webhook_deliveries set next_attempt_at = ${new Date(at)}
    where organization_id = ${tx.organizationId} and id = ${deliveryId}`
}

// The condition spares the row where there is nothing to forget: it would be the busiest one of the organization.
async function noteSuccess(tx: Tx, endpointId: string): Promise<void> {
  await tx.sql`
    update webhook_endpoints set failing_since = null
    where organization_id = ${tx.organizationId} and id = ${endpointId} and failing_since is not null`
}

async function noteFailure(tx: Tx, endpointId: string, { gone, pausedUntil }: AttemptOutcome, at: Instant) {
  const pause = pausedUntil === null ? null : new Date(pausedUntil)
  const [endpoint] = await tx.sql<{ failingSince: Instant }[]>`
    update webhook_endpoints
    set failing_since = coalesce(failing_since, ${new Date(at)}), paused_until = greatest(paused_until, ${pause}::timestamptz)
    where organization_id = ${tx.organizationId} and id = ${endpointId}
    returning failing_since as "failingSince"`
  if (!endpoint) return
  const reason = gone ? 'GONE' : at - endpoint.failingSince >= DISABLED_AFTER_MS ? 'FAILING' : null
  if (reason === null) return
  await tx.sql`
    update webhook_endpoints
    set disabled_reason = ${reason}, disabled_at = ${new Date(at)}, version = version + 1, updated_at = clock_timestamp()
    where organization_id = ${tx.organizationId} and id = ${endpointId} and disabled_reason is null`
  await giveUpPending(tx, endpointId)
}

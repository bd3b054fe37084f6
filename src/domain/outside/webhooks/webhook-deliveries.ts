// Webhook deliveries: what each endpoint was told, what is still to be sent, and sending it again.
import { enqueueJob } from '../../../db/jobs.ts'
import type { WebhookSnapshot } from '../../../db/tables/webhook-endpoints.ts'
import type { Tx } from '../../../db/transaction.ts'
import { refuseIssues } from '../../vocabulary/input-issues.ts'
import { NotFoundError } from '../../vocabulary/refusals.ts'
import type { Instant } from '../../vocabulary/types.ts'
import { isPresent, type WebhookEventKind } from './webhook-endpoints.ts'

export type WebhookDeliveryStatus = 'PENDING' | 'DELIVERED' | 'FAILED'

export interface WebhookDeliveryRecord {
  id: string
  endpointId: string
  appointmentId: string
  /** Of the appointment, right after the event. */
  version: number
  kind: WebhookEventKind
  occurredAt: Instant
  snapshot: WebhookSnapshot
  status: WebhookDeliveryStatus
  attempts: number
  nextAttemptAt: Instant | null
  lastAttemptAt: Instant | null
  responseStatus: number | null
  error: string | null
  deliveredAt: Instant | null
  createdAt: Instant
}

export interface WebhookDeliveryPage {
  rows: WebhookDeliveryRecord[]
  hasNextPage: boolean
  hasPreviousPage: boolean
}

/** Newest first; positions are ids. */
export async function listWebhookDeliveries(
  tx: Tx,
  input: {
    endpointId?: string | null
    appointmentId?: string | null
    statuses?: WebhookDeliveryStatus[] | null
    first?: number | null
    after?: string | null
    last?: number | null
    before?: string | null
  },
): Promise<WebhookDeliveryPage> {
  const { endpointId = null, appointmentId = null, first, last, after, before } = input
  const backwards = first == null && last != null
  const limit = first ?? last ?? 50
  const matching = tx.sql`organization_id = ${tx.organizationId}
    and (${endpointId}::uuid is null or endpoint_id = ${endpointId}::uuid)
    and (${appointmentId}::uuid is null or appointment_id = ${appointmentId}::uuid)
    and (${input.statuses ?? null}::text[] is null or status::text = any(${input.statuses ?? null}::text[]))
    and ${isOfPresentEndpoint(tx)}`
  const beyondAfter = after ? tx.sql`and id < ${after}::uuid` : tx.sql``
  const beyondBefore = before ? tx.sql`and id > ${before}::uuid` : tx.sql``
  const order = backwards ? tx.sql`order by id` : tx.sql`order by id desc`
  const elsewhere = backwards ? before && tx.sql`id <= ${before}::uuid` : after && tx.sql`id >= ${after}::uuid`
  const [found, others] = await Promise.all([
    tx.sql<WebhookDeliveryRecord[]>`
      select ${deliveryColumns(tx)} from webhook_deliveries
      where ${matching} ${beyondAfter} ${beyondBefore} ${order} limit ${limit + 1}`,
    elsewhere ? tx.sql`select from webhook_deliveries where ${matching} and ${elsewhere} limit 1` : null,
  ])
  const hasMore = found.length > limit
  const hasOthers = others !== null && others.count > 0
  const rows = found.slice(0, limit)
  return backwards
    ? { rows: rows.reverse(), hasNextPage: hasOthers, hasPreviousPage: hasMore }
    : { rows, hasNextPage: hasMore, hasPreviousPage: hasOthers }
}

/** Those that exist among `ids`. */
export async function loadWebhookDeliveries(tx: Tx, ids: string[]): Promise<Map<string, WebhookDeliveryRecord>> {
  const rows = await tx.sql<WebhookDeliveryRecord[]>`
    select ${deliveryColumns(tx)} from webhook_deliveries
    where organization_id = ${tx.organizationId} and id = any(${ids}::uuid[]) and ${isOfPresentEndpoint(tx)}`
  return new Map(rows.map((row) => [row.id, row]))
}

/** At once, with the same id and content, whatever became of it before; a receiver that has it knows it by its id. */
export async function redeliverWebhook(tx: Tx, { deliveryId }: { deliveryId: string }): Promise<WebhookDeliveryRecord> {
  const [disabled] = await tx.sql<{ disabled: boolean }[]>`
    select e.disabled_reason is not null as disabled
    from webhook_deliveries d
    join webhook_endpoints e on e.organization_id = d.organization_id and e.id = d.endpoint_id
    where d.organization_id = ${tx.organizationId} and d.id = ${deliveryId} and ${isPresent(tx)}`
  if (!disabled) throw new NotFoundError('webhook delivery')
  if (disabled.disabled) refuseIssues([{ path: ['deliveryId'], message: 'Its endpoint is disabled. Enable it first.' }])
  const [delivery] = await tx.sql<WebhookDeliveryRecord[]>`
    update webhook_deliveries
    set status = 'PENDING', attempts = 0, next_attempt_at = clock_timestamp(), delivered_at = null
    where organization_id = ${tx.organizationId} and id = ${deliveryId}
    returning ${deliveryColumns(tx)}`
  if (!delivery) throw new NotFoundError('webhook delivery')
  await enqueueSending(tx, {
    organizationId: tx.organizationId,
    endpointId: delivery.endpointId,
    deliveryId,
    at: null,
  })
  return delivery
}

/** The task that sends; the trigger `appointment_events_notify` names it too. */
export const SEND_WEBHOOK = 'send-webhook'

export interface Sending {
  organizationId: string
  endpointId: string
  deliveryId: string
}

/**
 * One pending job for each delivery, and of an endpoint one after the other: one that does not answer must not keep every
 * worker waiting. `at` null: now.
 */
export async function enqueueSending(
  tx: Tx,
  { organizationId, endpointId, deliveryId, at }: Sending & { at: Instant | null },
): Promise<void> {
  await enqueueJob(tx, {
    task: SEND_WEBHOOK,
    payload: { organizationId, deliveryId },
    jobKey: `webhook:${deliveryId}`,
    runAt: at,
    queue: `webhook:${endpointId}`,
  })
}

function isOfPresentEndpoint(tx: Tx) {
  return tx.sql`endpoint_id in (
    select id from webhook_endpoints where organization_id = ${tx.organizationId} and ${isPresent(tx)})`
}

export function deliveryColumns(tx: Tx) {
  return tx.sql`id, endpoint_id as "endpointId", appointment_id as "appointmentId", version, kind, occurred_at as "occurredAt",
    snapshot, status, attempts, next_attempt_at as "nextAttemptAt", last_attempt_at as "lastAttemptAt",
    response_status as "responseStatus", error, delivered_at as "deliveredAt", created_at as "createdAt"`
}

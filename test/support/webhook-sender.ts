// A salon with subscribers: webhooks are sent one by one, at the time that the test says.
import { asSystem, inTransaction } from '../../src/db/transaction.ts'
import {
  listWebhookDeliveries,
  loadWebhookDeliveries,
  type WebhookDeliveryRecord,
} from '../../src/domain/outside/webhooks/webhook-deliveries.ts'
import {
  createWebhookEndpoint,
  loadWebhookEndpoints,
  type WebhookEndpointRecord,
  type WebhookEventKind,
} from '../../src/domain/outside/webhooks/webhook-endpoints.ts'
import { sendWebhook } from '../../src/integrations/outgoing-webhooks/send-webhook.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import type { Salon } from './salon.ts'

const EVERY_KIND: WebhookEventKind[] = ['BOOKED', 'RESCHEDULED', 'CANCELLED', 'COMPLETED', 'NO_SHOW']

type Tenant = Pick<Salon, 'db' | 'organizationId'>

export function subscribe(
  { db, organizationId }: Tenant,
  url: string,
  kinds: WebhookEventKind[] = EVERY_KIND,
): Promise<{ endpoint: WebhookEndpointRecord; secret: string }> {
  return inTransaction(db, organizationId, (tx) => createWebhookEndpoint(tx, { url, kinds, allowsPrivate: true }))
}

/** What an endpoint is owed or was told, oldest first. */
export async function deliveriesOf(
  { db, organizationId }: Tenant,
  { id: endpointId }: { id: string },
): Promise<WebhookDeliveryRecord[]> {
  const { rows } = await inTransaction(db, organizationId, (tx) =>
    listWebhookDeliveries(tx, { endpointId, first: 100 }),
  )
  return rows.reverse()
}

export async function deliveryOf({ db, organizationId }: Tenant, { id }: { id: string }) {
  const found = await inTransaction(db, organizationId, (tx) => loadWebhookDeliveries(tx, [id]))
  return found.get(id) as WebhookDeliveryRecord
}

export async function endpointOf({ db, organizationId }: Tenant, { id }: { id: string }) {
  const found = await inTransaction(db, organizationId, (tx) => loadWebhookEndpoints(tx, [id]))
  return found.get(id) as WebhookEndpointRecord
}

/** As the runner of jobs would. Omitted: when it is due, in the middle of the jitter. */
export async function send(
  tenant: Tenant,
  { id, nextAttemptAt }: Pick<WebhookDeliveryRecord, 'id' | 'nextAttemptAt'>,
  { at = nextAttemptAt ?? Date.now(), random = 0.5, timeoutMs = 5000 } = {},
): Promise<WebhookDeliveryRecord> {
  await sendWebhook(
    {
      db: tenant.db,
      logger: createLogger('silent'),
      allowsPrivate: true,
      now: () => at,
      random: () => random,
      timeoutMs,
    },
    { organizationId: tenant.organizationId, deliveryId: id },
  )
  return deliveryOf(tenant, { id })
}

/** When the job of a delivery runs. Null: there is none in the queue of its endpoint. */
export async function jobOf(
  { db }: Tenant,
  { id, endpointId }: Pick<WebhookDeliveryRecord, 'id' | 'endpointId'>,
): Promise<number | null> {
  // As the role that connects: the tables of jobs are closed to all others.
  const [job] = await db.sql<{ runAt: number }[]>`
    select run_at as "runAt" from graphile_worker.jobs where key = ${`webhook:${id}`} and queue_name = ${`webhook:${endpointId}`}`
  return job?.runAt ?? null
}

/** Every delivery of every organization. */
export async function countDeliveries({ db }: Tenant): Promise<number> {
  const [row] = await asSystem(db, (tx) => tx.sql<[{ count: number }]>`select count(*)::int from webhook_deliveries`)
  return row.count
}

// Webhook endpoints: who is told of changes, and with which secret the messages are signed.
import { randomBytes, randomUUIDv7 } from 'node:crypto'
import type { Database } from '../../../db/client.ts'
import { lockStatement, namedLock } from '../../../db/locks.ts'
import { asSystem, type Tx } from '../../../db/transaction.ts'
import type { AppointmentEventKind } from '../../bookings/appointments.ts'
import { checkWholeNumber, readNote, refuseIssues } from '../../vocabulary/input-issues.ts'
import { type InputIssue, NotFoundError, VersionConflictError } from '../../vocabulary/refusals.ts'
import type { Instant } from '../../vocabulary/types.ts'
import { readWebhookUrl } from './webhook-targets.ts'

/** The events that a webhook can tell of. */
export type WebhookEventKind = Exclude<AppointmentEventKind, 'NOTES_CHANGED'>

export type WebhookDisabledReason = 'BY_HAND' | 'GONE' | 'FAILING'

export interface WebhookEndpointRecord {
  id: string
  url: string
  description: string | null
  kinds: WebhookEventKind[]
  version: number
  disabledReason: WebhookDisabledReason | null
  disabledAt: Instant | null
  failingSince: Instant | null
  pausedUntil: Instant | null
  /** Until then the secret before the present one signs too. */
  previousSecretExpiresAt: Instant | null
  createdAt: Instant
  updatedAt: Instant
}

/** Each costs every booking a row and a job. */
const ENDPOINTS_LIMIT = 20
const GRACE_LIMIT_HOURS = 168

/** The secret is in this answer and nowhere else. It is told of what happens from now on. */
export async function createWebhookEndpoint(
  tx: Tx,
  input: { url: string; kinds: WebhookEventKind[]; description?: string | null; allowsPrivate: boolean },
): Promise<{ endpoint: WebhookEndpointRecord; secret: string }> {
  const issues: InputIssue[] = []
  const url = readWebhookUrl(issues, ['url'], input.url, input)
  const kinds = readKinds(issues, input.kinds)
  const description = readNote(issues, ['description'], input.description)
  refuseIssues(issues)
  const secret = newSecret()
  const [, [endpoint]] = await Promise.all([
    lockStatement(tx.sql, [namedLock('webhook endpoints', tx.organizationId)]),
    tx.sql<WebhookEndpointRecord[]>`
      insert into webhook_endpoints (organization_id, id, url, description, kinds, secret, version)
      select ${tx.organizationId}::uuid, ${randomUUIDv7()}::uuid, ${url}, ${description},
        ${kinds}::text[]::appointment_event_kind[], ${secret}, 1
      where (select count(*) from webhook_endpoints
             where organization_id = ${tx.organizationId} and ${isPresent(tx)}) < ${ENDPOINTS_LIMIT}
      returning ${endpointColumns(tx)}`,
  ])
  if (!endpoint) refuseIssues([{ path: ['url'], message: `At most ${ENDPOINTS_LIMIT} endpoints. Delete one first.` }])
  return { endpoint: endpoint as WebhookEndpointRecord, secret }
}

/** What is omitted or null stays. Enabling it forgets its failures; disabling it gives up what is still to be sent. */
export async function updateWebhookEndpoint(
  tx: Tx,
  input: {
    endpointId: string
    expectedVersion: number
    url?: string | null
    kinds?: WebhookEventKind[] | null
    description?: string | null
    enabled?: boolean | null
    allowsPrivate: boolean
  },
): Promise<WebhookEndpointRecord> {
  const { endpointId, expectedVersion, enabled = null } = input
  const issues: InputIssue[] = []
  const url = input.url == null ? null : readWebhookUrl(issues, ['url'], input.url, input)
  const kinds = input.kinds == null ? null : readKinds(issues, input.kinds)
  const description = readNote(issues, ['description'], input.description)
  refuseIssues(issues)
  const [updated] = await tx.sql<WebhookEndpointRecord[]>`
    update webhook_endpoints
    set version = version + 1, updated_at = now(), url = coalesce(${url}, url),
      kinds = coalesce(${kinds}::text[]::appointment_event_kind[], kinds), description = coalesce(${description}, description),
      disabled_reason = case ${enabled}::boolean when true then null when false then coalesce(disabled_reason, 'BY_HAND') else disabled_reason end,
      disabled_at = case ${enabled}::boolean when true then null when false then coalesce(disabled_at, now()) else disabled_at end,
      failing_since = case when ${enabled}::boolean then null else failing_since end,
      paused_until = case when ${enabled}::boolean then null else paused_until end
    where organization_id = ${tx.organizationId} and id = ${endpointId} and version = ${expectedVersion} and ${isPresent(tx)}
    returning ${endpointColumns(tx)}`
  if (!updated) throw await missed(tx, endpointId)
  if (enabled === false) await giveUpPending(tx, endpointId)
  return updated
}

/**
 * Its deliveries go with it, those that are still to be sent too. The row is only marked, which waits for no booking and keeps
 * none waiting; `removeDeletedEndpoints` removes what is left.
 */
export async function deleteWebhookEndpoint(
  tx: Tx,
  { endpointId }: { endpointId: string },
): Promise<WebhookEndpointRecord> {
  const [deleted] = await tx.sql<WebhookEndpointRecord[]>`
    select ${endpointColumns(tx)} from webhook_endpoints
    where organization_id = ${tx.organizationId} and id = ${endpointId} and ${isPresent(tx)} for no key update`
  if (!deleted) throw new NotFoundError('webhook endpoint')
  await tx.sql`
    update webhook_endpoints set disabled_reason = 'DELETED', disabled_at = clock_timestamp(), updated_at = clock_timestamp()
    where organization_id = ${tx.organizationId} and id = ${endpointId}`
  return deleted
}

/**
 * The new secret is in this answer and nowhere else. For `graceHours` messages carry a signature by each of the two, so that
 * the receiver can change over at its leisure; 0 ends the old one at once. Of three secrets only the newest two sign.
 */
export async function rotateWebhookSecret(
  tx: Tx,
  { endpointId, graceHours }: { endpointId: string; graceHours: number },
): Promise<{ endpoint: WebhookEndpointRecord; secret: string }> {
  const issues: InputIssue[] = []
  checkWholeNumber(issues, ['graceHours'], graceHours, { min: 0, max: GRACE_LIMIT_HOURS })
  refuseIssues(issues)
  const secret = newSecret()
  const [endpoint] = await tx.sql<WebhookEndpointRecord[]>`
    update webhook_endpoints
    set version = version + 1, updated_at = now(), secret = ${secret},
      previous_secret = case when ${graceHours}::int > 0 then secret end,
      previous_secret_expires_at = case when ${graceHours}::int > 0 then now() + make_interval(hours => ${graceHours}::int) end
    where organization_id = ${tx.organizationId} and id = ${endpointId} and ${isPresent(tx)}
    returning ${endpointColumns(tx)}`
  if (!endpoint) throw new NotFoundError('webhook endpoint')
  return { endpoint, secret }
}

/** Oldest first. */
export async function listWebhookEndpoints(tx: Tx): Promise<WebhookEndpointRecord[]> {
  return tx.sql<WebhookEndpointRecord[]>`
    select ${endpointColumns(tx)} from webhook_endpoints
    where organization_id = ${tx.organizationId} and ${isPresent(tx)} order by id`
}

/** Those that exist among `ids`. */
export async function loadWebhookEndpoints(tx: Tx, ids: string[]): Promise<Map<string, WebhookEndpointRecord>> {
  const rows = await tx.sql<WebhookEndpointRecord[]>`
    select ${endpointColumns(tx)} from webhook_endpoints
    where organization_id = ${tx.organizationId} and id = any(${ids}::uuid[]) and ${isPresent(tx)}`
  return new Map(rows.map((row) => [row.id, row]))
}

/**
 * Nothing is sent to a disabled endpoint: what it was still owed can be asked for again when it is back. What is being
 * written down elsewhere is skipped, because that waits for the endpoint's row; it is given up when it comes to be sent.
 */
export async function giveUpPending(tx: Tx, endpointId: string): Promise<void> {
  await tx.sql`
    update webhook_deliveries
    set status = 'FAILED', next_attempt_at = null, error = coalesce(error, 'The endpoint was disabled.')
    where organization_id = ${tx.organizationId} and id in (
      select id from webhook_deliveries
      where organization_id = ${tx.organizationId} and endpoint_id = ${endpointId} and status = 'PENDING'
      for update skip locked)`
}

/** Removes what deleted endpoints have left behind, a bounded number of deliveries a turn. Answers how many rows went. */
export async function removeDeletedEndpoints(db: Database, { limit = 1000 } = {}): Promise<number> {
  return asSystem(db, async (tx) => {
    const deliveries = await tx.sql`
      delete from webhook_deliveries d using (
        select d.organization_id, d.id from webhook_endpoints e
        join webhook_deliveries d on d.organization_id = e.organization_id and d.endpoint_id = e.id
        where e.disabled_reason = 'DELETED' limit ${limit} for update of d skip locked
      ) as left_behind
      where d.organization_id = left_behind.organization_id and d.id = left_behind.id`
    // Whoever wrote a delivery just now holds the row of its endpoint, which stays for another turn.
    const endpoints = await tx.sql`
      delete from webhook_endpoints w using (
        select organization_id, id from webhook_endpoints e
        where disabled_reason = 'DELETED' and not exists (
          select from webhook_deliveries d where d.organization_id = e.organization_id and d.endpoint_id = e.id)
        limit ${limit} for update skip locked
      ) as empty
      where w.organization_id = empty.organization_id and w.id = empty.id`
    return deliveries.count + endpoints.count
  })
}

/** A condition on rows of `webhook_endpoints`. */
export function isPresent(tx: Tx) {
  return tx.sql`disabled_reason is distinct from 'DELETED'`
}

async function missed(tx: Tx, endpointId: string) {
  const present = (await loadWebhookEndpoints(tx, [endpointId])).get(endpointId)
  return present ? new VersionConflictError(present.version) : new NotFoundError('webhook endpoint')
}

function readKinds(issues: InputIssue[], kinds: WebhookEventKind[]): WebhookEventKind[] {
  if (kinds.length === 0) issues.push({ path: ['eventTypes'], message: 'At least one is needed.' })
  return [...new Set(kinds)]
}

// Standard Webhooks: 24 to 64 random bytes.
function newSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`
}

function endpointColumns(tx: Tx) {
  return tx.sql`id, url, description, kinds::text[] as kinds, version, disabled_reason as "disabledReason",
    disabled_at as "disabledAt", failing_since as "failingSince", paused_until as "pausedUntil",
    previous_secret_expires_at as "previousSecretExpiresAt", created_at as "createdAt", updated_at as "updatedAt"`
}

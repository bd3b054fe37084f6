// Answers Cal.com's webhooks: genuine, recorded and applied in one transaction, acknowledged whatever they tell.
import { hash } from 'node:crypto'
import type { Database } from '../../db/client.ts'
import type { IntegrationDirectory } from '../webhooks/integration-directory.ts'
import type { ReceivedOutcome, WebhookObserver } from '../webhooks/observer.ts'
import { type JsonObject, parsePayload } from '../webhooks/payloads.ts'
import { refuse, type WebhookRequest, type WebhookResponse } from '../webhooks/requests.ts'
import { type ChangeItem, receiveChanges } from './receive-changes.ts'
import { optionalInstant } from './remote-bookings.ts'
import { calcomIntegration } from './settings.ts'
import { findSignatureFault, SIGNATURE_HEADER } from './signature.ts'
import { changesTime, isKnownTrigger, readChange, readEvent } from './webhook-events.ts'

export interface CalcomWebhookContext {
  db: Database
  directory: IntegrationDirectory
  observer: WebhookObserver
  now: () => number
}

/** Their queue tries for minutes, not for days; and nobody sends from the future. */
const OLDEST_MS = 7 * 86_400_000
const NEWEST_MS = 600_000

export async function handleWebhook(ctx: CalcomWebhookContext, request: WebhookRequest): Promise<WebhookResponse> {
  const beganAt = performance.now()
  const { method, headers, parameters } = request
  if (method !== 'POST') return refuse(405, 'Use POST.', { allow: 'POST' })
  const found = await ctx.directory.find('CALCOM', parameters.integrationId)
  if (!found) return refuse(404, 'There is no such integration.')
  const integration = calcomIntegration(found)
  if (integration.webhookSecret === '') return refuse(403, 'The integration has no secret.')
  const rawBody = await request.readBody(integration.id)
  const reason = findSignatureFault(headers[SIGNATURE_HEADER], { rawBody, secret: integration.webhookSecret })
  if (reason) {
    ctx.observer.signatureRefused({ source: 'calcom', reason })
    return refuse(401, 'The signature is not genuine.')
  }
  request.genuine(integration.id)
  // A subscriber's own template can be anything. It is kept and acknowledged; what it tells, the poll finds.
  const body = parsePayload(rawBody)
  const item = itemOf(body, rawBody, ctx.now())
  const observe = (outcome: ReceivedOutcome) =>
    ctx.observer.received({
      source: 'calcom',
      event: isKnownTrigger(item.event) ? item.event : 'other',
      outcome,
      seconds: (performance.now() - beganAt) / 1000,
    })
  try {
    const [received] = await receiveChanges(ctx.db, integration, [item])
    observe(outcomeOf(received))
    return { status: 200, body: { received: true } }
  } catch (error) {
    observe('failed')
    throw error
  }
}

/** What fails when it is applied stays in the inbox with its reason, to be replayed: another delivery would fail too. */
export function itemOf(body: JsonObject | null, rawBody: Buffer, now: number): ChangeItem {
  const digest = hash('sha256', rawBody, 'hex')
  const text = rawBody.toString('utf8').replaceAll('\0', '').toWellFormed()
  const event = body && readEvent(body)
  const trigger = event?.trigger ?? null
  if (!event || trigger === null) return { key: `body:${digest}`, event: 'TEMPLATE', body: text, read: () => null }
  const name = trigger.slice(0, 100)
  const { uid, createdAt, payload } = event
  if (!changesTime(trigger)) return { key: `body:${digest}`, event: name, body: text, read: () => null }
  return {
    // Two levels of subscription send the same event in different bodies.
    key:
      uid !== null && createdAt !== null ? `${name}:${uid.slice(0, 300)}:${createdAt.slice(0, 50)}` : `body:${digest}`,
    event: name,
    body: text,
    read: () => (isPlausible(createdAt, now) ? readChange(trigger, payload) : null),
  }
}

function isPlausible(createdAt: string | null, now: number): boolean {
  const at = optionalInstant(createdAt)
  return at === null || (at > now - OLDEST_MS && at < now + NEWEST_MS)
}

function outcomeOf(received: { isDuplicate: boolean; outcome: string } | undefined): ReceivedOutcome {
  if (received?.isDuplicate) return 'duplicate'
  if (received?.outcome === 'FAILED') return 'failed'
  return received?.outcome === 'APPLIED' ? 'processed' : 'ignored'
}

// What the handlers of Retell's deliveries work with, and the gate that all of them stand behind.
import type { Database } from '../../db/client.ts'
import type { BookingLane } from '../../domain/claims/booking-lane.ts'
import type { FunctionRecords } from '../../domain/outside/calls/call-functions.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { IntegrationDirectory } from '../webhooks/integration-directory.ts'
import type { WebhookObserver } from '../webhooks/observer.ts'
import { type JsonObject, parsePayload } from '../webhooks/payloads.ts'
import { refuse, type WebhookRequest, type WebhookResponse } from '../webhooks/requests.ts'
import { type RetellIntegration, retellIntegration } from './settings.ts'
import { findSignatureFault, SIGNATURE_HEADER } from './signature.ts'

export interface RetellContext {
  db: Database
  records: FunctionRecords
  lane: BookingLane
  directory: IntegrationDirectory
  observer: WebhookObserver
  /** False: what was said is never stored, neither with the call nor in the inbox. */
  keepsTranscripts: boolean
  logger: Logger
  /** Milliseconds since the Unix epoch: for signatures, and for what "tomorrow" is. */
  now: () => number
}

export interface GenuineDelivery {
  integration: RetellIntegration
  payload: JsonObject
  rawBody: Buffer
}

// Of GET and DELETE only the empty body is signed: their query could be anybody's.
const SIGNED_METHODS = ['POST', 'PUT', 'PATCH']

/** The configured path says whose it is, the signature that it is genuine; only then is the body looked at, and not read before somebody has an integration there. */
export async function openDelivery(
  ctx: RetellContext,
  { method, headers, readBody, genuine, parameters }: WebhookRequest,
): Promise<GenuineDelivery | { refusal: WebhookResponse }> {
  if (!SIGNED_METHODS.includes(method)) {
    return { refusal: refuse(405, 'Use POST: only a body is signed.', { allow: SIGNED_METHODS.join(', ') }) }
  }
  const found = await ctx.directory.find('RETELL', parameters.integrationId)
  if (!found) return { refusal: refuse(404, 'There is no such integration.') }
  const integration = retellIntegration(found)
  const rawBody = await readBody(integration.id)
  const reason = findSignatureFault(headers[SIGNATURE_HEADER], {
    rawBody,
    key: integration.webhookKey,
    now: ctx.now(),
  })
  if (reason) {
    ctx.observer.signatureRefused({ source: 'retell', reason })
    return { refusal: refuse(401, 'The signature is not genuine.') }
  }
  genuine(integration.id)
  const payload = parsePayload(rawBody)
  return payload ? { integration, payload, rawBody } : { refusal: refuse(400, 'The body is no JSON object.') }
}

// Retell's events about a call: recorded once, applied in the same transaction, in whatever order they arrive.
import { hash } from 'node:crypto'
import { type CallStatus, callLock, reportCall } from '../../domain/outside/calls/calls.ts'
import { type Effect, receive } from '../webhooks/inbox.ts'
import type { ReceivedOutcome } from '../webhooks/observer.ts'
import { canonicalJson, isObject, type JsonObject, textOf } from '../webhooks/payloads.ts'
import { refuse, type WebhookRequest, type WebhookResponse } from '../webhooks/requests.ts'
import { callIdOf, readCall, referenceOf, withoutTranscripts } from './call-object.ts'
import { type GenuineDelivery, openDelivery, type RetellContext } from './context.ts'
import { releaseHoldsOfCall } from './session-holds.ts'

/** The state is in the event's name: a documented call_ended says "registered" in its call_status. */
const STATUS_OF: Record<string, CallStatus> = {
  call_started: 'ONGOING',
  call_ended: 'ENDED',
  call_analyzed: 'ANALYZED',
}
const TRANSFERS = new Set(['transfer_started', 'transfer_bridged', 'transfer_cancelled', 'transfer_ended'])
const CHATS = new Set(['chat_started', 'chat_ended', 'chat_analyzed'])

const EVENT_LIMIT = 100

export async function handleEvents(ctx: RetellContext, request: WebhookRequest): Promise<WebhookResponse> {
  const beganAt = performance.now()
  const delivery = await openDelivery(ctx, request)
  const observe = (event: string, outcome: ReceivedOutcome) =>
    ctx.observer.received({ source: 'retell', event, outcome, seconds: (performance.now() - beganAt) / 1000 })
  if ('refusal' in delivery) {
    observe('other', 'rejected')
    return delivery.refusal
  }
  const event = textOf(delivery.payload.event)
  if (event === null || event.length > EVENT_LIMIT) {
    observe('other', 'rejected')
    return refuse(400, 'The body names no event.')
  }
  const name = isKnown(event) ? event : 'other'
  try {
    const answer = await apply(ctx, delivery, event)
    observe(name, answer.outcome)
    return answer.response
  } catch (error) {
    observe(name, 'failed')
    throw error
  }
}

function isKnown(event: string): boolean {
  return event in STATUS_OF || TRANSFERS.has(event) || CHATS.has(event) || event === 'transcript_updated'
}

async function apply(
  ctx: RetellContext,
  { integration, payload: told, rawBody }: GenuineDelivery,
  event: string,
): Promise<{ response: WebhookResponse; outcome: ReceivedOutcome }> {
  const payload = ctx.keepsTranscripts ? told : withoutTranscripts(told)
  const aboutCall = isKnown(event) && !CHATS.has(event)
  const call = isObject(payload.call) ? payload.call : null
  const callId = call && callIdOf(call)
  if (aboutCall && callId === null) return { response: refuse(400, 'The event names no call.'), outcome: 'rejected' }
  const body = ctx.keepsTranscripts ? rawBody.toString('utf8') : JSON.stringify(payload)
  const base = { integration, event, body }
  const received =
    aboutCall && call && callId !== null
      ? await receive(
          ctx.db,
          {
            ...base,
            key: callKey(event, callId, payload, call),
            locks: [callLock(integration.id, callId)],
            // Fires many times in a call; the newest counts.
            repeats: event === 'transcript_updated',
          },
          async (tx): Promise<Effect> => {
            const { id } = await reportCall(tx, {
              integrationId: integration.id,
              providerCallId: callId,
              status: STATUS_OF[event] ?? null,
              reference: referenceOf(call),
              facts: factsOf(payload, call),
              ...(TRANSFERS.has(event) && { transfer: transferOf(event, payload, call) }),
            })
            return { outcome: 'APPLIED', result: { callId: id } }
          },
        )
      : await receive(ctx.db, { ...base, key: foreignKey(event, payload, body) }, async () => ({ outcome: 'IGNORED' }))
  // Nobody is left to book what the conversation still holds. Their expiry stands behind it.
  if (event === 'call_ended' && callId !== null) {
    await releaseHoldsOfCall(ctx, integration, callId)
  }
  const outcome = received.isDuplicate ? 'duplicate' : received.outcome === 'APPLIED' ? 'processed' : 'ignored'
  return { response: { status: 204, body: null }, outcome }
}

function factsOf(payload: JsonObject, call: JsonObject) {
  const facts = readCall(call)
  // In transcript_updated the newest transcript stands beside the call.
  const beside = payload.transcript_with_tool_calls
  return Array.isArray(beside) && beside.length >= (facts.transcriptItems?.length ?? 0)
    ? { ...facts, transcriptItems: beside }
    : facts
}

/** Lifecycle events come once a call at most, transfers can come again. There is no delivery id. */
function callKey(event: string, callId: string, payload: JsonObject, call: JsonObject): string {
  if (!TRANSFERS.has(event)) return `${event}:${callId}`
  const start = payload.start_timestamp ?? call.start_timestamp ?? null
  return `${event}:${callId}:${digestOf([start, payload.transfer_destination ?? null])}`
}

function transferOf(event: string, payload: JsonObject, call: JsonObject): unknown {
  return {
    event,
    destination: payload.transfer_destination ?? null,
    option: payload.transfer_option ?? null,
    endedAt: call.transfer_end_timestamp ?? null,
  }
}

// New events appear over time: they are acknowledged, counted and kept.
function foreignKey(event: string, payload: JsonObject, body: string): string {
  const chat = isObject(payload.chat) ? textOf(payload.chat.chat_id) : null
  return CHATS.has(event) && chat !== null ? `${event}:${chat.slice(0, 200)}` : `${event}:${digestOf(body)}`
}

function digestOf(value: unknown): string {
  return hash('sha256', canonicalJson(value), 'hex')
}

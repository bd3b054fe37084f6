// Answers while a call rings: today's date, who calls if the carrier says so, and our reference for the call.
import { createHash } from 'node:crypto'
import { inSnapshot } from '../../db/transaction.ts'
import { loadLocations } from '../../domain/catalogue/locations.ts'
import { announceCall, callLock, findCustomerByCarrierNumber } from '../../domain/outside/calls/calls.ts'
import { loadCustomers } from '../../domain/people/customers.ts'
import { receive } from '../webhooks/inbox.ts'
import { canonicalJson, isObject, type JsonObject, textOf } from '../webhooks/payloads.ts'
import { refuse, type WebhookRequest, type WebhookResponse } from '../webhooks/requests.ts'
import { callIdOf, REFERENCE_KEY } from './call-object.ts'
import { openDelivery, type RetellContext } from './context.ts'
import type { RetellIntegration } from './settings.ts'
import { describeClock, describeDate, weekdayName } from './spoken-moments.ts'

/** Retell waits ten seconds, and the caller hears it ring. */
const BUDGET_MS = 4000

/**
 * `{call_inbound: {…}}`: dynamic variables are strings, and there, not at the top level. An empty one means "go on": what a
 * caller must never get for a slow database is no answer, which disconnects the call.
 */
export async function handleInbound(ctx: RetellContext, request: WebhookRequest): Promise<WebhookResponse> {
  const beganAt = performance.now()
  const delivery = await openDelivery(ctx, request)
  if ('refusal' in delivery) return delivery.refusal
  const { integration, payload } = delivery
  const observe = (outcome: 'processed' | 'failed') =>
    ctx.observer.received({
      source: 'retell',
      event: 'call_inbound',
      outcome,
      seconds: (performance.now() - beganAt) / 1000,
    })
  // The twin for text messages has nothing that we add to.
  if (isObject(payload.chat_inbound)) return { status: 200, body: { chat_inbound: {} } }
  const inbound = payload.call_inbound
  if (!isObject(inbound)) return refuse(400, 'The body announces no call.')
  const answer = await withinBudget(ctx, announce(ctx, integration, payload, inbound))
  observe(answer ? 'processed' : 'failed')
  return { status: 200, body: { call_inbound: answer ?? {} } }
}

async function announce(ctx: RetellContext, integration: RetellIntegration, payload: JsonObject, inbound: JsonObject) {
  const { organizationId, locationId } = integration
  const from = textOf(inbound.from_number)
  const [reference, { customerName, locationName }] = await Promise.all([
    rememberCall(ctx, integration, payload, inbound),
    inSnapshot(ctx.db, organizationId, async (tx) => {
      const [customerId, locations] = await Promise.all([
        findCustomerByCarrierNumber(tx, from),
        loadLocations(tx, [locationId]),
      ])
      const customers = await loadCustomers(tx, customerId === null ? [] : [customerId])
      return {
        customerName: customerId === null ? null : (customers.get(customerId)?.name ?? null),
        locationName: locations.get(locationId)?.name ?? '',
      }
    }),
  ])
  const { language, timeZone } = integration
  const now = ctx.now()
  return {
    dynamic_variables: {
      // Saying what day it is takes most wrong dates out of a language model.
      current_date: `${describeDate(now, { language, timeZone })}${language === 'de' ? '' : ','} ${yearOf(now, timeZone)}`,
      current_weekday: weekdayName(now, { language, timeZone }),
      current_clock_time: describeClock(now, { language, timeZone }),
      time_zone: timeZone,
      location_name: locationName,
      customer_known: String(customerName !== null),
      customer_name: customerName ?? '',
    },
    metadata: { [REFERENCE_KEY]: reference },
  }
}

/** A model that is told none invents one. */
function yearOf(now: number, timeZone: string): number {
  return Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(timeZone).year
}

/** A retry gets the reference of the first delivery. */
async function rememberCall(
  ctx: RetellContext,
  integration: RetellIntegration,
  payload: JsonObject,
  inbound: JsonObject,
): Promise<string> {
  const callId = callIdOf(inbound)
  const [fromNumber, toNumber] = [textOf(inbound.from_number), textOf(inbound.to_number)]
  const { result } = await receive(
    ctx.db,
    {
      integration,
      key: inboundKey(payload, inbound, callId, ctx.now()),
      event: 'call_inbound',
      body: JSON.stringify(payload),
      locks: callId === null ? [] : [callLock(integration.id, callId)],
    },
    async (tx) => {
      const { id } = await announceCall(tx, {
        integrationId: integration.id,
        providerCallId: callId,
        customerId: await findCustomerByCarrierNumber(tx, fromNumber),
        facts: {
          direction: 'inbound',
          ...(fromNumber !== null && { fromNumber }),
          ...(toNumber !== null && { toNumber }),
          ...(textOf(inbound.agent_id) !== null && { agentId: String(inbound.agent_id) }),
        },
      })
      return { outcome: 'APPLIED', result: { callId: id } }
    },
  )
  return String(result?.callId)
}

/**
 * The call's id or the event's time tells calls apart. The older body has neither: the same number may call twice, so
 * only what comes within the minute of a delivery and its retries counts as the same.
 */
function inboundKey(payload: JsonObject, inbound: JsonObject, callId: string | null, now: number): string {
  if (callId !== null) return `call_inbound:${callId}`
  const at = payload.event_timestamp ?? Math.floor(now / 60_000)
  const digest = createHash('sha256')
    .update(canonicalJson([inbound, at]))
    .digest('hex')
  return `call_inbound:${digest}`
}

async function withinBudget<T>({ logger }: RetellContext, work: Promise<T>): Promise<T | null> {
  const { promise: late, resolve } = Promise.withResolvers<null>()
  const timer = setTimeout(() => resolve(null), BUDGET_MS)
  try {
    const logged = work.catch((err) => {
      logger.error({ err }, 'an inbound call goes on without our answer')
      return null
    })
    return await Promise.race([logged, late])
  } finally {
    clearTimeout(timer)
  }
}

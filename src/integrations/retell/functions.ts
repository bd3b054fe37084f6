// Retell's custom functions: what the agent calls during a conversation, by whatever name it has for them.

import type { VoiceFunctionName } from '../../domain/outside/calls/voice-agents.ts'
import { readPhone } from '../../domain/vocabulary/phone-numbers.ts'
import { isObject, type JsonObject, textOf } from '../webhooks/payloads.ts'
import { refuse, type WebhookHandler, type WebhookRequest, type WebhookResponse } from '../webhooks/requests.ts'
import { callIdOf, carrierNumberOf } from './call-object.ts'
import { type GenuineDelivery, openDelivery, type RetellContext } from './context.ts'
import type { Answer } from './functions/answers.ts'
import { readArguments } from './functions/arguments.ts'
import { type Catalogue, readCatalogue } from './functions/catalogue.ts'
import type { Conversation } from './functions/conversation.ts'
import { findFunction } from './functions/names.ts'
import { invocationKey, publicFunction, runFunction } from './functions/run-function.ts'
import { createSingleFlight } from './functions/single-flight.ts'
import { voiceAgent } from './settings.ts'

/**
 * 200 with `success`, whatever the business says; 4xx and 5xx are for broken requests and faults, of which the agent learns no
 * more than that there was one. A retry that arrives while the first attempt runs waits for its answer.
 */
export function createFunctionsHandler(ctx: RetellContext): WebhookHandler {
  const flights = createSingleFlight<Answer>()
  return async (request) => {
    const beganAt = performance.now()
    const observe = (name: string, outcome: string) =>
      ctx.observer.functionAnswered({ name, outcome, seconds: (performance.now() - beganAt) / 1000 })
    const delivery = await openDelivery(ctx, request)
    if ('refusal' in delivery) {
      observe('other', 'rejected')
      return delivery.refusal
    }
    const invocation = readInvocation(delivery, request)
    if ('status' in invocation) {
      observe('other', 'rejected')
      return invocation
    }
    const { name, key } = invocation
    try {
      const { id } = delivery.integration
      const answer = await flights.run(JSON.stringify([id, invocation.callId, key.key, name]), () =>
        answerInvocation(ctx, delivery, invocation),
      )
      observe(name, answer.outcome)
      return { status: 200, body: answer }
    } catch (error) {
      observe(name, 'failed')
      throw error
    }
  }
}

interface Invocation {
  name: VoiceFunctionName
  /** Null: the body is nothing but arguments, so nothing ties it to a call. */
  callId: string | null
  callObject: JsonObject
  rawArguments: JsonObject
  key: { key: string; isToolCall: boolean }
}

/**
 * `{name, args, call}`. With "payload: args only" the body is the arguments (a `name` in it is a person's) and the address
 * names the function; then only what is public can be answered: nothing signed says whose call it is.
 */
function readInvocation(
  { integration, payload }: GenuineDelivery,
  { parameters }: WebhookRequest,
): Invocation | WebhookResponse {
  const callObject = isObject(payload.call) ? payload.call : null
  const callId = callObject && callIdOf(callObject)
  const addressed = parameters.name === undefined ? null : findFunction(parameters.name, integration.settings)
  if (parameters.name !== undefined && !addressed) return refuse(404, 'There is no such function.')
  if (callObject === null || callId === null) {
    if (!addressed) return refuse(400, 'The body names no function and no call. Turn "payload: args only" off.')
    if (!publicFunction(addressed)) {
      return refuse(400, 'This function needs to know the call. Turn "payload: args only" off.')
    }
    const key = invocationKey({ name: addressed, functionName: addressed }, {}, payload)
    return { name: addressed, callId: null, callObject: {}, rawArguments: payload, key }
  }
  const written = textOf(payload.name)
  const named = written === null ? addressed : findFunction(written, integration.settings)
  if (!named) return refuse(404, 'There is no such function.')
  if (addressed && named !== addressed) return refuse(400, 'The address and the body name different functions.')
  const rawArguments = argumentsOf(payload.args)
  if (!rawArguments) return refuse(400, 'The arguments are no object.')
  const key = invocationKey({ name: written ?? named, functionName: named }, callObject, rawArguments)
  return { name: named, callId, callObject, rawArguments, key }
}

/** None at all is an empty object; some configurations send it as text. */
function argumentsOf(value: unknown): JsonObject | null {
  if (value === undefined || value === null || value === '') return {}
  if (typeof value !== 'string') return isObject(value) ? value : null
  try {
    const parsed: unknown = JSON.parse(value)
    return isObject(parsed) ? parsed : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

async function answerInvocation(
  ctx: RetellContext,
  { integration }: GenuineDelivery,
  { name, callId, callObject, rawArguments, key }: Invocation,
): Promise<Answer> {
  const { language, timeZone } = integration
  const read: Conversation['read'] = (work) => ctx.lane.read(integration.organizationId, work)
  let catalogue: Promise<Catalogue> | undefined
  const conversation = {
    ...{ records: ctx.records, lane: ctx.lane, keepsTranscripts: ctx.keepsTranscripts, integration, callId, read },
    catalogue: () => (catalogue ??= read((tx, once) => readCatalogue(tx, once, integration))),
    speech: { language, timeZone },
    caller: voiceAgent(integration),
    carrierNumber: readPhone(carrierNumberOf(callObject), null).phone,
    said: readArguments(rawArguments),
    startedAt: ctx.now(),
    answeringClaim: null,
    ...key,
  }
  if (callId !== null) return runFunction({ name, call: { ...conversation, callId }, callObject, rawArguments })
  const answer = publicFunction(name)
  if (!answer) throw new Error('The function was let through without a call.')
  return answer(conversation)
}

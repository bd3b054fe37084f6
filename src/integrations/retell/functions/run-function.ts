// Runs a function of a call once per tool call; a retry gets the answer of the first.
import { hash } from 'node:crypto'
import { AnsweredBefore } from '../../../domain/claims/claiming.ts'
import type { CallFunction, FunctionAnswer } from '../../../domain/outside/calls/call-functions.ts'
import type { CallReport } from '../../../domain/outside/calls/calls.ts'
import type { VoiceFunctionName } from '../../../domain/outside/calls/voice-agents.ts'
import { BusyError } from '../../../domain/vocabulary/refusals.ts'
import { canonicalJson, isObject, type JsonObject } from '../../webhooks/payloads.ts'
import { readCall, referenceOf, withoutTranscripts } from '../call-object.ts'
import { sentencesFor } from '../sentences.ts'
import { type Answer, decline, type FunctionResult, shorten } from './answers.ts'
import { bookForCaller } from './book-appointment.ts'
import { cancelForCaller, rescheduleForCaller } from './change-appointment.ts'
import { checkAvailability, findAlternativeTimes, wantsHold } from './check-availability.ts'
import type { Call, Conversation, VoiceFunction } from './conversation.ts'
import { findOwnAppointments } from './find-appointments.ts'
import { holdSlot, releaseSlot } from './hold-slot.ts'
import { listServices } from './list-services.ts'

interface FunctionDefinition {
  /** Whether it has effects: those are recorded and answered once. */
  changes: (conversation: Conversation) => boolean
  /** All that it does is one claim, so its answer can be stored with that. */
  isClaim?: true
  /** It will ask for the catalogue, which can be on its way before the start is recorded. */
  needsCatalogue?: true
}

/** `answer`: needs no call behind it. `run`: needs to know whose call it is. */
type AnyFunction = FunctionDefinition &
  ({ answer: (conversation: Conversation) => Promise<FunctionResult> } | { run: VoiceFunction })

const never = () => false
const always = () => true

const FUNCTIONS: Record<VoiceFunctionName, AnyFunction> = {
  list_services: { answer: listServices, changes: never },
  check_availability: { answer: checkAvailability, changes: wantsHold, isClaim: true },
  find_alternatives: { answer: findAlternativeTimes, changes: wantsHold, isClaim: true },
  hold_slot: { run: holdSlot, changes: always, isClaim: true },
  release_slot: { run: releaseSlot, changes: always },
  book_appointment: { run: bookForCaller, changes: always, isClaim: true },
  find_appointments: { run: findOwnAppointments, changes: never },
  reschedule_appointment: { run: rescheduleForCaller, changes: always, needsCatalogue: true },
  cancel_appointment: { run: cancelForCaller, changes: always, needsCatalogue: true },
}

/** What can be answered without knowing the call; null: nothing of this function. */
export function publicFunction(name: VoiceFunctionName): ((conversation: Conversation) => Promise<Answer>) | null {
  const named = FUNCTIONS[name]
  return 'answer' in named ? async (conversation) => shorten((await named.answer(conversation)).answer) : null
}

export interface FunctionRun {
  name: VoiceFunctionName
  call: Call
  /** As Retell told it. */
  callObject: JsonObject
  rawArguments: JsonObject
}

/**
 * What changes nothing simply runs. A tool call that claims a slot is answered in the transaction of its claim. What else
 * changes something is recorded with the instant of its first start, then runs outside any transaction of ours (the domain
 * opens its own, idempotent by keys that a retry finds again), then its answer is stored: a gateway may die between any two of
 * these, and a retry ends what it began, doing nothing twice. Two gateways may run it at once for the same reason; the first
 * answer that is stored is everybody's.
 */
export async function runFunction(run: FunctionRun): Promise<Answer> {
  const { name, call } = run
  const named = FUNCTIONS[name]
  const perform: VoiceFunction = 'answer' in named ? named.answer : named.run
  if (!named.changes(call)) return shorten((await perform(call)).answer)
  try {
    return await (named.isClaim && call.isToolCall ? runClaim(run, perform) : runRecorded(run, perform))
  } catch (error) {
    // Not stored: nothing was done, and the next attempt may succeed.
    if (error instanceof BusyError) return decline('BUSY', sentencesFor(call.speech).busy).answer
    throw error
  }
}

/** Whatever it finds, it changes nothing for a function that has its answer: that is seen under the locks of the claim. */
async function runClaim(run: FunctionRun, perform: VoiceFunction): Promise<Answer> {
  let stored: Answer | null = null
  const answeringClaim: Call['answeringClaim'] = (tell) => ({
    ...calledBy(run),
    report: () => reportOf(run),
    answerTo: (won) => {
      const { answer, appointmentId = null } = tell(won)
      return { answer: shorten(answer), appointmentId }
    },
    recorded: (answer) => {
      stored = answer as Answer
    },
  })
  try {
    const { answer, appointmentId = null } = await perform({ ...run.call, answeringClaim })
    if (stored) return stored
    return await recordAnswer(run, { answer: shorten(answer), appointmentId, report: () => reportOf(run) })
  } catch (error) {
    if (error instanceof AnsweredBefore) return error.answer as Answer
    throw error
  }
}

async function runRecorded(run: FunctionRun, perform: VoiceFunction): Promise<Answer> {
  const { integration } = run.call
  if (FUNCTIONS[run.name].needsCatalogue) run.call.catalogue().catch(() => {})
  const started = await run.call.records.start(integration.organizationId, {
    ...calledBy(run),
    isToolCall: run.call.isToolCall,
    report: () => reportOf(run),
  })
  if (started.answer) return started.answer as Answer
  const { answer, appointmentId = null } = await perform({ ...run.call, startedAt: started.startedAt })
  return recordAnswer(run, { answer: shorten(answer), appointmentId })
}

async function recordAnswer(run: FunctionRun, given: Omit<FunctionAnswer, keyof CallFunction>): Promise<Answer> {
  const { integration, records } = run.call
  return (await records.finish(integration.organizationId, { ...calledBy(run), ...given })) as Answer
}

function reportOf({ call: { integration, callId, keepsTranscripts }, callObject }: FunctionRun): CallReport {
  return {
    integrationId: integration.id,
    providerCallId: callId,
    status: null,
    reference: referenceOf(callObject),
    facts: readCall(keepsTranscripts ? callObject : withoutTranscripts(callObject)),
  }
}

function calledBy({ name, call, rawArguments }: FunctionRun): CallFunction {
  const { integration, callId, key } = call
  return { integrationId: integration.id, providerCallId: callId, key, function: name, arguments: rawArguments }
}

/**
 * There is no invocation id: the last tool call in the transcript is the one under way, if its name fits. Else call,
 * function and arguments stand for it, whatever the order of their keys.
 */
export function invocationKey(
  { name, functionName }: { name: string; functionName: VoiceFunctionName },
  callObject: JsonObject,
  rawArguments: JsonObject,
): { key: string; isToolCall: boolean } {
  const transcript = Array.isArray(callObject.transcript_with_tool_calls) ? callObject.transcript_with_tool_calls : []
  const last = transcript.filter(isObject).findLast(({ role }) => role === 'tool_call_invocation')
  const id = last?.tool_call_id
  if (last?.name === name && typeof id === 'string' && id !== '' && id.length <= 200) {
    return { key: `tool:${id}`, isToolCall: true }
  }
  const digest = hash('sha256', canonicalJson(rawArguments), 'hex')
  return { key: `arguments:${functionName}:${digest}`, isToolCall: false }
}

// Reads Retell's call object into a report: what was told, what was left out, and what it cannot mean.
import type { CallFacts } from '../../domain/outside/calls/calls.ts'
import { isObject, type JsonObject, textOf } from '../webhooks/payloads.ts'

/** The key under which our reference travels in the call's metadata. */
export const REFERENCE_KEY = 'slotwire_call_id'

const ID_LIMIT = 200

/** Null: there is none that could be one. */
export function callIdOf(call: JsonObject): string | null {
  const id = textOf(call.call_id)
  return id !== null && id.length <= ID_LIMIT ? id : null
}

// Named apart, or not kept: a web call's access token, what is scrubbed of a transcript that is kept as it is.
const NAMED = new Set([
  ...[
    'call_id',
    'agent_id',
    'direction',
    'from_number',
    'to_number',
    'start_timestamp',
    'end_timestamp',
    'duration_ms',
  ],
  ...['disconnection_reason', 'transcript', 'transcript_object', 'transcript_with_tool_calls', 'recording_url'],
  ...[
    'metadata',
    'retell_llm_dynamic_variables',
    'call_analysis',
    'access_token',
    'scrubbed_transcript_with_tool_calls',
  ],
])

/** What was said and where it can be heard, at whatever depth it stands and by whatever name it comes in later versions. */
export function withoutTranscripts<Value>(value: Value): Value {
  if (Array.isArray(value)) return value.map((item: unknown) => withoutTranscripts(item)) as Value
  if (!isObject(value)) return value
  const kept = Object.entries(value).filter(([key]) => !/transcript|recording/i.test(key))
  return Object.fromEntries(kept.map(([key, item]) => [key, withoutTranscripts(item)])) as Value
}

/** A field that is missing says nothing; one that is null says that there is none. */
export function readCall(call: JsonObject): CallFacts {
  return {
    agentId: textOf(call.agent_id) ?? undefined,
    direction: textOf(call.direction) ?? undefined,
    fromNumber: textOf(call.from_number) ?? undefined,
    toNumber: textOf(call.to_number) ?? undefined,
    startedAt: timestampOf(call.start_timestamp),
    endedAt: timestampOf(call.end_timestamp),
    durationMs: numberOf(call.duration_ms),
    disconnectionReason: textOf(call.disconnection_reason) ?? undefined,
    transcript: textOf(call.transcript) ?? undefined,
    transcriptItems: listOf(call.transcript_with_tool_calls) ?? listOf(call.transcript_object),
    recordingUrl: textOf(call.recording_url) ?? undefined,
    metadata: call.metadata,
    dynamicVariables: call.retell_llm_dynamic_variables,
    analysis: call.call_analysis ?? undefined,
    details: Object.fromEntries(Object.entries(call).filter(([key]) => !NAMED.has(key))),
  }
}

/** Our own reference, if it comes back; it still has to be one of this integration. */
export function referenceOf(call: JsonObject): string | null {
  const reference = isObject(call.metadata) ? call.metadata[REFERENCE_KEY] : null
  const isId = typeof reference === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(reference)
  return isId ? reference : null
}

/**
 * The number of the person on the other side as the carrier told it, in E.164. Null: withheld, a web call, or not in the plus
 * form, in which a foreign number could be taken for one of this country.
 */
export function carrierNumberOf(call: {
  direction?: unknown
  from_number?: unknown
  to_number?: unknown
}): string | null {
  const number = call.direction === 'outbound' ? call.to_number : call.from_number
  return textOf(number)
}

function listOf(value: unknown): unknown[] | undefined {
  return Array.isArray(value) ? value : undefined
}

const LATEST = Date.UTC(2200, 0, 1)

/** Unix milliseconds. */
function timestampOf(value: unknown): number | undefined {
  const number = numberOf(value)
  return number !== undefined && number > 0 && number < LATEST ? number : undefined
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(Math.round(value)) ? Math.round(value) : undefined
}

// What a function answers: whether it worked, a word for machines, a sentence to speak, and data.
import type { JsonObject } from '../../webhooks/payloads.ts'

export type Outcome =
  | 'SERVICES'
  | 'FREE'
  | 'SLOTS'
  | 'NOT_FREE'
  | 'NONE_FREE'
  | 'HELD'
  | 'RELEASED'
  | 'BOOKED'
  | 'FOUND'
  | 'RESCHEDULED'
  | 'CANCELLED'
  | 'NOT_FOUND'
  | 'POLICY_FORBIDS'
  | 'CHANGED_MEANWHILE'
  | 'UNCLEAR_TIME'
  | 'PAST_TIME'
  | 'UNCLEAR_SERVICE'
  | 'UNCLEAR_STAFF'
  | 'UNCLEAR_APPOINTMENT'
  /** Under this number there is one at that time; `another_person: true` says that a second one is meant. */
  | 'ANOTHER_APPOINTMENT'
  | 'UNCLEAR_PHONE'
  | 'MISSING_NAME'
  | 'HOLD_LIMIT'
  | 'BUSY'

export interface Answer extends JsonObject {
  success: boolean
  outcome: Outcome
  /** For the agent to say. */
  message: string
}

/** An answer, and what it was about. */
export interface FunctionResult {
  answer: Answer
  appointmentId?: string
}

export function succeed(outcome: Outcome, message: string, data: JsonObject = {}): FunctionResult {
  return { answer: { success: true, outcome, message, ...data } }
}

export function decline(outcome: Outcome, message: string, data: JsonObject = {}): FunctionResult {
  return { answer: { success: false, outcome, message, ...data } }
}

/** Retell cuts at 15,000 characters, in the middle of the JSON. */
const LIMIT = 14_000

/** Shortens the lists until it fits; the sentence stays. */
export function shorten(answer: Answer): Answer {
  let fitting: Answer = answer
  for (let attempt = 0; JSON.stringify(fitting).length > LIMIT && attempt < 20; attempt++) {
    const shorter = Object.entries(fitting).map(([key, value]) => [
      key,
      Array.isArray(value) ? value.slice(0, Math.floor(value.length / 2)) : value,
    ])
    fitting = Object.fromEntries(shorter)
  }
  const { success, outcome, message } = fitting
  return JSON.stringify(fitting).length <= LIMIT ? fitting : { success, outcome, message: message.slice(0, 4000) }
}

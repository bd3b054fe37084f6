// What a function works with: the call it belongs to, what was said, and who is on the phone.
import type { Once } from '../../../db/shared-transactions.ts'
import type { Tx } from '../../../db/transaction.ts'
import type { BookingLane } from '../../../domain/claims/booking-lane.ts'
import type { Won } from '../../../domain/claims/claim-decisions.ts'
import type { ClaimingFunction, FunctionRecords } from '../../../domain/outside/calls/call-functions.ts'
import type { Caller } from '../../../domain/people/callers.ts'
import type { Instant } from '../../../domain/vocabulary/types.ts'
import type { RetellIntegration } from '../settings.ts'
import type { Speech } from '../spoken-moments.ts'
import type { FunctionResult } from './answers.ts'
import type { Arguments } from './arguments.ts'
import type { Catalogue } from './catalogue.ts'

export interface Conversation {
  /** Of the integration's organization; a hundred calls of one moment ask together. */
  read: <T>(work: (tx: Tx, once: Once) => Promise<T>) => Promise<T>
  /** Read once, when it is first asked for. */
  catalogue: () => Promise<Catalogue>
  records: FunctionRecords
  keepsTranscripts: boolean
  lane: BookingLane
  integration: RetellIntegration
  speech: Speech
  /** Books and holds; whoever changes an appointment does it as its guest. */
  caller: Caller
  /** From the signed body, never from the arguments: models invent call ids. Null: a bare read. */
  callId: string | null
  /** E.164, as the carrier told it. Null: withheld, or no telephone. */
  carrierNumber: string | null
  said: Arguments
  /** When the function was first called: "tomorrow" means the same to its retries. */
  startedAt: Instant
  /** The name of this attempt, the same for its retries. */
  key: string
  /** The key is the tool call's own: it is never used again for another wish. */
  isToolCall: boolean
  /** For functions that do nothing but a claim: what is told when it succeeds is stored along with it. Null: it is stored after. */
  answeringClaim: ((tell: (won: Won) => FunctionResult) => ClaimingFunction) | null
}

/** A conversation with a call behind it: holds and bookings have a session. */
export interface Call extends Conversation {
  callId: string
}

export type VoiceFunction = (conversation: Call) => Promise<FunctionResult>

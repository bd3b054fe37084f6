// The catalogue of expected refusals: what a caller may do wrong or lose, as data that helps to go on.
import type { HoldRecord } from '../bookings/holds.ts'
import type { Instant, Slot, SlotBlock } from './types.ts'

export type RefusalCode =
  | 'SLOT_UNAVAILABLE'
  | 'HOLD_EXPIRED'
  | 'HOLD_NOT_ACTIVE'
  | 'HOLD_LIMIT_REACHED'
  | 'BOOKING_LIMIT_REACHED'
  | 'VERSION_CONFLICT'
  | 'INVALID_TRANSITION'
  | 'POLICY_VIOLATION'
  | 'IDEMPOTENCY_KEY_REUSED'
  | 'INVALID_INPUT'
  | 'NOT_FOUND'
  | 'BUSY'

export type HoldStatus = 'ACTIVE' | 'BOOKED' | 'RELEASED' | 'EXPIRED'
export type AppointmentStatus = 'CONFIRMED' | 'CANCELLED' | 'COMPLETED' | 'NO_SHOW'
export type PolicyScope = 'ORGANIZATION' | 'LOCATION' | 'SERVICE' | 'RESOURCE'

/** The rules in force for an appointment; version 0 is the built-in default of an organization without any. */
export interface Policy {
  scope: PolicyScope
  scopeId: string
  version: number
  cancelNoticeMinutes: number
  rescheduleNoticeMinutes: number
  maxReschedules: number | null
}

export abstract class Refusal extends Error {
  abstract readonly code: RefusalCode
}

export class SlotUnavailableError extends Refusal {
  readonly code = 'SLOT_UNAVAILABLE'
  reasons: SlotBlock[]
  alternatives: Slot[]
  /** The hold placed on the best alternative, when the caller asked for one. */
  heldAlternative: HoldRecord | null

  constructor(reasons: SlotBlock[], alternatives: Slot[], heldAlternative: HoldRecord | null = null) {
    super('This slot is not available. Choose one of the alternatives or ask for availability again.')
    this.reasons = reasons
    this.alternatives = alternatives
    this.heldAlternative = heldAlternative
  }
}

export class HoldExpiredError extends Refusal {
  readonly code = 'HOLD_EXPIRED'
  alternatives: Slot[]

  constructor(alternatives: Slot[]) {
    super('The hold has expired. Hold or book one of the alternatives.')
    this.alternatives = alternatives
  }
}

export class HoldNotActiveError extends Refusal {
  readonly code = 'HOLD_NOT_ACTIVE'
  status: HoldStatus

  constructor(status: HoldStatus) {
    super(
      status === 'BOOKED'
        ? 'The hold has been booked already.'
        : status === 'RELEASED'
          ? 'The hold has been released. Place a new one.'
          : status === 'EXPIRED'
            ? 'The hold has expired. Place a new one.'
            : 'The hold belongs to another session.',
    )
    this.status = status
  }
}

export class HoldLimitReachedError extends Refusal {
  readonly code = 'HOLD_LIMIT_REACHED'
  limit: number
  scope: HoldLimitScope
  /** Until the first of the holds that count ends by itself. */
  retryAfterMs: number | null

  constructor(limit: number, scope: HoldLimitScope, retryAfterMs: number | null) {
    super(`${HOLD_LIMITS[scope].replace('N', String(limit))} Release one, or place the new one with replace: true.`)
    this.limit = limit
    this.scope = scope
    this.retryAfterMs = retryAfterMs
  }
}

/** What the holds have in common that are counted. */
export type HoldLimitScope = 'SLOT' | 'SESSION' | 'NO_SESSION' | 'ADDRESS' | 'KEY'

const HOLD_LIMITS: Record<HoldLimitScope, string> = {
  SLOT: 'A session can have N live hold of a slot, and this session has one with somebody else.',
  SESSION: 'A session can have no more than N live holds at once.',
  NO_SESSION: 'A key can have no more than N live holds without a session at once.',
  ADDRESS: 'No more than N holds from one address can be live at once.',
  KEY: 'No more than N holds of one publishable key can be live at once.',
}

export class BookingLimitReachedError extends Refusal {
  readonly code = 'BOOKING_LIMIT_REACHED'
  limit: number
  retryAfterMs: number | null

  constructor(limit: number, retryAfterMs: number | null) {
    super(`No more than ${limit} appointments a day can be booked for this phone number here. Call to book more.`)
    this.limit = limit
    this.retryAfterMs = retryAfterMs
  }
}

export class VersionConflictError extends Refusal {
  readonly code = 'VERSION_CONFLICT'
  currentVersion: number

  constructor(currentVersion: number) {
    super(`Someone else changed it first: it is at version ${currentVersion} now. Read it again and decide anew.`)
    this.currentVersion = currentVersion
  }
}

export class InvalidTransitionError extends Refusal {
  readonly code = 'INVALID_TRANSITION'
  currentStatus: AppointmentStatus

  constructor(
    currentStatus: AppointmentStatus,
    message = `The appointment is ${currentStatus}; this change is not possible.`,
  ) {
    super(message)
    this.currentStatus = currentStatus
  }
}

export class PolicyViolationError extends Refusal {
  readonly code = 'POLICY_VIOLATION'
  policy: Policy
  allowedUntil: Instant | null

  constructor(message: string, policy: Policy, allowedUntil: Instant | null) {
    super(message)
    this.policy = policy
    this.allowedUntil = allowedUntil
  }
}

export class IdempotencyKeyReusedError extends Refusal {
  readonly code = 'IDEMPOTENCY_KEY_REUSED'

  constructor() {
    super('This idempotency key was used before with a different request. Use a new key for a new request.')
  }
}

export interface InputIssue {
  /** Path into the mutation's input: `['slot', 'startsAt']`. */
  path: string[]
  message: string
}

export class InvalidInputError extends Refusal {
  readonly code = 'INVALID_INPUT'
  issues: InputIssue[]

  constructor(issues: InputIssue[]) {
    super(issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join(' '))
    this.issues = issues
  }
}

export class NotFoundError extends Refusal {
  readonly code = 'NOT_FOUND'

  constructor(what: string) {
    super(`There is no ${what} with this id.`)
  }
}

export class BusyError extends Refusal {
  readonly code = 'BUSY'
  retryAfterMs: number

  constructor(retryAfterMs = 200) {
    super('This time is being fought over and the wait ran out. Nothing was done; send the same request again.')
    this.retryAfterMs = retryAfterMs
  }
}

// Places a hold: a slot kept for a short time, bookable until it expires.
import { DEFAULT_WITHIN_MINUTES } from '../availability/alternative-search.ts'
import type { Answer, BookingLane } from '../claims/booking-lane.ts'
import type { Decision } from '../claims/claim-decisions.ts'
import { type HoldRequest, lockableStarts, type Replacing, type SlotWish } from '../claims/claim-requests.ts'
import { alternativesToFind, claim, claimAlternative, quotasOf, slotUnavailable } from '../claims/claiming.ts'
import { idempotencyFor } from '../claims/idempotency.ts'
import type { ClaimingFunction } from '../outside/calls/call-functions.ts'
import type { Caller } from '../people/callers.ts'
import { InvalidInputError, NotFoundError, SlotUnavailableError } from '../vocabulary/refusals.ts'
import { DEFAULT_TTL_SECONDS, type HoldRecord, loadHolds, MAX_TTL_SECONDS } from './holds.ts'

export interface PlaceHoldInput {
  caller: Caller
  slot: SlotWish
  /** Null: 300. At most 1800. */
  ttlSeconds: number | null
  sessionKey: string | null
  /** Releases older holds of the session, if the new one succeeds. */
  replace: Replacing
  customerId: string | null
  /** The customer may have another appointment then. Left out: no. */
  allowsCustomerConflict?: boolean
  /** On a refusal, hold the best alternative at once. */
  holdAlternative: boolean
  idempotencyKey: string | null
}

/**
 * The slot is the caller's until `expiresAt` by the database's clock. A session that holds this slot already gets its
 * own hold back. Throws SlotUnavailableError with alternatives (one of them held, if asked), HoldLimitReachedError,
 * IdempotencyKeyReusedError, NotFoundError, InvalidInputError, BusyError; with `inCall` AnsweredBefore.
 */
export async function placeHold(
  lane: BookingLane,
  input: PlaceHoldInput,
  inCall?: ClaimingFunction,
): Promise<HoldRecord> {
  const { caller, slot, sessionKey, replace, customerId } = input
  const ttlSeconds = input.ttlSeconds ?? DEFAULT_TTL_SECONDS
  if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > MAX_TTL_SECONDS) {
    throw new InvalidInputError([{ path: ['ttlSeconds'], message: `Must be between 1 and ${MAX_TTL_SECONDS}.` }])
  }
  const { idempotencyKey, caller: _, ...asked } = input
  const quotas = await quotasOf(lane, caller)
  const idempotency = idempotencyFor(idempotencyKey, 'holdSlot', asked)

  const attempt = (starts: number[], refusal: HoldRequest['refusal']) =>
    claim(lane, { caller, serviceId: slot.serviceId }, (offer, extraLocks) => ({
      kind: 'HOLD',
      caller,
      offer,
      starts: lockableStarts(offer, starts),
      wishedAt: refusal ? slot.startsAt : null,
      takesAlternative: input.holdAlternative && refusal === null,
      pinned: slot.resourceIds,
      ttlSeconds,
      sessionKey,
      replace,
      customerId,
      idempotency,
      quotas,
      inCall,
      extraLocks,
      allowsCustomerConflict: input.allowsCustomerConflict ?? false,
      refusal,
      alternatives: {
        first: alternativesToFind(input.holdAlternative),
        withinMinutes: DEFAULT_WITHIN_MINUTES,
        customerId,
        phone: null,
      },
    }))

  const answer = await attempt([slot.startsAt], null)
  if (answer.decision.state !== 'LOST') return holdOf(lane, caller, answer)
  const refused = slotUnavailable(answer)
  if (input.holdAlternative) {
    const { reasons, alternatives } = refused
    const held = await claimAlternative(answer, (starts) => attempt(starts, { reasons, alternatives }))
    if (held) return holdOf(lane, caller, held)
  }
  throw refused
}

/** A held alternative is a refusal of the wish; so is one that the key or the session led to before. */
async function holdOf(lane: BookingLane, caller: Caller, { decision }: Answer): Promise<HoldRecord> {
  const { hold, refusal } = await readDecision(lane, caller, decision)
  if (refusal) throw new SlotUnavailableError(refusal.reasons, refusal.alternatives, hold)
  return hold
}

async function readDecision(
  lane: BookingLane,
  { organizationId }: Caller,
  decision: Decision,
): Promise<{ hold: HoldRecord; refusal: HoldRequest['refusal'] }> {
  if (decision.state === 'HOLD') return { hold: decision.hold, refusal: decision.request.refusal }
  if (decision.state !== 'KNOWN' || !decision.holdId) throw new NotFoundError('hold')
  const { holdId, refusal } = decision
  const hold = (await lane.read(organizationId, (tx) => loadHolds(tx, [holdId]))).get(holdId)
  if (!hold) throw new NotFoundError('hold')
  return { hold, refusal }
}

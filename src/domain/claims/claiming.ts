// Takes a claim request to its end: judged anew when it was judged by something old, falling through to alternatives.

import * as metrics from '../../metrics/series.ts'
import { SHOWN_ALTERNATIVES } from '../availability/alternative-search.ts'
import { findOffer, type Offer } from '../availability/offers.ts'
import type { Caller } from '../people/callers.ts'
import { visitorOf } from '../people/visitors.ts'
import { OutdatedAttempt, untilPresent } from '../vocabulary/outdated-attempt.ts'
import { SlotUnavailableError } from '../vocabulary/refusals.ts'
import type { Slot } from '../vocabulary/types.ts'
import type { Answer, BookingLane } from './booking-lane.ts'
import type { ClaimRequest } from './claim-requests.ts'
import type { Quotas } from './visitor-quotas.ts'

/** How many are tried when the caller wants one held or booked at once. */
const TRIED_ALTERNATIVES = 40
const ALTERNATIVE_ROUNDS = 20

/** The function of a call has its answer: there is nothing to claim for it any more. */
export class AnsweredBefore extends Error {
  answer: Record<string, unknown>

  constructor(answer: Record<string, unknown>) {
    super('The function of the call was answered before.')
    this.answer = answer
  }
}

export type ExtraLocks = ClaimRequest['extraLocks']

/**
 * Submits until the request was decided by what is in force. The database says when it was not: a definition changed, a
 * lock was missing, or (with the locks off) a constraint refused. Throws AnsweredBefore, BusyError, and what it is refused for.
 */
export function claim(
  lane: BookingLane,
  { caller, serviceId }: { caller: Caller; serviceId: string },
  build: (offer: Offer, extraLocks: ExtraLocks) => ClaimRequest,
): Promise<Answer> {
  return untilPresent(async (extraLocks, number) => {
    const offer = await findOffer(lane.db, { organizationId: caller.organizationId, serviceId, fresh: number > 1 })
    const answer = await lane.submit(build(offer, extraLocks))
    metrics.claims.inc({ outcome: answer.decision.state.toLowerCase() })
    if (answer.decision.state === 'REFUSED') throw answer.decision.refusal
    if (answer.decision.state === 'ANSWERED') throw new AnsweredBefore(answer.decision.answer)
    if (answer.decision.state === 'STALE') throw new OutdatedAttempt(answer.decision.extraLocks)
    return answer
  })
}

/**
 * Tries the alternatives in order, all in one request each round, until one is claimed. Others may be doing the same:
 * a round that comes too late brings the alternatives of a later instant. Null: none is left.
 */
export async function claimAlternative(
  refused: Answer,
  attempt: (starts: number[]) => Promise<Answer>,
): Promise<Answer | null> {
  let alternatives = refused.alternatives
  for (let round = 1; round <= ALTERNATIVE_ROUNDS && alternatives.length > 0; round++) {
    const answer = await attempt(alternatives.map((slot) => slot.startsAt))
    if (answer.decision.state !== 'LOST') return answer
    alternatives = answer.alternatives
  }
  return null
}

export function slotUnavailable(answer: Answer): SlotUnavailableError {
  const reasons = answer.decision.state === 'LOST' ? answer.decision.reasons : []
  return new SlotUnavailableError(reasons, shownAlternatives(answer))
}

export function shownAlternatives({ alternatives }: Answer): Slot[] {
  return alternatives.slice(0, SHOWN_ALTERNATIVES)
}

/** How many alternatives a request has to bring along. */
export function alternativesToFind(wantsOne: boolean): number {
  return wantsOne ? TRIED_ALTERNATIVES : SHOWN_ALTERNATIVES
}

/** Null: whoever asks is no visitor. */
export async function quotasOf(lane: BookingLane, caller: Caller): Promise<Quotas | null> {
  const visitor = await visitorOf(lane.db, caller)
  return visitor && { visitor, limits: lane.visitorLimits }
}

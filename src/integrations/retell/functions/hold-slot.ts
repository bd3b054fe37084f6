// hold_slot and release_slot: the conversation keeps a time for the caller until the name is spelled.

import type { HoldRecord } from '../../../domain/bookings/holds.ts'
import { placeHold } from '../../../domain/bookings/place-hold.ts'
import { releaseHold } from '../../../domain/bookings/release-hold.ts'
import { listSessionHolds } from '../../../domain/bookings/session-holds.ts'
import { HoldLimitReachedError, Refusal, SlotUnavailableError } from '../../../domain/vocabulary/refusals.ts'
import type { Instant } from '../../../domain/vocabulary/types.ts'
import { sentencesFor } from '../sentences.ts'
import { writeMoment } from '../spoken-moments.ts'
import { decline, type FunctionResult, succeed } from './answers.ts'
import { type Catalogue, type Offered, requireService } from './catalogue.ts'
import type { Call } from './conversation.ts'
import { nearest, startsOf, tellSlots } from './offers.ts'
import { findStaff, pinNamed, staffOf } from './staff.ts'
import { readWish, requireStart, WISHED } from './time-arguments.ts'

export async function holdSlot(call: Call): Promise<FunctionResult> {
  const { said } = call
  const time = readWish(call, WISHED)
  if ('answer' in time) return time
  const exact = requireStart(call, time.wish)
  if ('answer' in exact) return exact
  const catalogue = await call.catalogue()
  const required = requireService(call, catalogue)
  if ('answer' in required) return required
  const named = findStaff(call, catalogue)
  if ('answer' in named) return named
  return holdStart(call, {
    service: required.service,
    staff: named.staff,
    startsAt: exact.startsAt,
    holdAlternative: said.flag('hold_alternative', 'alternative', 'or_alternative'),
    catalogue,
  })
}

export interface StartToHold {
  service: Offered
  /** Null: anybody. */
  staff: Offered | null
  startsAt: Instant
  holdAlternative: boolean
  catalogue: Catalogue
}

/**
 * A retry gets the hold that its session has already: no key is needed for that. A caller who changes their mind by a quarter
 * of an hour is in nobody's way but their own: their older hold goes.
 */
export async function holdStart(call: Call, wished: StartToHold): Promise<FunctionResult> {
  const { lane, caller, callId, integration, speech, answeringClaim } = call
  const { service, staff, startsAt, holdAlternative, catalogue } = wished
  const pinned =
    staff === null ? { pins: [] } : await call.read((tx) => pinNamed(tx, call, { service, staff, catalogue }))
  if ('answer' in pinned) return pinned
  try {
    const hold = await placeHold(
      lane,
      {
        caller,
        slot: { serviceId: service.id, startsAt, resourceIds: pinned.pins },
        ttlSeconds: integration.settings.holdSeconds,
        sessionKey: callId,
        replace: 'IN_THE_WAY',
        customerId: null,
        holdAlternative,
        idempotencyKey: null,
      },
      answeringClaim?.((won) => {
        if (won.state !== 'HOLD') throw new Error('Nothing but a hold was asked for.')
        return won.request.refusal ? heldInstead(call, wished, won.hold) : held(call, wished, won.hold)
      }),
    )
    return held(call, wished, hold)
  } catch (error) {
    if (error instanceof SlotUnavailableError) {
      const { heldAlternative } = error
      return heldAlternative ? heldInstead(call, wished, heldAlternative) : notFree(call, wished, error)
    }
    if (error instanceof HoldLimitReachedError)
      return decline('HOLD_LIMIT', sentencesFor(speech).holdLimit, { limit: error.limit })
    throw error
  }
}

function notFree({ speech }: Call, wished: StartToHold, refusal: SlotUnavailableError): FunctionResult {
  const alternatives = startsOf(refusal.alternatives)
  const reasons = [...new Set(refusal.reasons.map(({ reason }) => reason))]
  return decline('NOT_FREE', sentencesFor(speech).notFree(wished.startsAt, nearest(alternatives, speech)), {
    service: wished.service.name,
    reasons,
    alternatives: tellSlots(alternatives, speech),
  })
}

function held({ speech }: Call, wished: StartToHold, hold: HoldRecord): FunctionResult {
  const data = holdData(hold, wished, speech)
  return succeed('HELD', sentencesFor(speech).held(wished.service.name, hold.startsAt, data.staff), data)
}

function heldInstead({ speech }: Call, wished: StartToHold, hold: HoldRecord): FunctionResult {
  const data = holdData(hold, wished, speech)
  return succeed('HELD', sentencesFor(speech).heldInstead(wished.startsAt, hold.startsAt, data.staff), {
    ...data,
    insteadOf: writeMoment(wished.startsAt, speech),
  })
}

function holdData(hold: HoldRecord, { service, catalogue }: StartToHold, speech: Call['speech']) {
  return {
    service: service.name,
    staff: staffOf(hold, catalogue),
    holdId: `hold_${hold.id}`,
    heldUntil: writeMoment(hold.expiresAt, speech),
    slots: tellSlots([hold.startsAt], speech),
  }
}

/** With a time: the hold of that time. Without: all that the conversation holds. */
export async function releaseSlot(call: Call): Promise<FunctionResult> {
  const { read, lane, caller, callId, speech } = call
  const sentences = sentencesFor(speech)
  const time = readWish(call, WISHED)
  if ('answer' in time) return time
  const { wish } = time
  const holds = await read((tx) => listSessionHolds(tx, { caller, sessionKey: callId }))
  const meant = holds.filter(({ startsAt }) =>
    wish === null
      ? true
      : wish.kind === 'START'
        ? startsAt === wish.startsAt
        : wish.from <= startsAt && startsAt < wish.to,
  )
  for (const { id } of meant) {
    try {
      await releaseHold(lane, { caller, holdId: id })
    } catch (error) {
      // Booked, released or expired in the meantime: it holds nothing any more.
      if (!(error instanceof Refusal) || error.code === 'BUSY') throw error
    }
  }
  if (meant.length === 0 && holds.length > 0) {
    const starts = holds.map(({ startsAt }) => startsAt)
    return decline('NOT_FOUND', sentences.whichHold(starts), { slots: tellSlots(starts, speech) })
  }
  return succeed('RELEASED', sentences.released, { released: meant.length })
}

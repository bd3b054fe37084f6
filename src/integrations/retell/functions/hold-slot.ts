// hold_slot and release_slot: the conversation keeps a time for the caller until the name is spelled.

import type { HoldRecord } from '../../../domain/bookings/holds.ts'
import { placeHold } from '../../../domain/bookings/place-hold.ts'
import { releaseHold } from '../../../domain/bookings/release-hold.ts'
import { listSessionHolds } from '../../../domain/bookings/session-holds.ts'
import { loadServices } from '../../../domain/catalogue/definitions.ts'
import { HoldLimitReachedError, Refusal, SlotUnavailableError } from '../../../domain/vocabulary/refusals.ts'
import type { Instant } from '../../../domain/vocabulary/types.ts'
import { sentencesFor } from '../sentences.ts'
import { writeMoment } from '../spoken-moments.ts'
import { decline, type FunctionResult, succeed } from './answers.ts'
import { findStaff, type Offered, pinStaff, requireService } from './catalogue.ts'
import type { Call } from './conversation.ts'
import { nearest, startsOf, tellSlots } from './offers.ts'
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
    staffId: named.staff?.id ?? null,
    startsAt: exact.startsAt,
    holdAlternative: said.flag('hold_alternative', 'alternative', 'or_alternative'),
  })
}

export interface StartToHold {
  service: Offered
  staffId: string | null
  startsAt: Instant
  holdAlternative: boolean
}

/**
 * A retry gets the hold that its session has already: no key is needed for that. A caller who changes their mind by a quarter
 * of an hour is in nobody's way but their own: their older hold goes.
 */
export async function holdStart(call: Call, wished: StartToHold): Promise<FunctionResult> {
  const { lane, caller, callId, integration, speech, answeringClaim } = call
  const { service, startsAt, holdAlternative } = wished
  try {
    const hold = await placeHold(
      lane,
      {
        caller,
        slot: { serviceId: service.id, startsAt, resourceIds: await pinsOf(call, wished) },
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

async function pinsOf({ read }: Call, { service, staffId }: StartToHold): Promise<(string | null)[]> {
  if (staffId === null) return []
  return read(async (tx) => {
    const definition = (await loadServices(tx, [service.id])).get(service.id)
    return definition ? pinStaff(definition, staffId) : []
  })
}

function notFree({ speech }: Call, wished: StartToHold, refusal: SlotUnavailableError): FunctionResult {
  const alternatives = startsOf(refusal.alternatives)
  const reasons = [...new Set(refusal.reasons.map(({ reason }) => reason))]
  return decline('NOT_FREE', sentencesFor(speech).notFree(wished.startsAt, nearest(alternatives)), {
    service: wished.service.name,
    reasons,
    alternatives: tellSlots(alternatives, speech),
  })
}

function held({ speech }: Call, { service }: StartToHold, hold: HoldRecord): FunctionResult {
  return succeed('HELD', sentencesFor(speech).held(service.name, hold.startsAt), holdData(hold, service, speech))
}

function heldInstead({ speech }: Call, { service, startsAt }: StartToHold, hold: HoldRecord): FunctionResult {
  return succeed('HELD', sentencesFor(speech).heldInstead(startsAt, hold.startsAt), {
    ...holdData(hold, service, speech),
    insteadOf: writeMoment(startsAt, speech),
  })
}

function holdData(hold: HoldRecord, service: Offered, speech: Call['speech']) {
  return {
    service: service.name,
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

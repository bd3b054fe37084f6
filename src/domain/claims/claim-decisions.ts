// Decides a batch of claim requests one after the other, in memory, on what was read under the locks.
import { randomUUIDv7 } from 'node:crypto'
import { daysOf } from '../../db/change-log.ts'
import type { IdempotentResult } from '../../db/tables/keys.ts'
import { SHOWN_ALTERNATIVES, wishOf } from '../availability/alternative-search.ts'
import { fairnessOf } from '../availability/fairness.ts'
import { MAX_HOLDS_PER_SESSION, MAX_LIFE_SECONDS, type StoredHold, statusAt } from '../bookings/holds.ts'
import { nameOfFunction } from '../outside/calls/call-functions.ts'
import { chooseAssignment } from '../slots/assignments.ts'
import { bookingWindow } from '../slots/booking-window.ts'
import { freeByStates, isLive, meets } from '../slots/resource-availability.ts'
import { planOf } from '../slots/service-plan.ts'
import { customerConflicts, explainStart } from '../slots/slot-explanation.ts'
import { isOnGrid } from '../slots/slot-grid.ts'
import {
  HoldLimitReachedError,
  HoldNotActiveError,
  IdempotencyKeyReusedError,
  NotFoundError,
  type Refusal,
} from '../vocabulary/refusals.ts'
import type { Assignment, Claim, ClaimedSegment, Instant, Interval, SlotBlock } from '../vocabulary/types.ts'
import { alternativesUnderLocks } from './alternatives-under-locks.ts'
import { type BatchState, nameOfCustomer, sessionOf, sessionOfRequest } from './claim-reading.ts'
import {
  type BookHoldRequest,
  type BookRequest,
  type ClaimRequest,
  checkedCustomer,
  type HoldRequest,
  windowsOf,
} from './claim-requests.ts'
import { type Idempotency, isSameRequest, nameOfKey, type UsedKey } from './idempotency.ts'
import { countWon, networkOfRequest, refuseBeyondQuota } from './visitor-quotas.ts'

export type Won = Extract<Decision, { state: 'HOLD' | 'BOOK' | 'BOOK_HOLD' }>

export function isWon(decision: Decision): decision is Won {
  return decision.state === 'HOLD' || decision.state === 'BOOK' || decision.state === 'BOOK_HOLD'
}

export type Decision =
  | { state: 'HOLD'; request: HoldRequest; hold: StoredHold; claims: NewClaim[]; dead: Claim[]; replaced: StoredHold[] }
  | { state: 'BOOK'; request: BookRequest; booked: Booked; claims: NewClaim[]; dead: Claim[] }
  | { state: 'BOOK_HOLD'; request: BookHoldRequest; booked: Booked; claims: Claim[] }
  /** The session holds this slot already, or the idempotency key led to something before. */
  | {
      state: 'KNOWN'
      holdId?: string
      appointmentId?: string
      usedAlternative: boolean
      refusal: HoldRequest['refusal']
    }
  /** The function of the call was answered before. */
  | { state: 'ANSWERED'; answer: Record<string, unknown> }
  /** Not for this start; alternatives help. */
  | { state: 'LOST'; request: ClaimRequest; reasons: SlotBlock[] }
  | { state: 'REFUSED'; refusal: Refusal }
  /** Judged by an old definition, or without a lock that it turned out to need: try again. */
  | { state: 'STALE'; extraLocks: { resourceId: string; day: string }[] }

/** A claim to be written, and which part of its owner it serves. */
export interface NewClaim {
  claim: Claim
  segmentPosition: number
  groupPosition: number
}

export interface Booked {
  appointmentId: string
  startsAt: Instant
  endsAt: Instant
  segments: ClaimedSegment[]
  newCustomerId: string
}

export function decide(state: BatchState, request: ClaimRequest): Decision {
  const { inCall } = request
  if (!inCall) return decideAnew(state, request)
  const name = nameOfFunction(inCall)
  const answer = state.functions.answers.get(name)
  if (answer) return { state: 'ANSWERED', answer }
  // Its twin of this batch is about to be answered: the next attempt reads that.
  if (state.functions.claimed.has(name)) return { state: 'STALE', extraLocks: [] }
  const decision = decideAnew(state, request)
  if (isWon(decision)) state.functions.claimed.add(name)
  return decision
}

function decideAnew(state: BatchState, request: ClaimRequest): Decision {
  const { idempotency } = request
  if (!idempotency) return decideClaim(state, request)
  const name = nameOfKey({ caller: request.caller.id, key: idempotency.key })
  const used = state.usedKeys.get(name)
  if (used) return decideKnown(idempotency, used)
  const decision = decideClaim(state, request)
  // A duplicate in the same batch gets the answer of the first.
  for (const key of isWon(decision) ? usedKeyOf(decision) : []) state.usedKeys.set(name, key)
  return decision
}

function decideKnown(idempotency: Idempotency, { fingerprint, result }: UsedKey): Decision {
  if (!isSameRequest(idempotency, fingerprint)) return refused(new IdempotencyKeyReusedError())
  const { holdId, appointmentId, usedAlternative = false, refusal } = result
  return {
    state: 'KNOWN',
    holdId,
    appointmentId,
    usedAlternative,
    refusal: (refusal as HoldRequest['refusal']) ?? null,
  }
}

function decideClaim(state: BatchState, request: ClaimRequest): Decision {
  if (request.kind === 'BOOK_HOLD') return decideBookHold(state, request)
  const decision = decideSlot(state, request)
  if (decision.state !== 'LOST' || !request.takesAlternative) return decision
  const booked = state.bookedFor.get(nameOfCustomer(state.customers, request.alternatives)) ?? []
  const alternatives = alternativesUnderLocks(state, request, {
    exclude: [...(state.ownAppointments.get(request) ?? []), ...booked],
    excludeStarts: ownStarts(state, request),
  })
  // Fewer than are shown: the search that follows the transaction knows other days, and the next round locks them.
  if (alternatives.length < SHOWN_ALTERNATIVES) return decision
  const instead = {
    starts: alternatives.map(({ startsAt }) => startsAt),
    wishedAt: wishOf(request),
    takesAlternative: false,
  }
  const { reasons } = decision
  const second =
    request.kind === 'HOLD'
      ? { ...request, ...instead, refusal: { reasons, alternatives } }
      : { ...request, ...instead }
  state.ownAppointments.set(second, state.ownAppointments.get(request) ?? [])
  return decideSlot(state, second)
}

function decideSlot(state: BatchState, request: HoldRequest | BookRequest): Decision {
  return request.kind === 'HOLD' ? decideHold(state, request) : decideBook(state, request)
}

export function usedKeyOf(decision: Won): UsedKey[] {
  const { idempotency, caller } = decision.request
  return idempotency ? [{ ...idempotency, caller: caller.id, result: resultOf(decision) }] : []
}

function resultOf(decision: Won): IdempotentResult {
  if (decision.state === 'HOLD') return { holdId: decision.hold.id, refusal: decision.request.refusal }
  const usedAlternative = decision.request.kind === 'BOOK' && decision.request.wishedAt !== null
  return { appointmentId: decision.booked.appointmentId, usedAlternative }
}

function decideHold(state: BatchState, request: HoldRequest): Decision {
  const { caller, sessionKey, offer, customerId } = request
  if (customerId !== null && !state.customers.ids.has(customerId)) return refused(new NotFoundError('customer'))
  if (isOutdated(state, request)) return { state: 'STALE', extraLocks: [] }
  const session = sessionOf(sessionOfRequest(request))
  const sessionHolds = (state.sessionHolds.get(session) ?? []).filter((hold) => hold.status === 'ACTIVE')
  const ofSlot = sessionKey === null ? [] : sessionHolds.filter((hold) => isOfSlot(hold, request))
  const own = ofSlot.find((hold) => hold.expiresAt > state.now)
  if (own && request.replace !== true) {
    // One live hold per session and slot: with somebody else at the same time only in place of the older one.
    if (!servesWish(own, request)) return refused(new HoldLimitReachedError(1, 'SLOT', own.expiresAt - state.now))
    return { state: 'KNOWN', holdId: own.id, usedAlternative: false, refusal: request.refusal }
  }
  let replaced = request.replace === true && sessionKey !== null ? sessionHolds : []
  const live = sessionHolds.filter((hold) => hold.expiresAt > state.now && !replaced.includes(hold))
  if (live.length >= MAX_HOLDS_PER_SESSION && sessionKey !== null) {
    const retryAfterMs = Math.min(...live.map((hold) => hold.expiresAt)) - state.now
    return refused(new HoldLimitReachedError(MAX_HOLDS_PER_SESSION, 'SESSION', retryAfterMs))
  }
  const isLiveHold = (hold: StoredHold) => hold.expiresAt > state.now
  const beyond = refuseBeyondQuota(state.counts, request, state.now, replaced.filter(isLiveHold).length)
  if (beyond) return refused(beyond)
  const freedBy = (holds: StoredHold[]) => (claim: Claim) => holds.some((hold) => hold.id === claim.holdId)
  let found = findAssignment(state, request, freedBy(replaced))
  // Not for an alternative: what was wished for may cost the older hold, something else not.
  const mayGiveUp = request.replace === 'IN_THE_WAY' && sessionKey !== null && request.wishedAt === null
  if (!found && mayGiveUp && live.length === 1) {
    replaced = live
    found = findAssignment(state, request, freedBy(replaced))
  }
  if (!found) return lost(state, request, freedBy(replaced))
  // Dead ones of this slot make room for the new one even if no sweeper has run.
  const ended = [...replaced, ...ofSlot.filter((hold) => hold !== own && !replaced.includes(hold))]
  const freedClaims = replaced.flatMap((hold) => (state.claimsByHold.get(hold.id) ?? []).filter(isOfHold))
  const missing = missingLocks(state, [...found.dead, ...freedClaims])
  if (missing.length > 0) return { state: 'STALE', extraLocks: missing }
  const expiresAt = state.now + request.ttlSeconds * 1000
  const hold: StoredHold = {
    id: randomUUIDv7(),
    status: 'ACTIVE',
    serviceId: offer.service.id,
    startsAt: found.assignment.startsAt,
    endsAt: found.assignment.endsAt,
    segments: claimedSegments(request, found.assignment),
    expiresAt,
    extendableUntil: Math.max(expiresAt, state.now + MAX_LIFE_SECONDS * 1000),
    sessionKey,
    createdAt: state.now,
    caller: caller.id,
    network: networkOfRequest(request),
  }
  countWon(state.counts, request, state.now, replaced.filter(isLiveHold).length)
  const claims = take(state, found.assignment, { holdId: hold.id, appointmentId: null, expiresAt })
  drop(state, [...found.dead, ...freedClaims])
  for (const other of ended) other.status = 'RELEASED'
  state.sessionHolds.set(session, [...sessionHolds.filter((other) => !ended.includes(other)), hold])
  return { state: 'HOLD', request, hold, claims, dead: [...found.dead, ...freedClaims], replaced: ended }
}

function decideBook(state: BatchState, request: BookRequest): Decision {
  const { customerId } = request.booking
  if (customerId !== null && !state.customers.ids.has(customerId)) return refused(new NotFoundError('customer'))
  if (isOutdated(state, request)) return { state: 'STALE', extraLocks: [] }
  const beyond = refuseBeyondQuota(state.counts, request, state.now)
  if (beyond) return refused(beyond)
  const found = findAssignment(state, request)
  if (!found) return lost(state, request)
  const missing = missingLocks(state, found.dead)
  if (missing.length > 0) return { state: 'STALE', extraLocks: missing }
  const booked = {
    appointmentId: randomUUIDv7(),
    startsAt: found.assignment.startsAt,
    endsAt: found.assignment.endsAt,
    segments: claimedSegments(request, found.assignment),
    newCustomerId: randomUUIDv7(),
  }
  const owner = { holdId: null, appointmentId: booked.appointmentId, expiresAt: null }
  countWon(state.counts, request, state.now)
  drop(state, found.dead)
  noteBooked(state, request, booked)
  return { state: 'BOOK', request, booked, claims: take(state, found.assignment, owner), dead: found.dead }
}

function decideBookHold(state: BatchState, request: BookHoldRequest): Decision {
  const { caller, booking, sessionKey } = request
  const hold = state.holds.get(request.holdId)
  if (!hold) return refused(new NotFoundError('hold'))
  if (booking.customerId !== null && !state.customers.ids.has(booking.customerId)) {
    return refused(new NotFoundError('customer'))
  }
  if (isOfOther(hold, { caller: caller.id, sessionKey })) return refused(new HoldNotActiveError('ACTIVE'))
  const status = statusAt(hold, state.now)
  if (status === 'EXPIRED') return { state: 'LOST', request, reasons: [] }
  if (status !== 'ACTIVE') return refused(new HoldNotActiveError(status))
  const conflicts = conflictBlocks(state, request, hold)
  if (conflicts.length > 0) return { state: 'LOST', request, reasons: conflicts }
  const beyond = refuseBeyondQuota(state.counts, request, state.now)
  if (beyond) return refused(beyond)
  countWon(state.counts, request, state.now)
  hold.status = 'BOOKED'
  const claims = state.claimsByHold.get(hold.id) ?? []
  const booked = {
    appointmentId: randomUUIDv7(),
    startsAt: hold.startsAt,
    endsAt: hold.endsAt,
    segments: hold.segments,
    newCustomerId: randomUUIDv7(),
  }
  noteBooked(state, request, booked)
  return { state: 'BOOK_HOLD', request, booked, claims }
}

/** A hold named by a session can be used from that session only. */
function isOfOther(hold: StoredHold, { sessionKey }: { caller: string; sessionKey: string | null }): boolean {
  return sessionKey !== null && hold.sessionKey !== null && hold.sessionKey !== sessionKey
}

function isOfSlot(hold: StoredHold, { offer, starts }: HoldRequest): boolean {
  return hold.serviceId === offer.service.id && hold.startsAt === starts[0]
}

function servesWish(hold: StoredHold, { pinned }: HoldRequest): boolean {
  const claimed = hold.segments.flatMap((segment) => segment.resourceIds)
  return pinned.every((id, position) => id === null || claimed[position] === id)
}

// Read without the locks it may have been booked already; then it is the appointment's.
function isOfHold(claim: Claim): boolean {
  return claim.appointmentId === null
}

function isOutdated(state: BatchState, request: HoldRequest | BookRequest): boolean {
  const { service, schedules } = request.offer
  const isPresent = (id: string, version: number | undefined) => (state.definitionVersions.get(id) ?? 0) === version
  if (!isPresent(service.id, service.definitionVersion)) return true
  return windowsOf(request).some(({ resourceId }) => !isPresent(resourceId, schedules.get(resourceId)?.scheduleVersion))
}

function findAssignment(
  state: BatchState,
  request: HoldRequest | BookRequest,
  ignores: (claim: Claim) => boolean = () => false,
): { assignment: Assignment; dead: Claim[] } | null {
  const { service } = request.offer
  if (!service.active) return null
  const { earliestAt, latestAt } = bookingWindow(service, state.now)
  const isFree = freeByStates(state.resources, state.now, ignores)
  const own = takenForCustomer(state, request)
  for (const startsAt of request.starts) {
    if (own.some((taken) => meets(taken, startsAt, startsAt + planOf(service).durationMilliseconds))) continue
    if (startsAt < earliestAt || startsAt >= latestAt) continue
    if (!isOnGrid(startsAt, service.timeZone, service.slotIntervalMinutes)) continue
    const prefer = fairnessOf({ ...state, timeZone: service.timeZone, startsAt })
    const assignment = chooseAssignment({ service, startsAt, isFree, pinned: request.pinned, prefer })
    if (assignment) return { assignment, dead: deadInTheWay(state, assignment) }
  }
  return null
}

/** Claims of expired holds that are still marked active where the assignment wants to be. */
function deadInTheWay(state: BatchState, { claims }: Assignment): Claim[] {
  return claims.flatMap(({ resourceId, start, end }) =>
    (state.resources.get(resourceId)?.claims ?? []).filter(
      (claim) => meets(claim, start, end) && !isLive(claim, state.now),
    ),
  )
}

function missingLocks(state: BatchState, claims: Claim[]): { resourceId: string; day: string }[] {
  return claims
    .flatMap((claim) => daysOf(claim).map((day) => ({ resourceId: claim.resourceId, day })))
    .filter(({ resourceId, day }) => !state.lockedDays.has(`${resourceId} ${day}`))
}

export function take(
  { resources }: Pick<BatchState, 'resources'>,
  { claims }: Assignment,
  owner: Pick<Claim, 'holdId' | 'appointmentId' | 'expiresAt'>,
): NewClaim[] {
  return claims.map(({ resourceId, start, end, segmentIndex, groupIndex }) => {
    const claim: Claim = { id: randomUUIDv7(), resourceId, start, end, ...owner }
    resources.get(resourceId)?.claims.push(claim)
    return { claim, segmentPosition: segmentIndex, groupPosition: groupIndex }
  })
}

function drop(state: BatchState, claims: Claim[]): void {
  if (claims.length > 0) state.openStarts.clear()
  const ids = new Set(claims.map((claim) => claim.id))
  for (const { resourceId } of claims) {
    const resource = state.resources.get(resourceId)
    if (resource) resource.claims = resource.claims.filter((claim) => !ids.has(claim.id))
  }
}

/** What is stored with a hold or appointment: it keeps the segments it was claimed with. */
export function claimedSegments({ offer }: Pick<HoldRequest, 'offer'>, assignment: Assignment): ClaimedSegment[] {
  return planOf(offer.service).segments.map(({ definition, segmentStart, segmentEnd }, index) => ({
    name: definition.name,
    startsAt: assignment.startsAt + segmentStart,
    endsAt: assignment.startsAt + segmentEnd,
    resourceIds: assignment.claims
      .filter((claim) => claim.segmentIndex === index)
      .sort((a, b) => a.groupIndex - b.groupIndex)
      .map((claim) => claim.resourceId),
    bufferBeforeMinutes: definition.bufferBeforeMinutes,
    bufferAfterMinutes: definition.bufferAfterMinutes,
    sameStaffAsPrevious: definition.sameStaffAsPrevious,
  }))
}

function lost(
  state: BatchState,
  request: HoldRequest | BookRequest,
  ignores: (claim: Claim) => boolean = () => false,
): Decision {
  const startsAt = request.starts[0] as Instant
  const { service } = request.offer
  const { resources, now } = state
  const endsAt = startsAt + planOf(service).durationMilliseconds
  const reasons = [
    ...explainStart({ service, resources, startsAt, now, pinned: request.pinned, ignores }),
    ...conflictBlocks(state, request, { startsAt, endsAt }),
  ]
  const excludeStarts = ownStarts(state, request)
  if (excludeStarts.length === 0) return { state: 'LOST', request, reasons }
  return { state: 'LOST', request: { ...request, alternatives: { ...request.alternatives, excludeStarts } }, reasons }
}

/** Where the session holds the service already: no alternative for it. */
function ownStarts(state: BatchState, request: HoldRequest | BookRequest): Instant[] {
  if (request.kind === 'BOOK' || request.sessionKey === null) return []
  const session = sessionOf(sessionOfRequest(request))
  return (state.sessionHolds.get(session) ?? [])
    .filter((hold) => hold.serviceId === request.offer.service.id && statusAt(hold, state.now) === 'ACTIVE')
    .map(({ startsAt }) => startsAt)
}

/** Appointments of the customer that forbid the time, those of this batch included. */
function takenForCustomer(state: BatchState, request: ClaimRequest): Interval[] {
  const customer = checkedCustomer(request)
  if (!customer) return []
  const booked = state.bookedFor.get(nameOfCustomer(state.customers, customer)) ?? []
  return [...(state.ownAppointments.get(request) ?? []), ...booked]
}

function noteBooked(state: BatchState, request: ClaimRequest, { startsAt, endsAt }: Booked): void {
  const name = nameOfCustomer(state.customers, request.alternatives)
  if (name === '') return
  state.bookedFor.set(name, [...(state.bookedFor.get(name) ?? []), { start: startsAt, end: endsAt }])
}

function conflictBlocks(
  state: BatchState,
  request: ClaimRequest,
  { startsAt, endsAt }: { startsAt: Instant; endsAt: Instant },
): SlotBlock[] {
  return customerConflicts(takenForCustomer(state, request), startsAt, endsAt)
}

function refused(refusal: Refusal): Decision {
  return { state: 'REFUSED', refusal }
}

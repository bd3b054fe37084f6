// What a caller wants to claim, and what has to be locked and read to decide it.
import { daysOf } from '../../db/change-log.ts'
import { definitionLock, type Lock, namedLock, resourceDayLock } from '../../db/locks.ts'
import type { Offer } from '../availability/offers.ts'
import { candidatesOf } from '../catalogue/definitions.ts'
import { type ClaimingFunction, locksOfFunction } from '../outside/calls/call-functions.ts'
import type { Caller } from '../people/callers.ts'
import { narrowToPins } from '../slots/pinned-service.ts'
import { planOf } from '../slots/service-plan.ts'
import { claimWindow } from '../slots/slots.ts'
import { localDayAt, startOfLocalDay } from '../time/zone-offsets.ts'
import type { Instant, Interval, Slot, SlotBlock } from '../vocabulary/types.ts'
import { type Idempotency, idempotencyLock } from './idempotency.ts'
import { locksOfQuotas, networkOfRequest, type Quotas } from './visitor-quotas.ts'

/** One start of a service; null or missing resources: the server picks. */
export interface SlotWish {
  serviceId: string
  startsAt: Instant
  resourceIds: (string | null)[]
}

interface Request {
  caller: Caller
  offer: Offer
  idempotency: Idempotency | null
  /** Of a visitor, and of nobody else. */
  quotas?: Quotas | null
  /** The function of a call that asked for it: answered in the transaction of its claim. */
  inCall?: ClaimingFunction | undefined
  /** Locks found missing by an earlier attempt. */
  extraLocks: { resourceId: string; day: string }[]
  alternatives: AlternativesWanted
  /** The customer may have another appointment then: somebody said that it is meant. */
  allowsCustomerConflict: boolean
}

export interface AlternativesWanted {
  first: number
  withinMinutes: number
  /** Leave out what clashes with the appointments of this customer. */
  customerId: string | null
  phone: string | null
  /** Starts that are no alternative: the session holds them already. */
  excludeStarts?: Instant[]
}

/** Whose other appointments forbid the time. Null: nobody's, or the caller may not learn of them. */
export function checkedCustomer({ alternatives, allowsCustomerConflict }: ClaimRequest) {
  const { customerId, phone } = alternatives
  return allowsCustomerConflict || (customerId === null && phone === null) ? null : { customerId, phone }
}

interface SlotRequest extends Request {
  /** In order of preference: the first that can be served is claimed. */
  starts: Instant[]
  /** The start that the caller asked for, when `starts` are alternatives to it. */
  wishedAt: Instant | null
  /** When the wish is lost the best alternative is claimed instead. */
  takesAlternative: boolean
  pinned: (string | null)[]
}

/** What becomes of the session's older holds: all go, none, or its only one if that is what stands in the way. */
export type Replacing = boolean | 'IN_THE_WAY'

export interface HoldRequest extends SlotRequest {
  kind: 'HOLD'
  ttlSeconds: number
  sessionKey: string | null
  replace: Replacing
  customerId: string | null
  /** The refusal that the caller gets along with the hold, when `starts` are alternatives. */
  refusal: { reasons: SlotBlock[]; alternatives: Slot[] } | null
}

export interface NewBooking {
  /** A known customer, or a new guest. */
  customerId: string | null
  guest: { name: string; phone: string | null; email: string | null } | null
  notes: string | null
}

export interface BookRequest extends SlotRequest {
  kind: 'BOOK'
  booking: NewBooking
}

export interface BookHoldRequest extends Request {
  kind: 'BOOK_HOLD'
  holdId: string
  startsAt: Instant
  sessionKey: string | null
  booking: NewBooking
  /** The hold's claims: their resources and days never change. */
  held: { resourceId: string; window: Interval }[]
}

export type ClaimRequest = HoldRequest | BookRequest | BookHoldRequest

export interface ResourceWindow {
  resourceId: string
  window: Interval
}

/** The resources that may be claimed, each with the range that has to be known to decide. */
export function windowsOf(request: ClaimRequest): ResourceWindow[] {
  if (request.kind === 'BOOK_HOLD') return request.held
  const window = windowOf(request)
  return resourcesOf(request).map((resourceId) => ({ resourceId, window }))
}

/** Every lock of the request, the days of all candidates included: the choice among them is made under the locks. */
export function locksOf(request: ClaimRequest): Lock[] {
  const locks = resourceDaysOf(request).map(({ resourceId, day }) => resourceDayLock(resourceId, day))
  if (request.kind !== 'BOOK_HOLD') {
    locks.push(definitionLock(request.offer.service.id, 'read'))
    for (const resourceId of resourcesOf(request)) locks.push(definitionLock(resourceId, 'read'))
  }
  if (request.kind === 'HOLD' && request.sessionKey !== null) {
    const { organizationId, id } = request.caller
    locks.push(namedLock('session', organizationId, id, networkOfRequest(request), request.sessionKey))
  }
  locks.push(...locksOfQuotas(request))
  // Of a new number there is no row yet that could be locked.
  const phone = checkedCustomer(request)?.phone ?? null
  if (phone !== null) locks.push(namedLock('phone', request.caller.organizationId, phone))
  if (request.idempotency) locks.push(idempotencyLock(request.caller, request.idempotency.key))
  if (request.inCall) locks.push(...locksOfFunction(request.inCall))
  return locks
}

/** The resource-days on which the request may change claims. */
export function resourceDaysOf(request: ClaimRequest): { resourceId: string; day: string }[] {
  if (request.kind === 'BOOK_HOLD') {
    return request.held.flatMap(({ resourceId, window }) => daysOf(window).map((day) => ({ resourceId, day })))
  }
  const { service } = request.offer
  const days = new Set(request.starts.flatMap((start) => daysOf(claimWindow(service, start, start))))
  const around = datesAround(request)
  if (around) for (const day of daysOf(around)) days.add(day)
  return [
    ...resourcesOf(request).flatMap((resourceId) => [...days].map((day) => ({ resourceId, day }))),
    ...request.extraLocks,
  ]
}

/** Beyond this many resource-days in one request the lock table of PostgreSQL could overflow under many of them. */
const RESOURCE_DAY_LIMIT = 512

/** The starts, nearest first, that one request can have locked; at least one. */
export function lockableStarts({ service }: Offer, starts: Instant[]): Instant[] {
  const candidates = candidatesOf(service).length
  const days = new Set<string>()
  const end = starts.findIndex((start, index) => {
    for (const day of daysOf(claimWindow(service, start, start))) days.add(day)
    return index > 0 && days.size * candidates > RESOURCE_DAY_LIMIT
  })
  return end < 0 ? starts : starts.slice(0, end)
}

export function isFullyPinned({ offer, pinned }: SlotRequest): boolean {
  const { positionCount } = planOf(offer.service)
  return pinned.length >= positionCount && pinned.every((id) => id !== null)
}

/** The resources that can still be chosen, given the pins: nothing else is locked. */
function resourcesOf(request: HoldRequest | BookRequest): string[] {
  const { offer, pinned } = request
  if (isFullyPinned(request)) {
    return [...new Set(pinned as string[])].filter((id) => offer.schedules.has(id))
  }
  return candidatesOf(narrowToPins(offer.service, pinned)).filter((id) => offer.schedules.has(id))
}

/** Around the wish's own date, how many each way a request that takes an alternative has locked and read with it. */
export const DATES_AROUND = 1

/** These dates, on the location's wall. Null: no alternative can be claimed along with the wish. */
export function datesAround(request: HoldRequest | BookRequest): Interval | null {
  const { service } = request.offer
  const isTooWide = resourcesOf(request).length * (2 * DATES_AROUND + 2) > RESOURCE_DAY_LIMIT
  if (!request.takesAlternative || isFullyPinned(request) || isTooWide) return null
  const date = localDayAt(service.timeZone, request.starts[0] as Instant)
  return {
    start: startOfLocalDay(service.timeZone, date - DATES_AROUND),
    end: startOfLocalDay(service.timeZone, date + DATES_AROUND + 1),
  }
}

// Where the server picks, the whole local day is read too: whoever is least booked that day is chosen.
export function windowOf(request: HoldRequest | BookRequest): Interval {
  const { service } = request.offer
  const first = Math.min(...request.starts)
  const last = Math.max(...request.starts)
  const window = claimWindow(service, first, last)
  if (isFullyPinned(request)) return window
  const around = datesAround(request)
  if (around) return claimWindow(service, around.start, around.end)
  return {
    start: Math.min(window.start, startOfLocalDay(service.timeZone, localDayAt(service.timeZone, first))),
    end: Math.max(window.end, startOfLocalDay(service.timeZone, localDayAt(service.timeZone, last) + 1)),
  }
}

// Alternatives that a batch of claim requests can take at once: those of the dates around the wish that it has locked and read.
import { daysOf } from '../../db/change-log.ts'
import { pinsOf, rangeOf, SHOWN_ALTERNATIVES, serviceKey, wishOf } from '../availability/alternative-search.ts'
import { candidatesOf } from '../catalogue/definitions.ts'
import { rankAlternatives } from '../slots/alternative-ranking.ts'
import { narrowToPins } from '../slots/pinned-service.ts'
import { meets } from '../slots/resource-availability.ts'
import { claimWindow, findSlots } from '../slots/slots.ts'
import type { Instant, Interval, ServiceDefinition, Slot } from '../vocabulary/types.ts'
import type { BatchState } from './claim-reading.ts'
import { type BookRequest, DATES_AROUND, datesAround, type HoldRequest } from './claim-requests.ts'

/**
 * The best alternatives, no more than are shown, as of this moment of the batch. What is further off, and so not among them,
 * could not come before them.
 */
export function alternativesUnderLocks(
  state: BatchState,
  request: HoldRequest | BookRequest,
  { exclude, excludeStarts }: { exclude: Interval[]; excludeStarts: Instant[] },
): Slot[] {
  const around = datesAround(request)
  if (!around) return []
  const service = narrowToPins(request.offer.service, pinsOf(request))
  const { withinMinutes } = request.alternatives
  const key = JSON.stringify([serviceKey(request), wishOf(request), pinsOf(request), withinMinutes])
  const starts = state.openStarts.get(key) ?? startsUnderLocks(state, request, { service, around })
  const slots: Slot[] = []
  const left = starts.filter((startsAt) => {
    if (slots.length === SHOWN_ALTERNATIVES) return true
    const [slot] = findSlots({ ...state, service, from: startsAt, to: startsAt + 1 })
    const isLeftOut =
      excludeStarts.includes(startsAt) || exclude.some((own) => slot && meets(own, startsAt, slot.endsAt))
    if (slot && !isLeftOut) slots.push(slot)
    return slot !== undefined
  })
  state.openStarts.set(key, left)
  return slots
}

/** Best first, as far as all are locked: a slot across the last midnight can need one more day. */
function startsUnderLocks(
  state: BatchState,
  request: HoldRequest | BookRequest,
  { service, around }: { service: ServiceDefinition; around: Interval },
): Instant[] {
  const [from, to] = rangeOf(request)
  const open = findSlots({ ...state, service, from: Math.max(from, around.start), to: Math.min(to, around.end) })
  const ranked = rankAlternatives(open, {
    near: wishOf(request),
    timeZone: service.timeZone,
    datesAround: DATES_AROUND,
    first: Number.POSITIVE_INFINITY,
  })
  const isLocked = ({ startsAt }: Slot) =>
    daysOf(claimWindow(service, startsAt, startsAt)).every((day) =>
      candidatesOf(service).every((id) => state.lockedDays.has(`${id} ${day}`)),
    )
  const end = ranked.findIndex((slot) => !isLocked(slot))
  return (end < 0 ? ranked : ranked.slice(0, end)).map(({ startsAt }) => startsAt)
}

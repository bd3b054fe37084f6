// Which open slots to offer instead of a wish, best first.

import { dayMilliseconds, minuteMilliseconds, offsetAt } from '../time/zone-offsets.ts'
import type { Instant, Interval, Slot } from '../vocabulary/types.ts'
import { meets } from './resource-availability.ts'

export interface AlternativeWish {
  /** The start that was wished for. */
  near: Instant
  /** The location's zone: dates and times of day are those on its wall. */
  timeZone: string
  first: number
  /** The customer's own appointments; slots that overlap them are left out. */
  exclude?: readonly Interval[]
  /** Starts to leave out: what is asked for already. */
  excludeStarts?: readonly Instant[] | undefined
  /** The slots are those of so many dates each way, no more: what others could come before is left out. */
  datesAround?: number
}

/** To come on another date weighs as much as to come three hours earlier or later on that date. */
const otherDayMinutes = 180

/**
 * The order: the same local date before any other, by distance from the wish. Then other dates by a cost in minutes: 180 for each
 * date away plus the difference in time of day, but never more than the plain distance (00:10 is close to 23:50). So the same time
 * tomorrow comes before another time tomorrow, and the same time in two days before a far-off time tomorrow. Of two
 * equally good the later one: whoever asks for ten can rarely come before ten.
 */
export function rankAlternatives(slots: readonly Slot[], wish: AlternativeWish): Slot[] {
  const { near, timeZone, first, exclude = [], excludeStarts = [], datesAround = Number.POSITIVE_INFINITY } = wish
  const wished = wallOf(timeZone, near)
  const ranked = slots
    .filter((slot) => !excludeStarts.includes(slot.startsAt))
    .filter((slot) => !exclude.some((own) => meets(own, slot.startsAt, slot.endsAt)))
    .map((slot) => {
      const wall = wallOf(timeZone, slot.startsAt)
      const days = Math.abs(wall.day - wished.day)
      const distance = Math.abs(slot.startsAt - near) / minuteMilliseconds
      const otherDayCost = days * otherDayMinutes + Math.abs(wall.minute - wished.minute)
      return { slot, isOtherDay: days > 0, cost: days > 0 ? Math.min(distance, otherDayCost) : distance }
    })
    .filter(({ isOtherDay, cost }) => !isOtherDay || cost < (datesAround + 1) * otherDayMinutes)
  ranked.sort(
    (a, b) => Number(a.isOtherDay) - Number(b.isOtherDay) || a.cost - b.cost || b.slot.startsAt - a.slot.startsAt,
  )
  return ranked.slice(0, Math.max(0, first)).map(({ slot }) => slot)
}

function wallOf(timeZone: string, instant: Instant): { day: number; minute: number } {
  const wall = instant + offsetAt(timeZone, instant)
  const day = Math.floor(wall / dayMilliseconds)
  return { day, minute: (wall - day * dayMilliseconds) / minuteMilliseconds }
}

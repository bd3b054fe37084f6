// Two gateways in one process: two booking lanes over two connection pools of one database.

import { type Database, openDatabase } from '../../src/db/client.ts'
import { type BookingLane, createBookingLane } from '../../src/domain/claims/booking-lane.ts'
import type { Caller } from '../../src/domain/people/callers.ts'
import type { VisitorLimits } from '../../src/domain/people/visitors.ts'
import { book, type Salon } from './salon.ts'

/** What a booking needs to know, through one of the lanes. */
export type Door = Pick<Salon, 'lane' | 'caller' | 'cutId' | 'db' | 'organizationId'>

export interface Doors extends AsyncDisposable {
  all: [Door, Door]
  /** Takes turns. */
  next(): Door
}

export function openDoors(
  { url, caller, cutId }: { url: string; caller: Caller; cutId: string },
  {
    advisoryLocks = true,
    poolSize = 6,
    visitorLimits,
  }: { advisoryLocks?: boolean; poolSize?: number; visitorLimits?: VisitorLimits } = {},
): Doors {
  const stack = new AsyncDisposableStack()
  const open = (): Door => {
    const db: Database = stack.use(openDatabase({ url, advisoryLocks, poolSize }))
    const lane: BookingLane = stack.use(createBookingLane(db, visitorLimits))
    return { lane, db, caller, cutId, organizationId: caller.organizationId }
  }
  const all: [Door, Door] = [open(), open()]
  let turn = 0
  return {
    all,
    next: () => all[turn++ % 2] as Door,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

/** `count` bookings through both doors at once. */
export function bookings(
  doors: Doors,
  count: number,
  wish: (index: number) => Parameters<typeof book>[2] & { startsAt: number },
): Promise<Awaited<ReturnType<typeof book>>>[] {
  return Array.from({ length: count }, (_, index) => {
    const { startsAt, ...given } = wish(index)
    return book(doors.next(), startsAt, given)
  })
}

// What a resolver has at hand: the caller, the doors to the domain, and one moment of the database to read from.
import type { Database } from '../../db/client.ts'
import type { Tx } from '../../db/transaction.ts'
import type { BookingLane } from '../../domain/claims/booking-lane.ts'
import type { Calendars } from '../../domain/outside/calendars/calendars.ts'
import type { Caller } from '../../domain/people/callers.ts'
import type { Live } from '../../realtime/live.ts'
import { type Moment, openMoment } from './moments.ts'
import { unauthenticated } from './request-errors.ts'

type LiveViews = Pick<Live, 'availability' | 'board' | 'appointment' | 'appointments' | 'writeCursor'>

/** One per operation. Whoever executes the operation disposes it when the answer is complete. */
export interface Context extends AsyncDisposable {
  /** Null: no valid key. Then every root field answers UNAUTHENTICATED. */
  caller: Caller | null
  requestId: string
  /** The cursor that a client of an event stream has read last; as good as `after`. */
  lastEventId: string | undefined
  db: Database
  lane: BookingLane
  live: LiveViews
  /** Whether webhooks may go to private addresses and over http: in tests and development. */
  allowsPrivateWebhooks: boolean
  /** What can be asked of connected calendars. Null: this process reaches none. */
  calendars: Calendars | null
  /** All reads of one operation see the same snapshot of the database. */
  read: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>
  /** What was read by id in the present moment. */
  moment: () => Moment
  /**
   * Ends the present moment: later reads see what has been committed by then. A mutation does this before it writes,
   * so that no snapshot holds a connection while it waits for another.
   */
  endMoment: () => Promise<void>
}

export interface ContextOptions {
  caller: Caller | null
  requestId: string
  lastEventId?: string
  db: Database
  lane: BookingLane
  live: LiveViews
  allowsPrivateWebhooks?: boolean
  calendars?: Calendars
}

export function createContext({
  caller,
  requestId,
  lastEventId,
  db,
  lane,
  live,
  allowsPrivateWebhooks = false,
  calendars,
}: ContextOptions): Context {
  let present: Moment | null = null
  const moment = () => {
    present ??= openMoment(db, callerOf({ caller }).organizationId)
    return present
  }
  const endMoment = async () => {
    const ending = present
    present = null
    await ending?.[Symbol.asyncDispose]()
  }
  return {
    caller,
    requestId,
    lastEventId,
    db,
    lane,
    live,
    allowsPrivateWebhooks,
    calendars: calendars ?? null,
    moment,
    read: (work) => moment().read(work),
    endMoment,
    [Symbol.asyncDispose]: endMoment,
  }
}

/** The authorization has refused everybody else before a resolver runs; this is its type. */
export function callerOf({ caller }: Pick<Context, 'caller'>): Caller {
  if (!caller) throw unauthenticated()
  return caller
}

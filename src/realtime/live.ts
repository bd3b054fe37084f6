// Everything live: composes the sources, the tail of the log and the bus.
import type { CommittedTransaction } from '../db/changes.ts'
import type { Database } from '../db/client.ts'
import type { AppointmentFilter } from '../domain/bookings/appointment-lists.ts'
import type { Logger } from '../runtime/logger.ts'
import { type AppointmentStream, createAppointmentSource } from './appointment-source.ts'
import { createArrivals } from './arrivals.ts'
import { createAvailabilitySource } from './availability-source.ts'
import type { AvailabilityStream } from './availability-views.ts'
import { type BoardQuestion, type BoardStream, openBoard } from './boards.ts'
import type { Bus } from './bus.ts'
import { type AvailabilityQuestion, type Cursor, createCursors } from './cursors.ts'
import { createDatabaseClock } from './database-clock.ts'
import { startLogTail } from './log-tail.ts'

export type { AvailabilityUpdate } from './availability-views.ts'

export interface Live extends AsyncDisposable {
  /**
   * A SNAPSHOT first, or, after a cursor from which it can go on, the CHANGE that was missed (nothing if nothing was); then
   * every change. Never a gap, a duplicate, or a part. Throws InvalidCursorError, and NotFoundError of an unknown service.
   */
  availability(input: AvailabilityQuestion & { after: string | null }): Promise<AvailabilityStream>
  /** Many services of one location: as `availability`, each with its changes, under one cursor. */
  board(input: BoardQuestion & { after: string | null }): Promise<BoardStream>
  /** The present state of one appointment, then every change, in the order of its versions. Throws NotFoundError. */
  appointment(question: { organizationId: string; appointmentId: string }): Promise<AppointmentStream>
  /**
   * Every change of the appointments that match, since `after` (a cursor of `appointmentsScope`) or from now on; also the
   * one by which an appointment stops to match. Throws InvalidCursorError.
   */
  appointments(question: {
    organizationId: string
    filter: AppointmentFilter
    after: string | null
  }): Promise<AppointmentStream>
  /** A transaction of this process was committed: shows it here and tells the other gateways. Never throws or waits. */
  onCommitted(transaction: CommittedTransaction): void
  status(): LiveStatus
  /** As an answer carries it. */
  writeCursor(cursor: Cursor): string
}

interface LiveStatus {
  /** True while the bus is known to deliver everything; else the log is the main way. */
  busIsReliable: boolean
  databaseIsAway: boolean
  views: number
  subscribers: number
  watchedDays: number
}

interface LiveInput {
  /** Best of its own: two connections, so that a burst of bookings does not keep updates waiting. */
  db: Database
  bus: Bus
  logger: Logger
  /** What cursors are sealed with: the same for all gateways of a database. */
  cursorSecret: string
  /** How long a view without subscribers is kept. */
  lingerMs?: number
}

/** With the jitter of the loop below a second: a lost message is never stale for longer. */
const RELIABLE_INTERVAL_MS = 800
const UNRELIABLE_INTERVAL_MS = 250

/** Never connects by itself: the first subscriber does. */
export function createLive({ db, bus, logger, cursorSecret, lingerMs = 10_000 }: LiveInput): Live {
  const clock = createDatabaseClock()
  const cursors = createCursors(cursorSecret)
  const arrivals = createArrivals()
  const availability = createAvailabilitySource({ arrivals, clock, cursors, tail: () => tail, lingerMs })
  const appointments = createAppointmentSource(cursors, arrivals, () => tail)
  const tail = startLogTail({
    db,
    clock,
    logger,
    readers: [availability.reader, appointments.reader],
    arrivals,
    intervalMs: () => (bus.isReliable() ? RELIABLE_INTERVAL_MS : UNRELIABLE_INTERVAL_MS),
  })
  const receive = (transaction: CommittedTransaction) =>
    tail.whenNotReading(() => {
      availability.receive(transaction)
      appointments.receive(transaction)
    })
  bus.listen({
    onTransaction: receive,
    onUnreadable: () => tail.wake(),
    onReliability(isReliable) {
      logger[isReliable ? 'info' : 'warn'](isReliable ? 'the bus delivers' : 'the bus may be losing messages')
      // Either way something may have been lost until now.
      tail.wake()
    },
  })
  return {
    writeCursor: cursors.encode,
    availability: ({ after, ...question }) => availability.subscribe(question, after),
    board: ({ after, ...question }) =>
      openBoard(question, after, { watch: availability.subscribe, position: tail.position, cursors }),
    appointment: appointments.one,
    appointments: appointments.matching,
    onCommitted(transaction) {
      receive(transaction)
      bus.publish(transaction)
    },
    status() {
      const { views, members, days } = availability.counts()
      return {
        busIsReliable: bus.isReliable(),
        databaseIsAway: tail.isAway(),
        views,
        subscribers: members + appointments.memberCount(),
        watchedDays: days,
      }
    },
    async [Symbol.asyncDispose]() {
      availability[Symbol.dispose]()
      appointments[Symbol.dispose]()
      arrivals.close(new Error('Live updates are closing.'))
      await tail[Symbol.asyncDispose]()
    },
  }
}

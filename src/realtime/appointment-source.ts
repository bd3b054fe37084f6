// Live appointments: every change of one, or of those that match a filter, read from the history itself.
import type { CommittedTransaction } from '../db/changes.ts'
import { isRefusedStatement } from '../db/errors.ts'
import type { AppointmentFilter } from '../domain/bookings/appointment-lists.ts'
import { type AppointmentRecord, loadAppointments } from '../domain/bookings/appointments.ts'
import { NotFoundError } from '../domain/vocabulary/refusals.ts'
import { type ChangedAppointment, concerns, readChangedAppointments } from './appointment-reading.ts'
import type { Arrivals } from './arrivals.ts'
import { appointmentsScope, type Cursor, type Cursors, isAbout } from './cursors.ts'
import { InvalidCursorError } from './invalid-cursor-error.ts'
import type { LogTail, TailReader, TailTurn } from './log-tail.ts'
import { newestOfEach } from './pending-updates.ts'
import { setResumePoint } from './resume-points.ts'
import { createUpdateStream, type UpdateStream } from './update-stream.ts'

export type AppointmentStream = UpdateStream<AppointmentRecord>

/**
 * The log alone tells: a message of the bus only says that it is time to read it. So each subscriber gets each change
 * once, with a state that was committed, and the versions of an appointment ascend. Changes that follow each other
 * faster than they are read (a few milliseconds), or than a slow subscriber takes them, are told as the last of them.
 */
export interface AppointmentSource extends Disposable {
  reader: TailReader
  /** The present state first. Throws NotFoundError. */
  one(question: { organizationId: string; appointmentId: string }): Promise<AppointmentStream>
  /** Since `after`, or from now on. Throws InvalidCursorError. */
  matching(question: {
    organizationId: string
    filter: AppointmentFilter
    after: string | null
  }): Promise<AppointmentStream>
  receive(transaction: CommittedTransaction): void
  memberCount(): number
}

interface Member {
  organizationId: string
  wants: (changed: ChangedAppointment) => boolean
  stream: AppointmentStream
}

interface Arrival {
  organizationId: string
  wants: Member['wants']
  /** What the subscriber is told before anything else. */
  readFirst(turn: TailTurn): Promise<AppointmentRecord[]>
  /** One more subscriber to the same, from now on. */
  another(): Promise<AppointmentStream>
  settle(stream: AppointmentStream): void
  fail(error: unknown): void
}

const PENDING_LIMIT = 10_000
/** Events that one who comes back is told of. Beyond, the list is the shorter way. */
const MISSED_LIMIT = 2000
const TOLD_LIMIT = 10_000

export function createAppointmentSource(
  cursors: Cursors,
  arrivals: Arrivals,
  tail: () => Pick<LogTail, 'wake'>,
): AppointmentSource {
  const members = new Map<string, Set<Member>>()
  /** The versions told last, oldest first. */
  const told = new Map<string, number>()
  const arriving = arrivals.queue<Arrival>()
  let closed = false

  const join = ({ organizationId, wants, another }: Arrival): AppointmentStream => {
    const own = members.get(organizationId) ?? new Set()
    members.set(organizationId, own)
    const source = {
      newPending: () => newestOfEach<AppointmentRecord>(PENDING_LIMIT, ({ id }) => id),
      left() {
        own.delete(member)
        if (own.size === 0 && members.get(organizationId) === own) members.delete(organizationId)
      },
      another,
    }
    const stream: AppointmentStream = createUpdateStream(source, null)
    const member = { organizationId, wants, stream }
    own.add(member)
    return stream
  }
  const arrive = (arrival: Omit<Arrival, 'settle' | 'fail'>): Promise<AppointmentStream> => {
    if (closed) throw new Error('Live appointments are closing.')
    const { promise, resolve, reject } = Promise.withResolvers<AppointmentStream>()
    arriving.add({ ...arrival, settle: resolve, fail: reject })
    tail().wake()
    return promise
  }

  /** After a crash of the database the log is read with an overlap. */
  const isNews = ({ appointment }: ChangedAppointment): boolean => {
    if ((told.get(appointment.id) ?? 0) >= appointment.version) return false
    told.delete(appointment.id)
    told.set(appointment.id, appointment.version)
    if (told.size > TOLD_LIMIT) told.delete(told.keys().next().value as string)
    return true
  }

  const one: AppointmentSource['one'] = async ({ organizationId, appointmentId }) => {
    return arrive({
      organizationId,
      wants: ({ appointment }) => appointment.id === appointmentId,
      another: () => one({ organizationId, appointmentId }),
      async readFirst({ tx }) {
        const found = (await loadAppointments({ ...tx, organizationId }, [appointmentId])).get(appointmentId)
        if (!found) throw new NotFoundError('appointment')
        return [found]
      },
    })
  }
  const matching: AppointmentSource['matching'] = async ({ organizationId, filter, after }) => {
    const cursor = after === null ? null : readCursor(cursors, after, organizationId)
    const wants: Member['wants'] = (changed) => concerns(changed, filter)
    return arrive({
      organizationId,
      wants,
      another: () => matching({ organizationId, filter, after: null }),
      async readFirst({ tx, position }) {
        if (!cursor) return []
        const missed = await readChangedAppointments(tx, {
          organizationIds: [organizationId],
          since: cursor,
          position: await position,
          limit: MISSED_LIMIT,
        })
        const first = missed.filter(wants).map(({ appointment }) => appointment)
        for (const appointment of first) setResumePoint(appointment, after as string)
        return first
      },
    })
  }

  return {
    reader: {
      isIdle: () => members.size === 0,
      async read(turn) {
        const served = arriving.present()
        const position = await turn.position
        const since = { ...turn.last, at: turn.last.now }
        const [changes, firsts] = await Promise.all([
          readChangedAppointments(turn.tx, { organizationIds: [...members.keys()], since, position, limit: null }),
          Promise.all(served.map((arrival) => arrival.readFirst(turn).catch((error: unknown) => ({ error })))),
        ])
        // What the others read after it was refused as well: not their fault.
        for (const first of firsts) if ('error' in first && isRefusedStatement(first.error)) throw first.error
        return () => {
          for (const changed of changes) {
            if (!isNews(changed)) continue
            // Before this turn and not after it: of several changes a subscriber may have read the first only.
            setResumePoint(changed.appointment, resumePoint(cursors, changed.organizationId, since))
            for (const { wants, stream } of members.get(changed.organizationId) ?? []) {
              if (wants(changed)) stream.push(changed.appointment)
            }
          }
          for (const [index, arrival] of arriving.serve().entries()) {
            const first = firsts[index]
            if (!first || 'error' in first) {
              arrival.fail(first?.error)
              continue
            }
            const stream = join(arrival)
            for (const appointment of first) stream.push(appointment)
            arrival.settle(stream)
          }
        }
      },
    },
    one,
    matching,
    receive({ organizationId, appointments }) {
      if (appointments.length > 0 && members.has(organizationId)) tail().wake()
    },
    memberCount: () => [...members.values()].reduce((sum, own) => sum + own.size, 0),
    [Symbol.dispose]() {
      closed = true
      for (const own of [...members.values()]) for (const { stream } of [...own]) stream.end()
    },
  }
}

function resumePoint(
  cursors: Cursors,
  organizationId: string,
  since: Pick<Cursor, 'epoch' | 'snapshot' | 'at'>,
): string {
  return cursors.encode({ ...since, ahead: [], scope: appointmentsScope(organizationId) })
}

function readCursor(cursors: Cursors, text: string, organizationId: string): Cursor {
  const cursor = cursors.decode(text)
  if (!cursor || !isAbout(cursor, appointmentsScope(organizationId))) throw new InvalidCursorError()
  return cursor
}

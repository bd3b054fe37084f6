// Reads which appointments changed since a snapshot, as they are now and as far as they can have matched before.
import type { Tx } from '../db/transaction.ts'
import { type AppointmentFilter, matchesFilter } from '../domain/bookings/appointment-lists.ts'
import { type AppointmentRecord, loadAppointments } from '../domain/bookings/appointments.ts'
import type { Instant } from '../domain/vocabulary/types.ts'
import type { Cursor } from './cursors.ts'
import { unseen } from './log-reading.ts'
import type { TailPosition } from './log-tail.ts'
import { includes } from './snapshots.ts'

/** An appointment that changed, once or more often, with its present state. */
export interface ChangedAppointment {
  organizationId: string
  appointment: AppointmentRecord
  /** Its starts before, between and after the changes; it was confirmed then. Unknown after a crash of the database. */
  starts: Instant[] | 'unknown'
  /** Resources it has been claimed on, if it has moved: before that it may have had any of them. */
  formerResourceIds: Set<string> | null
}

interface StoredChange {
  organizationId: string
  appointmentId: string
  movedFrom: Instant[] | null
}

/**
 * Of the organizations, in the order in which the changes were recorded. If snapshots cannot be compared any more (the
 * database has recovered from a crash), everything recorded about then or later: rather twice than never.
 */
export async function readChangedAppointments(
  tx: Tx,
  input: {
    organizationIds: readonly string[]
    since: Pick<Cursor, 'epoch' | 'snapshot' | 'at'>
    position: TailPosition
    /** Of the events of one organization. Throws TooMuchChangedError. Null: none. */
    limit: number | null
  },
): Promise<ChangedAppointment[]> {
  const { organizationIds, since, position, limit } = input
  if (organizationIds.length === 0) return []
  const isComparable = since.epoch === position.epoch && includes(position.snapshot, since.snapshot)
  if (isComparable) return readChanged(tx, organizationIds, unseen(tx, { snapshot: since.snapshot, except: [] }), limit)
  const recorded = tx.sql`at >= ${since.at - LONGEST_TRANSACTION_MS}::timestamptz`
  return (await readChanged(tx, organizationIds, recorded, limit)).map((changed) => ({ ...changed, starts: 'unknown' }))
}

const LONGEST_TRANSACTION_MS = 600_000

/** More has changed since a cursor than anybody is told one by one. */
export class TooMuchChangedError extends Error {
  override readonly name = 'TooMuchChangedError'

  constructor() {
    super('More has changed since `after` than can be told. Read the list again and go on from its asOf.')
  }
}

/**
 * Whether the change concerns a list: it matches now, or it can have matched before or in between. A client library that
 * retries sends the cursor that it began with, and knows any state since.
 */
export function concerns(
  { appointment, starts, formerResourceIds }: ChangedAppointment,
  filter: AppointmentFilter,
): boolean {
  if (matchesFilter(appointment, filter)) return true
  if (starts === 'unknown') return matchesFilter(appointment, { ...filter, ...ANY_TIME_AND_PLACE })
  const { resourceId } = filter
  const isMoved = formerResourceIds !== null && resourceId != null
  if (isMoved && !formerResourceIds.has(resourceId)) return false
  const condition = isMoved ? { ...filter, resourceId: null } : filter
  // Only a confirmed appointment is ever changed.
  return starts.some((startsAt) => matchesFilter({ ...appointment, status: 'CONFIRMED', startsAt }, condition))
}

const ANY_TIME_AND_PLACE: AppointmentFilter = { from: null, to: null, status: null, resourceId: null }

async function readChanged(
  tx: Tx,
  organizationIds: readonly string[],
  since: ReturnType<typeof unseen>,
  limit: number | null,
): Promise<ChangedAppointment[]> {
  const ids = organizationIds as string[]
  // With a limit it is for one organization, whose own index answers, however much the others have changed.
  const own = tx.sql`organization_id = any(${ids}::uuid[]) and ${since} order by organization_id, xid limit ${(limit ?? 0) + 1}`
  const changes = await tx.sql<(StoredChange & { count: number })[]>`
    with event as materialized (select * from appointment_events where ${limit === null ? since : own})
    select organization_id as "organizationId", appointment_id as "appointmentId",
      jsonb_agg((extract(epoch from previous_starts_at) * 1000)::bigint order by version)
        filter (where kind = 'RESCHEDULED') as "movedFrom",
      (select count(*)::int from event) as count
    from event where organization_id = any(${ids}::uuid[])
    group by organization_id, appointment_id
    order by max(at), appointment_id`
  if (limit !== null && changes[0] && changes[0].count > limit) throw new TooMuchChangedError()
  const byOrganization = Map.groupBy(changes, ({ organizationId }) => organizationId)
  const read = await Promise.all([...byOrganization].map(([id, some]) => readOwn({ ...tx, organizationId: id }, some)))
  const found = new Map(read.flat().map((changed) => [changed.appointment.id, changed]))
  return changes.flatMap(({ appointmentId }) => found.get(appointmentId) ?? [])
}

async function readOwn(tx: Tx, changes: StoredChange[]): Promise<ChangedAppointment[]> {
  const moved = changes.flatMap(({ appointmentId, movedFrom }) => (movedFrom === null ? [] : [appointmentId]))
  const [appointments, former] = await Promise.all([
    loadAppointments(
      tx,
      changes.map(({ appointmentId }) => appointmentId),
    ),
    moved.length === 0
      ? []
      : tx.sql<{ appointmentId: string; resourceId: string }[]>`
          select distinct appointment_id as "appointmentId", resource_id as "resourceId" from claims
          where organization_id = ${tx.organizationId} and appointment_id = any(${moved}::uuid[])`,
  ])
  return changes.flatMap(({ appointmentId, movedFrom }) => {
    const stored = appointments.get(appointmentId)
    if (!stored) return []
    const { rescheduleCount, ...record } = stored
    const appointment = Object.freeze(record)
    const resources = former.filter((row) => row.appointmentId === appointmentId).map(({ resourceId }) => resourceId)
    return [
      {
        organizationId: tx.organizationId,
        appointment,
        starts: [...(movedFrom ?? []), record.startsAt],
        formerResourceIds: movedFrom === null ? null : new Set(resources),
      },
    ]
  })
}

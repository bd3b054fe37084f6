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
  /** What it was before the first of the changes; null: it did not exist. Unknown after a crash of the database. */
  before: AppointmentRecord | null | 'unknown'
  /** Resources it has been claimed on, if it has moved: before that it may have had any of them. */
  formerResourceIds: Set<string> | null
}

interface StoredChange {
  organizationId: string
  appointmentId: string
  firstVersion: number
  movedFrom: Instant | null
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
  },
): Promise<ChangedAppointment[]> {
  const { organizationIds, since, position } = input
  if (organizationIds.length === 0) return []
  const isComparable = since.epoch === position.epoch && includes(position.snapshot, since.snapshot)
  if (isComparable) return readChanged(tx, organizationIds, unseen(tx, { snapshot: since.snapshot, except: [] }))
  const recorded = tx.sql`at >= ${since.at - LONGEST_TRANSACTION_MS}::timestamptz`
  return (await readChanged(tx, organizationIds, recorded)).map((changed) => ({ ...changed, before: 'unknown' }))
}

const LONGEST_TRANSACTION_MS = 600_000

/** Whether the change concerns a list: it matches now, or it can have matched before. */
export function concerns(
  { appointment, before, formerResourceIds }: ChangedAppointment,
  filter: AppointmentFilter,
): boolean {
  if (matchesFilter(appointment, filter)) return true
  if (before === null) return false
  if (before === 'unknown') return matchesFilter(appointment, { ...filter, ...ANY_TIME_AND_PLACE })
  if (formerResourceIds === null || filter.resourceId == null) return matchesFilter(before, filter)
  return formerResourceIds.has(filter.resourceId) && matchesFilter(before, { ...filter, resourceId: null })
}

const ANY_TIME_AND_PLACE: AppointmentFilter = { from: null, to: null, status: null, resourceId: null }

async function readChanged(
  tx: Tx,
  organizationIds: readonly string[],
  since: ReturnType<typeof unseen>,
): Promise<ChangedAppointment[]> {
  const changes = await tx.sql<StoredChange[]>`
    with event as materialized (select * from appointment_events where ${since})
    select organization_id as "organizationId", appointment_id as "appointmentId", min(version) as "firstVersion",
      (array_agg(previous_starts_at order by version) filter (where kind = 'RESCHEDULED'))[1] as "movedFrom"
    from event where organization_id = any(${organizationIds as string[]}::uuid[])
    group by organization_id, appointment_id
    order by max(at), appointment_id`
  const byOrganization = Map.groupBy(changes, ({ organizationId }) => organizationId)
  const read = await Promise.all([...byOrganization].map(([id, own]) => readOwn({ ...tx, organizationId: id }, own)))
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
  return changes.flatMap(({ appointmentId, firstVersion, movedFrom }) => {
    const stored = appointments.get(appointmentId)
    if (!stored) return []
    const { rescheduleCount, ...record } = stored
    const appointment = Object.freeze(record)
    const resources = former.filter((row) => row.appointmentId === appointmentId).map(({ resourceId }) => resourceId)
    return [
      {
        organizationId: tx.organizationId,
        appointment,
        // Only a confirmed appointment is ever changed.
        before: firstVersion === 1 ? null : { ...record, status: 'CONFIRMED', startsAt: movedFrom ?? record.startsAt },
        formerResourceIds: movedFrom === null ? null : new Set(resources),
      },
    ]
  })
}

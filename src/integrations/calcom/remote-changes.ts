// Applies what is told of a booking over there, by state: duplicates, echoes and late deliveries lead to the same end in any order.
import type { RecordedDelta } from '../../db/change-log.ts'
import { violatedConstraint } from '../../db/errors.ts'
import { inSavepoint } from '../../db/savepoints.ts'
import type { Tx } from '../../db/transaction.ts'
import { clearBusy, findOverlapped, setBusy } from '../../domain/availability/busy-intervals.ts'
import { loadAppointments, type StoredAppointment } from '../../domain/bookings/appointments.ts'
import {
  bookFromCalendar,
  cancelFromCalendar,
  type LockedDays,
  moveFromCalendar,
  type Placed,
} from '../../domain/outside/calendars/calendar-appointments.ts'
import { OVERLAP_MESSAGE, reportConflict } from '../../domain/outside/calendars/calendar-conflicts.ts'
import { enqueuedSync } from '../../domain/outside/calendars/external-bookings.ts'
import { type ExternalIdRow, findOwned, readExternalIds } from './external-ids.ts'
import type { RemoteAttendee } from './remote-bookings.ts'
import { type CalcomIntegration, calendarCaller, mappingOf } from './settings.ts'
import { noteExternalId, readTwin, type Twin } from './twins.ts'

export interface RemoteChange {
  externalId: string
  state: 'REQUESTED' | 'ACCEPTED' | 'ENDED'
  startsAt: number
  endsAt: number
  eventTypeId: number | null
  hosts: string[]
  attendee: RemoteAttendee
  /** Of ours, from the metadata. */
  appointmentId: string | null
  /** What it was moved from. */
  previousId: string | null
  previousStartsAt: number | null
  /** What it was moved to. */
  successorId: string | null
  reason: string | null
  notes: string | null
}

export interface Applying {
  integration: CalcomIntegration
  locked: LockedDays
  now: number
}

export interface Applied {
  outcome: 'APPLIED' | 'IGNORED'
  /** What it led to, in words. */
  note: string
  deltas: RecordedDelta[]
}

export function busySource({ id }: Pick<CalcomIntegration, 'id'>): string {
  return `calcom:${id}`
}

const RANK = { REQUESTED: 1, ACCEPTED: 2, ENDED: 3 }

export async function applyRemoteChange(tx: Tx, applying: Applying, told: RemoteChange): Promise<Applied> {
  const { integration } = applying
  const ids = await readExternalIds(tx, integration.id, [told.externalId, told.previousId])
  const known = ids.get(told.externalId)
  const previous = told.previousId === null ? undefined : ids.get(told.previousId)
  // An id never comes back from where it has been: what is told late changes nothing about it.
  const state = known && RANK[known.state] > RANK[told.state] ? known.state : told.state
  const change = { ...told, state }
  const owner =
    known?.appointmentId ?? previous?.appointmentId ?? (await findOwned(tx, integration.id, told.appointmentId))
  if (owner !== null && !known && !previous && (await skipsAMove(tx, integration, change, owner))) {
    await tx.sql`
      update calendar_syncs set polled_at = null
      where organization_id = ${tx.organizationId} and integration_id = ${integration.id}`
    return { outcome: 'IGNORED', note: 'A move before this one was lost; the poll finds both.', deltas: [] }
  }
  const freed = await endPrevious(tx, applying, change, previous, owner)
  const applied =
    owner === null
      ? await applyForeign(tx, applying, change, known)
      : await applyToOurs(tx, applying, change, known, owner)
  const deltas = [...freed, ...applied.deltas]
  return { ...applied, deltas, outcome: deltas.length > 0 ? 'APPLIED' : applied.outcome }
}

/** It was moved from what we have never heard of, while we know it as something else. */
async function skipsAMove(
  tx: Tx,
  { id: integrationId, organizationId }: CalcomIntegration,
  { previousId }: RemoteChange,
  appointmentId: string,
): Promise<boolean> {
  if (previousId === null) return false
  const twin = await readTwin(tx, { organizationId, integrationId, appointmentId })
  return twin !== null && twin.externalId !== null && twin.externalId !== previousId && twin.unansweredSince === null
}

async function endPrevious(
  tx: Tx,
  { integration }: Applying,
  { previousId, previousStartsAt, externalId, startsAt, endsAt }: RemoteChange,
  previous: ExternalIdRow | undefined,
  owner: string | null,
): Promise<RecordedDelta[]> {
  if (previousId === null) return []
  const start = previous?.startsAt ?? previousStartsAt ?? startsAt
  await noteExternalId(tx, integration.id, {
    externalId: previousId,
    state: 'ENDED',
    appointmentId: owner,
    ours: previous?.ours ?? false,
    startsAt: start,
    endsAt: previous?.endsAt ?? start + (endsAt - startsAt),
    successorId: externalId,
  })
  return clearBusy(tx, { source: busySource(integration), externalId: previousId })
}

/** Nobody here has heard of it: it takes the time, as an appointment where it stands for one, else as a busy interval. */
async function applyForeign(
  tx: Tx,
  applying: Applying,
  change: RemoteChange,
  known: ExternalIdRow | undefined,
): Promise<Applied> {
  const { integration, now } = applying
  const { externalId, state, startsAt, endsAt } = change
  const source = busySource(integration)
  const note = (appointmentId: string | null) =>
    noteExternalId(tx, integration.id, { externalId, state, appointmentId, ours: false, startsAt, endsAt })
  if (state === 'ENDED') {
    await note(null)
    const deltas = await clearBusy(tx, { source, externalId })
    return { outcome: deltas.length > 0 ? 'APPLIED' : 'IGNORED', note: 'It takes no time.', deltas }
  }
  if (known?.state === state) return { outcome: 'IGNORED', note: 'It is known.', deltas: [] }
  if (endsAt <= now) {
    await note(null)
    return { outcome: 'IGNORED', note: 'It is over.', deltas: [] }
  }
  const { serviceId, resourceIds } = mappingOf(integration.settings, change)
  const [resourceId] = resourceIds
  if (resourceId === undefined) {
    // Not noted: when somebody is named for its hosts, the next poll takes it up.
    return { outcome: 'IGNORED', note: 'Nobody here stands for its hosts.', deltas: [] }
  }
  const freed = await clearBusy(tx, { source, externalId })
  const placed: Placed =
    state === 'ACCEPTED' && serviceId !== null
      ? await place(tx, () =>
          bookFromCalendar(tx, placing(applying), {
            ...{ serviceId, resourceId, startsAt, endsAt },
            guest: change.attendee,
            notes: change.notes,
          }),
        )
      : { kind: 'UNFIT', reason: 'It stands for no service, or is not confirmed yet.' }
  if (placed.kind === 'PLACED') {
    await note(placed.appointmentId)
    await showTwin(tx, integration, placed.appointmentId, change)
    return { outcome: 'APPLIED', note: 'An appointment was booked.', deltas: [...freed, ...placed.deltas] }
  }
  await note(null)
  const busy = await takeAsBusy(tx, applying, change, resourceIds, placed.kind === 'OVERLAP')
  const why = placed.kind === 'UNFIT' ? placed.reason : 'It overlaps what is booked or held here.'
  return { outcome: 'APPLIED', note: `The time is busy. ${why}`, deltas: [...freed, ...busy] }
}

async function takeAsBusy(
  tx: Tx,
  { integration }: Applying,
  { externalId, startsAt, endsAt }: RemoteChange,
  resourceIds: string[],
  isOverlap: boolean,
): Promise<RecordedDelta[]> {
  const interval = { resourceIds, startsAt, endsAt }
  const deltas = await setBusy(tx, { source: busySource(integration), externalId, ...interval })
  const overlapped = await findOverlapped(tx, interval)
  const about = { integrationId: integration.id, kind: 'OVERLAP' as const, externalId, startsAt, endsAt }
  for (const { appointmentId, serviceId } of overlapped) {
    await reportConflict(tx, { ...about, appointmentId, message: OVERLAP_MESSAGE }, serviceId)
  }
  if (isOverlap && overlapped.length === 0) {
    const message = 'A booking made in the outside calendar overlaps a time that is held or buffered here.'
    await reportConflict(tx, { ...about, appointmentId: null, message }, null)
  }
  return deltas
}

async function applyToOurs(
  tx: Tx,
  applying: Applying,
  change: RemoteChange,
  known: ExternalIdRow | undefined,
  appointmentId: string,
): Promise<Applied> {
  const { integration } = applying
  const { externalId, state, startsAt, endsAt } = change
  const name = { organizationId: integration.organizationId, integrationId: integration.id, appointmentId }
  const [twin, appointment] = [
    await readTwin(tx, name),
    (await loadAppointments(tx, [appointmentId])).get(appointmentId),
  ]
  if (!appointment) throw new Error('The appointment of a known booking is missing.')
  const ours = known?.ours ?? change.appointmentId === appointmentId
  await noteExternalId(tx, integration.id, {
    ...{ externalId, state, appointmentId, ours, startsAt, endsAt },
    successorId: change.successorId,
  })
  const ignored = (note: string): Applied => ({ outcome: 'IGNORED', note, deltas: [] })
  const isOpen = twin !== null && twin.unansweredSince !== null
  const isPresent =
    twin === null || twin.externalId === null || [externalId, change.previousId].includes(twin.externalId)
  if (state === 'ENDED') {
    if (known?.state === 'ENDED' && change.previousId === null) return ignored('It is known.')
    if (!isPresent) return ignored('It stands for the appointment no more.')
    if (change.successorId !== null) {
      const successor = (await readExternalIds(tx, integration.id, [change.successorId])).get(change.successorId)
      // What it became was told before, and taken for a booking of its own.
      if (successor && successor.appointmentId !== appointmentId) return endOurs(tx, applying, change, appointment)
      await tx.sql`
        update external_bookings set external_id = ${externalId}
        where organization_id = ${tx.organizationId} and integration_id = ${integration.id} and appointment_id = ${appointmentId}`
      return ignored('It was moved; what it became is told by itself.')
    }
    if (isOpen && twin.unansweredStartsAt === null) return ignored('Our own cancellation.')
    return endOurs(tx, applying, change, appointment)
  }
  if (isOpen && twin.unansweredStartsAt === startsAt) return ignored('Our own booking, which is being written.')
  if (!isPresent) {
    if (known) return ignored('It stands for the appointment no more.')
    // A second booking with our id: the job looks, keeps one and calls the other off.
    await requestLook(tx, integration.id, appointmentId, startsAt)
    return { outcome: 'APPLIED', note: 'It is there twice.', deltas: [] }
  }
  if (twin?.externalId === externalId && twin.externalStartsAt === startsAt) return ignored('It is known.')
  if (appointment.status !== 'CONFIRMED') {
    await showTwin(tx, integration, appointmentId, change)
    if (appointment.status === 'CANCELLED') await requestSync(tx, integration.id, appointmentId)
    return { outcome: 'APPLIED', note: 'The appointment is over here; it is called off there.', deltas: [] }
  }
  if (appointment.startsAt === startsAt) {
    await showTwin(tx, integration, appointmentId, change, twin?.status)
    return { outcome: 'APPLIED', note: 'Both show the same time.', deltas: [] }
  }
  if (twin?.status === 'PENDING' || !wasMoved(change, twin)) {
    // Our own later change waits to go there: what it has to be made to is the new id.
    await showTwin(tx, integration, appointmentId, change, 'PENDING')
    await requestSync(tx, integration.id, appointmentId)
    return { outcome: 'APPLIED', note: 'Our later change goes there.', deltas: [] }
  }
  return moveOurs(tx, applying, change, appointment)
}

function wasMoved({ previousId, startsAt, externalId }: RemoteChange, twin: Twin | null): boolean {
  return previousId !== null || (twin?.externalId === externalId && twin.externalStartsAt !== startsAt)
}

async function endOurs(
  tx: Tx,
  applying: Applying,
  change: RemoteChange,
  appointment: StoredAppointment,
): Promise<Applied> {
  const { integration } = applying
  await showTwin(tx, integration, appointment.id, change)
  const freed = await clearBusy(tx, { source: busySource(integration), externalId: change.externalId })
  if (appointment.status !== 'CONFIRMED') return { outcome: 'IGNORED', note: 'The appointment is over.', deltas: freed }
  const deltas = await cancelFromCalendar(tx, placing(applying), { appointment, reason: change.reason })
  return { outcome: 'APPLIED', note: 'The appointment was cancelled.', deltas: [...freed, ...deltas] }
}

async function moveOurs(
  tx: Tx,
  applying: Applying,
  change: RemoteChange,
  appointment: StoredAppointment,
): Promise<Applied> {
  const { integration } = applying
  const { startsAt, reason } = change
  const placed = await place(tx, () => moveFromCalendar(tx, placing(applying), { appointment, startsAt, reason }))
  if (placed.kind === 'PLACED') {
    await showTwin(tx, integration, appointment.id, change)
    return { outcome: 'APPLIED', note: 'The appointment was moved.', deltas: placed.deltas }
  }
  // It stays where it was promised; the time over there is taken all the same, until somebody decides.
  const resourceIds = [...new Set(appointment.segments.flatMap((segment) => segment.resourceIds))]
  await showTwin(tx, integration, appointment.id, change, 'FAILED', 'It was moved there to a time that is taken here.')
  const { externalId, endsAt } = change
  const about = { integrationId: integration.id, kind: 'OVERLAP' as const, externalId, startsAt, endsAt }
  const message = 'The appointment was moved in the outside calendar to a time that is taken here.'
  await reportConflict(tx, { ...about, appointmentId: appointment.id, message }, appointment.serviceId)
  const deltas = await takeAsBusy(tx, applying, change, resourceIds, false)
  return { outcome: 'APPLIED', note: message, deltas }
}

/** With the locks switched off the constraint says it. */
async function place(tx: Tx, attempt: () => Promise<Placed>): Promise<Placed> {
  try {
    return await inSavepoint(tx, attempt)
  } catch (error) {
    const constraint = violatedConstraint(error)
    if (constraint === 'claims_no_overlap' || constraint === 'claims_one_per_start') return { kind: 'OVERLAP' }
    throw error
  }
}

function placing({ integration, locked, now }: Applying) {
  return { caller: calendarCaller(integration), locked, now }
}

/** The calendar shows this now. */
async function showTwin(
  tx: Tx,
  integration: CalcomIntegration,
  appointmentId: string,
  { externalId, startsAt, eventTypeId, state }: RemoteChange,
  status: 'PENDING' | 'SYNCED' | 'FAILED' = 'SYNCED',
  lastError: string | null = null,
): Promise<void> {
  const shownAt = state === 'ENDED' ? null : new Date(startsAt)
  await tx.sql`
    insert into external_bookings as e (organization_id, integration_id, appointment_id, status, revision, external_id,
      external_starts_at, external_event_type_id, last_synced_at, last_error)
    values (${tx.organizationId}, ${integration.id}, ${appointmentId}, ${status}, 1, ${externalId}, ${shownAt}, ${eventTypeId},
      clock_timestamp(), ${lastError})
    on conflict (organization_id, integration_id, appointment_id) do update set
      status = excluded.status, external_id = excluded.external_id, external_starts_at = excluded.external_starts_at,
      external_event_type_id = coalesce(excluded.external_event_type_id, e.external_event_type_id),
      last_synced_at = excluded.last_synced_at, last_error = excluded.last_error`
}

async function requestLook(tx: Tx, integrationId: string, appointmentId: string, startsAt: number): Promise<void> {
  await tx.sql`
    update external_bookings set unanswered_since = clock_timestamp(), unanswered_starts_at = ${new Date(startsAt)}
    where organization_id = ${tx.organizationId} and integration_id = ${integrationId} and appointment_id = ${appointmentId}
      and unanswered_since is null`
  await requestSync(tx, integrationId, appointmentId)
}

async function requestSync(tx: Tx, integrationId: string, appointmentId: string): Promise<void> {
  await tx.sql`
    with wanted as (
      update external_bookings set status = 'PENDING', revision = revision + 1
      where organization_id = ${tx.organizationId} and integration_id = ${integrationId} and appointment_id = ${appointmentId}
      returning organization_id, integration_id, appointment_id
    )
    select ${enqueuedSync(tx)} from wanted`
}

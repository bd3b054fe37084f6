// External bookings: our appointments' twins in outside calendars, and the wish that a calendar follow.
import type { Tx } from '../../../db/transaction.ts'
import { InvalidInputError, NotFoundError } from '../../vocabulary/refusals.ts'
import type { Instant } from '../../vocabulary/types.ts'

export type SyncStatus = 'PENDING' | 'SYNCED' | 'FAILED'

/** The job that makes a twin follow. Its payload is a `TwinName`. */
export const SYNC_TASK = 'calcom-sync'

export interface TwinName {
  organizationId: string
  integrationId: string
  appointmentId: string
}

export interface ExternalBookingRecord {
  /** The provider in lower case. */
  provider: string
  externalId: string | null
  status: SyncStatus
  lastSyncedAt: Instant | null
  lastError: string | null
  /** Of the open conflict, if there is one. */
  suggestedStarts: Instant[]
}

/**
 * Two parts of a statement that changes appointments, after its part `changed (id, service_id, changed_by)`: every connected
 * calendar that serves the service, or shows the appointment already, has to follow. Select `count(*) from requested`, or
 * nothing is enqueued.
 *
 * Inside the statement, so that an organization without a calendar pays one look into an index and no round trip, and no cache
 * can be wrong. A change that came from a calendar does not go back to it.
 */
export function requestedSyncs(tx: Tx) {
  return tx.sql`
    wanted as (
      insert into external_bookings as e (organization_id, integration_id, appointment_id, status, revision)
      select i.organization_id, i.id, changed.id, 'PENDING', 1
      from changed join integrations i
        on i.organization_id = ${tx.organizationId} and i.provider = 'CALCOM' and i.active
          and changed.changed_by is distinct from 'integration:' || i.id::text
      where jsonb_exists(i.settings -> 'serviceIds', changed.service_id::text)
        or exists (
          select from external_bookings known
          where known.organization_id = i.organization_id and known.integration_id = i.id
            and known.appointment_id = changed.id)
      on conflict (organization_id, integration_id, appointment_id) do update
        set status = 'PENDING', revision = e.revision + 1, attempts = 0
      returning organization_id, integration_id, appointment_id
    ), requested as (select ${enqueuedSync(tx)} from wanted)`
}

/**
 * One waiting job for each twin. A wish that comes while a job runs makes a second job: the running one has read the state before
 * the wish. Who is first of the two is settled by the lease on the row.
 */
export function enqueuedSync(tx: Tx, runAt: Instant | null = null) {
  return tx.sql`
    slotwire_enqueue_job(${SYNC_TASK},
      json_build_object('organizationId', organization_id, 'integrationId', integration_id, 'appointmentId', appointment_id),
      'calcom:' || integration_id || ':' || appointment_id, ${runAt}::timestamptz)`
}

/** By appointment. */
export async function loadExternalBookings(
  tx: Tx,
  appointmentIds: string[],
): Promise<Map<string, ExternalBookingRecord[]>> {
  const rows = await tx.sql<(ExternalBookingRecord & { appointmentId: string; suggestedStarts: Instant[] | null })[]>`
    select e.appointment_id as "appointmentId", lower(i.provider::text) as provider, e.external_id as "externalId", e.status,
      e.last_synced_at as "lastSyncedAt", e.last_error as "lastError",
      (select c.suggested_starts from calendar_conflicts c
       where c.organization_id = e.organization_id and c.appointment_id = e.appointment_id
         and c.integration_id = e.integration_id and c.resolved_at is null and jsonb_array_length(c.suggested_starts) > 0
       order by c.detected_at desc limit 1) as "suggestedStarts"
    from external_bookings e
    join integrations i on i.organization_id = e.organization_id and i.id = e.integration_id
    where e.organization_id = ${tx.organizationId} and e.appointment_id = any(${appointmentIds}::uuid[])
    order by e.integration_id`
  const found = new Map<string, ExternalBookingRecord[]>(appointmentIds.map((id) => [id, []]))
  for (const { appointmentId, suggestedStarts, ...row } of rows) {
    found.get(appointmentId)?.push({ ...row, suggestedStarts: suggestedStarts ?? [] })
  }
  return found
}

/** Asks the calendar once more, at once, whatever it answered last. Throws NotFoundError, InvalidInputError. */
export async function retryExternalBooking(
  tx: Tx,
  { appointmentId, provider }: { appointmentId: string; provider: string },
): Promise<void> {
  const [appointment] = await tx.sql`
    select from appointments where organization_id = ${tx.organizationId} and id = ${appointmentId}`
  if (!appointment) throw new NotFoundError('appointment')
  const retried = await tx.sql`
    with retried as (
      update external_bookings e set status = 'PENDING', revision = revision + 1, attempts = 0
      from integrations i
      where e.organization_id = ${tx.organizationId} and e.appointment_id = ${appointmentId}
        and i.organization_id = e.organization_id and i.id = e.integration_id and i.active
        and lower(i.provider::text) = ${provider.toLowerCase()}
      returning e.organization_id, e.integration_id, e.appointment_id
    )
    select ${enqueuedSync(tx)} from retried`
  if (retried.length > 0) return
  const message = 'The appointment has no booking in such a calendar, or the calendar is disconnected.'
  throw new InvalidInputError([{ path: ['provider'], message }])
}

// The row of an appointment's twin: leased to one worker at a time, written only by who holds the lease.
import type { Tx } from '../../db/transaction.ts'
import { loadAppointments, type StoredAppointment } from '../../domain/bookings/appointments.ts'
import { enqueuedSync, type SyncStatus, type TwinName } from '../../domain/outside/calendars/external-bookings.ts'
import { NotFoundError } from '../../domain/vocabulary/refusals.ts'

export interface Twin {
  appointmentId: string
  status: SyncStatus
  revision: number
  externalId: string | null
  externalStartsAt: number | null
  externalEventTypeId: number | null
  unansweredSince: number | null
  unansweredStartsAt: number | null
  attempts: number
  appointment: StoredAppointment
  guest: { name: string; phone: string | null; email: string | null }
  /** The conversation it was booked in. */
  callId: string | null
}

export interface LeaseRules {
  leaseMs: number
  /** As the runner's: a worker unseen for so long is dead, and its lease is nobody's. */
  deadAfterMs: number
}

/** Somebody else has the twin: whoever finds that out stops at once and writes nothing. */
export class LostLease extends Error {}

export type TwinChange = Partial<
  Pick<
    Twin,
    | 'status'
    | 'externalId'
    | 'externalStartsAt'
    | 'externalEventTypeId'
    | 'unansweredSince'
    | 'unansweredStartsAt'
    | 'attempts'
  >
> & { lastError?: string | null; lastSyncedAt?: number; leasedBy?: null; leasedUntil?: null }

/** Null: it is taken, or there is no such twin (any more). */
export async function leaseTwin(tx: Tx, name: TwinName, workerId: string, rules: LeaseRules): Promise<Twin | null> {
  const lease = `${rules.leaseMs} milliseconds`
  const deadAfter = `${rules.deadAfterMs} milliseconds`
  const leased = await tx.sql`
    update external_bookings e
    set leased_by = ${workerId}, leased_until = clock_timestamp() + ${lease}::text::interval
    where ${isTwin(tx, name)}
      and (leased_until is null or leased_until <= clock_timestamp() or leased_by = ${workerId}
        or (leased_until <= clock_timestamp() + ${lease}::text::interval - ${deadAfter}::text::interval
          and not exists (
            select from job_workers w
            where w.worker_id = e.leased_by and w.seen_at > clock_timestamp() - ${deadAfter}::text::interval)))`
  return leased.count === 0 ? null : readTwin(tx, name)
}

export async function readTwin(tx: Tx, name: TwinName): Promise<Twin | null> {
  const [[row], appointments] = await Promise.all([
    tx.sql<(Omit<Twin, 'appointment'> & { customerPhone: string | null })[]>`
      select appointment_id as "appointmentId", status, revision, external_id as "externalId",
        external_starts_at as "externalStartsAt", external_event_type_id::float8 as "externalEventTypeId",
        unanswered_since as "unansweredSince", unanswered_starts_at as "unansweredStartsAt", attempts,
        (select json_build_object('name', coalesce(a.guest ->> 'name', c.name), 'phone', coalesce(a.guest ->> 'phone', c.phone),
            'email', coalesce(a.guest ->> 'email', c.email))
         from appointments a join customers c on c.organization_id = a.organization_id and c.id = a.customer_id
         where a.organization_id = e.organization_id and a.id = e.appointment_id) as guest,
        (select f.provider_call_id from call_functions f
         where f.organization_id = e.organization_id and f.appointment_id = e.appointment_id limit 1) as "callId"
      from external_bookings e where ${isTwin(tx, name)}`,
    loadAppointments(tx, [name.appointmentId]),
  ])
  const appointment = appointments.get(name.appointmentId)
  if (!row) return null
  if (!appointment) throw new NotFoundError('appointment')
  return { ...row, appointment }
}

/** With `revision`: only if no newer wish has come; answers whether it was written. Throws LostLease. */
export async function writeTwin(
  tx: Tx,
  name: TwinName,
  workerId: string,
  change: TwinChange,
  revision?: number,
): Promise<boolean> {
  const column = (key: keyof TwinChange) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  const instants = new Set(['externalStartsAt', 'unansweredSince', 'unansweredStartsAt', 'lastSyncedAt'])
  const values = Object.fromEntries(
    Object.entries(change).map(([key, value]) => [
      column(key as keyof TwinChange),
      instants.has(key) && typeof value === 'number' ? new Date(value) : value,
    ]),
  )
  const [row] = await tx.sql<{ isNewest: boolean }[]>`
    select revision = ${revision ?? null}::int as "isNewest" from external_bookings e
    where ${isTwin(tx, name)} and leased_by = ${workerId} for update`
  if (!row) throw new LostLease()
  if (revision !== undefined && !row.isNewest) return false
  await tx.sql`update external_bookings e set ${tx.sql(values)} where ${isTwin(tx, name)}`
  return true
}

/** Gives the lease back and asks for another job at that instant, in one statement. */
export async function postponeTwin(
  tx: Tx,
  name: TwinName,
  workerId: string | null,
  { runAt, ...change }: { runAt: number; lastError?: string; attempts?: number; status?: SyncStatus },
): Promise<void> {
  if (workerId !== null) await writeTwin(tx, name, workerId, { ...change, leasedBy: null, leasedUntil: null })
  await tx.sql`select ${enqueuedSync(tx, runAt)} from external_bookings e where ${isTwin(tx, name)}`
}

/** What we know of a booking there; its state only goes forward. */
export async function noteExternalId(
  tx: Tx,
  integrationId: string,
  booking: {
    externalId: string
    state: 'REQUESTED' | 'ACCEPTED' | 'ENDED'
    appointmentId: string | null
    ours: boolean
    startsAt: number
    endsAt: number
    successorId?: string | null
  },
): Promise<void> {
  const { externalId, state, appointmentId, ours, startsAt, endsAt, successorId = null } = booking
  await tx.sql`
    insert into external_ids as x (organization_id, integration_id, external_id, state, appointment_id, ours, starts_at, ends_at,
      successor_id)
    values (${tx.organizationId}, ${integrationId}, ${externalId}, ${state}, ${appointmentId}, ${ours}, ${new Date(startsAt)},
      ${new Date(endsAt)}, ${successorId})
    on conflict (organization_id, integration_id, external_id) do update set
      state = greatest(x.state, excluded.state), appointment_id = coalesce(excluded.appointment_id, x.appointment_id),
      ours = x.ours or excluded.ours, successor_id = coalesce(excluded.successor_id, x.successor_id),
      seen_at = clock_timestamp()`
}

function isTwin(tx: Tx, { integrationId, appointmentId }: TwinName) {
  return tx.sql`e.organization_id = ${tx.organizationId} and e.integration_id = ${integrationId} and e.appointment_id = ${appointmentId}`
}

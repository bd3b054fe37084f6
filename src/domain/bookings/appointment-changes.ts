// The frame of every change of an appointment: locks, row lock, version, status, idempotency; one change wins.

import { daysOf } from '../../db/change-log.ts'
import type { Database } from '../../db/client.ts'
import { type Lock, namedLock, resourceDayLock } from '../../db/locks.ts'
import { inSnapshot, inTransaction, type Tx } from '../../db/transaction.ts'
import { readClock } from '../availability/resource-states.ts'
import {
  type Idempotency,
  idempotencyLock,
  isSameRequest,
  nameOfKey,
  readUsedKeys,
  writeUsedKeys,
} from '../claims/idempotency.ts'
import { requestedSyncs } from '../outside/calendars/external-bookings.ts'
import type { Caller } from '../people/callers.ts'
import { OutdatedAttempt, type ResourceDay, untilPresent } from '../vocabulary/outdated-attempt.ts'
import {
  type AppointmentStatus,
  IdempotencyKeyReusedError,
  InvalidTransitionError,
  NotFoundError,
  type Policy,
  VersionConflictError,
} from '../vocabulary/refusals.ts'
import type { Claim, Instant } from '../vocabulary/types.ts'
import {
  type AppointmentEventKind,
  appointmentColumns,
  loadAppointments,
  type StoredAppointment,
} from './appointments.ts'

export interface ChangeInput {
  caller: Caller
  appointmentId: string
  expectedVersion: number
  idempotency: Idempotency | null
  /** What it may be changed from; left out: CONFIRMED. */
  of?: AppointmentStatus[]
}

/** The appointment under its locks, at the version and in the status that the change needs. */
export interface Changing {
  appointment: StoredAppointment
  claims: Claim[]
  now: Instant
  /** `<resource> <day>` of every day lock that is held. */
  lockedDays: Set<string>
}

interface Attempt {
  appointment: StoredAppointment
  resourceDays?: ResourceDay[]
  locks?: Lock[]
}

/**
 * Reads the appointment, lets `prepare` name what else it needs to lock, then runs `change` under all locks at once.
 * The loser of a race gets a VersionConflictError with the version that is now true.
 */
export function changeAppointment<Prepared extends Omit<Attempt, 'appointment'>>(
  db: Database,
  input: ChangeInput,
  prepare: (tx: Tx, appointment: StoredAppointment) => Promise<Prepared>,
  change: (tx: Tx, changing: Changing, prepared: Prepared) => Promise<StoredAppointment>,
): Promise<StoredAppointment> {
  return untilPresent((extraDays) => attemptChange(db, input, prepare, change, extraDays))
}

async function attemptChange<Prepared extends Omit<Attempt, 'appointment'>>(
  db: Database,
  { caller, appointmentId, expectedVersion, idempotency, of = ['CONFIRMED'] }: ChangeInput,
  prepare: (tx: Tx, appointment: StoredAppointment) => Promise<Prepared>,
  change: (tx: Tx, changing: Changing, prepared: Prepared) => Promise<StoredAppointment>,
  extraDays: ResourceDay[],
): Promise<StoredAppointment> {
  if (caller.kind === 'MANAGE' && caller.appointmentId !== appointmentId) throw new NotFoundError('appointment')
  const { prepared, days } = await inSnapshot(db, caller.organizationId, async (tx) => {
    const [found, claims] = await Promise.all([loadAppointments(tx, [appointmentId]), readClaims(tx, appointmentId)])
    const appointment = found.get(appointmentId)
    if (!appointment) throw new NotFoundError('appointment')
    return { prepared: await prepare(tx, appointment), days: claims.flatMap(resourceDaysOfClaim) }
  })
  const resourceDays = [...days, ...(prepared.resourceDays ?? []), ...extraDays]
  const lockedDays = new Set(resourceDays.map(nameOf))
  const locks = [
    namedLock('appointment', appointmentId),
    ...resourceDays.map(({ resourceId, day }) => resourceDayLock(resourceId, day)),
    ...(prepared.locks ?? []),
    ...(idempotency ? [idempotencyLock(caller, idempotency.key)] : []),
  ]
  return inTransaction(
    db,
    caller.organizationId,
    async (tx) => {
      const [[appointment], usedKeys, claims, now] = await Promise.all([
        // Sent before all others: with the advisory locks off, a duplicate waits here for the one that writes the key.
        tx.sql<StoredAppointment[]>`
          select ${appointmentColumns(tx)} from appointments
          where organization_id = ${tx.organizationId} and id = ${appointmentId} for update`.execute(),
        readUsedKeys(tx, idempotency ? [{ caller: caller.id, key: idempotency.key }] : []),
        readClaims(tx, appointmentId),
        readClock(tx),
      ])
      if (!appointment) throw new NotFoundError('appointment')
      const known = idempotency && usedKeys.get(nameOfKey({ caller: caller.id, key: idempotency.key }))
      if (known && !isSameRequest(idempotency, known.fingerprint)) throw new IdempotencyKeyReusedError()
      if (known) return appointment
      if (appointment.version !== expectedVersion) throw new VersionConflictError(appointment.version)
      if (!of.includes(appointment.status)) throw new InvalidTransitionError(appointment.status)
      const missing = claims.flatMap(resourceDaysOfClaim).filter((day) => !lockedDays.has(nameOf(day)))
      if (missing.length > 0) throw new OutdatedAttempt(missing)
      return change(tx, { appointment, claims, now, lockedDays }, prepared)
    },
    { locks },
  )
}

export interface AppointmentUpdate {
  appointment: StoredAppointment
  /** The appointment as it shall be; version and updatedAt are set here. */
  next: Partial<Pick<StoredAppointment, 'status' | 'startsAt' | 'endsAt' | 'segments' | 'rescheduleCount'>>
  kind: AppointmentEventKind
  caller: Caller
  reason: string | null
  policy: Policy | null
  policyOverridden: boolean
  idempotency: Idempotency | null
  now: Instant
}

/** Compare-and-set on the version, history and idempotency key, in one packet. */
export async function writeAppointmentChange(tx: Tx, update: AppointmentUpdate): Promise<StoredAppointment> {
  const { appointment, kind, caller, reason, policy, idempotency, now } = update
  const next: StoredAppointment = { ...appointment, ...update.next, version: appointment.version + 1, updatedAt: now }
  const moved = kind === 'RESCHEDULED'
  const [updated] = await Promise.all([
    tx.sql<{ xid: string }[]>`
      with changed as (
        update appointments set version = ${next.version}, status = ${next.status}, starts_at = ${new Date(next.startsAt)},
          ends_at = ${new Date(next.endsAt)}, segments = ${JSON.stringify(next.segments)}::jsonb,
          reschedule_count = ${next.rescheduleCount}, updated_at = ${new Date(now)}
        where organization_id = ${tx.organizationId} and id = ${appointment.id} and version = ${appointment.version}
        returning id, service_id, ${caller.id}::text as changed_by
      ),
      ${requestedSyncs(tx)}
      select pg_current_xact_id()::text as xid, (select count(*) from requested) as synced from changed`,
    tx.sql`
      insert into appointment_events (organization_id, appointment_id, version, kind, at, actor, origin,
        previous_starts_at, starts_at, reason, policy_version, policy_scope_id, policy_overridden)
      values (${tx.organizationId}, ${appointment.id}, ${next.version}, ${kind}, ${new Date(now)}, ${caller.actor},
        ${caller.origin}, ${moved ? new Date(appointment.startsAt) : null}, ${moved ? new Date(next.startsAt) : null},
        ${reason}, ${policy?.version ?? null}, ${policy?.scopeId ?? null}, ${update.policyOverridden})`,
    writeUsedKeys(
      tx,
      idempotency ? [{ ...idempotency, caller: caller.id, result: { appointmentId: appointment.id } }] : [],
    ),
  ])
  if (!updated[0]) throw new OutdatedAttempt()
  // Where no claim changes (completed, no-show) nothing else names the transaction.
  tx.xid = updated[0].xid
  tx.appointments.push({ appointmentId: appointment.id, version: next.version })
  return next
}

export function resourceDaysOfClaim(claim: Claim): ResourceDay[] {
  return daysOf(claim).map((day) => ({ resourceId: claim.resourceId, day }))
}

export function nameOf({ resourceId, day }: ResourceDay): string {
  return `${resourceId} ${day}`
}

export function readClaims(tx: Tx, appointmentId: string): PromiseLike<Claim[]> {
  return tx.sql<Claim[]>`
    select id, resource_id as "resourceId", lower(during) as start, upper(during) as "end",
      hold_id as "holdId", appointment_id as "appointmentId", expires_at as "expiresAt"
    from claims where organization_id = ${tx.organizationId} and appointment_id = ${appointmentId} and active`
}

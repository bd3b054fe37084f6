// Appointments and their histories as records.
import type { GuestDetails } from '../../db/tables/appointments.ts'
import type { Tx } from '../../db/transaction.ts'
import type { Origin } from '../people/callers.ts'
import type { AppointmentStatus } from '../vocabulary/refusals.ts'
import type { ClaimedSegment, Instant } from '../vocabulary/types.ts'

export interface AppointmentRecord {
  id: string
  status: AppointmentStatus
  version: number
  serviceId: string
  customerId: string
  guest: GuestDetails | null
  startsAt: Instant
  endsAt: Instant
  segments: ClaimedSegment[]
  notes: string | null
  origin: Origin
  createdAt: Instant
  updatedAt: Instant
}

export interface StoredAppointment extends AppointmentRecord {
  rescheduleCount: number
}

export type AppointmentEventKind = 'BOOKED' | 'RESCHEDULED' | 'CANCELLED' | 'COMPLETED' | 'NO_SHOW' | 'NOTES_CHANGED'

export interface AppointmentEventRecord {
  kind: AppointmentEventKind
  at: Instant
  actor: string
  origin: Origin
  version: number
  previousStartsAt: Instant | null
  startsAt: Instant | null
  reason: string | null
  policyVersion: number | null
  policyOverridden: boolean
}

export async function loadAppointments(tx: Tx, ids: string[]): Promise<Map<string, StoredAppointment>> {
  const rows = await tx.sql<StoredAppointment[]>`
    select ${appointmentColumns(tx)} from appointments
    where organization_id = ${tx.organizationId} and id = any(${ids}::uuid[])`
  return new Map(rows.map((row) => [row.id, row]))
}

/** Every change, oldest first. */
export async function loadHistories(tx: Tx, appointmentIds: string[]): Promise<Map<string, AppointmentEventRecord[]>> {
  const rows = await tx.sql<(AppointmentEventRecord & { appointmentId: string })[]>`
    select appointment_id as "appointmentId", kind, at, actor, origin, version, previous_starts_at as "previousStartsAt",
      starts_at as "startsAt", reason, policy_version as "policyVersion", policy_overridden as "policyOverridden"
    from appointment_events
    where organization_id = ${tx.organizationId} and appointment_id = any(${appointmentIds}::uuid[])
    order by version`
  const histories = new Map<string, AppointmentEventRecord[]>(appointmentIds.map((id) => [id, []]))
  for (const { appointmentId, ...event } of rows) histories.get(appointmentId)?.push(event)
  return histories
}

export function appointmentColumns(tx: Tx) {
  return tx.sql`
    id, status, version, service_id as "serviceId", customer_id as "customerId", guest, starts_at as "startsAt",
    ends_at as "endsAt", segments, notes, origin, reschedule_count as "rescheduleCount", created_at as "createdAt",
    updated_at as "updatedAt"`
}

// Short ways to change an appointment, and to see what was refused.

import { expect } from 'vitest'
import type { CommittedTransaction } from '../../src/db/changes.ts'
import type { Database } from '../../src/db/client.ts'
import { inSnapshot } from '../../src/db/transaction.ts'
import type { AppointmentRecord } from '../../src/domain/bookings/appointments.ts'
import { loadHistories } from '../../src/domain/bookings/appointments.ts'
import { type CancelAppointmentInput, cancelAppointment } from '../../src/domain/bookings/cancel-appointment.ts'
import {
  type RescheduleAppointmentInput,
  rescheduleAppointment,
} from '../../src/domain/bookings/reschedule-appointment.ts'
import type { Salon } from './salon.ts'

type Booked = Pick<AppointmentRecord, 'id' | 'version'>

export function move(
  salon: Pick<Salon, 'lane' | 'caller'>,
  { id, version }: Booked,
  startsAt: number,
  given: Partial<RescheduleAppointmentInput> = {},
) {
  return rescheduleAppointment(salon.lane, {
    caller: salon.caller,
    appointmentId: id,
    expectedVersion: version,
    startsAt,
    holdId: null,
    resourceIds: [],
    reason: null,
    idempotencyKey: null,
    ...given,
  })
}

export function cancel(
  salon: Pick<Salon, 'lane' | 'caller'>,
  { id, version }: Booked,
  given: Partial<CancelAppointmentInput> = {},
) {
  return cancelAppointment(salon.lane, {
    caller: salon.caller,
    appointmentId: id,
    expectedVersion: version,
    reason: null,
    idempotencyKey: null,
    ...given,
  })
}

/** What the attempt was refused with; fails if it was not. */
export async function refusalOf(attempt: Promise<unknown>): Promise<unknown> {
  return attempt.then(
    () => expect.fail('was not refused'),
    (error: unknown) => error,
  )
}

export async function historyOf(salon: Pick<Salon, 'db' | 'organizationId'>, appointmentId: string) {
  const histories = await inSnapshot(salon.db, salon.organizationId, (tx) => loadHistories(tx, [appointmentId]))
  return histories.get(appointmentId) ?? []
}

/** The transactions that `work` announces on this database. */
export async function committedBy(db: Database, work: () => Promise<unknown>): Promise<CommittedTransaction[]> {
  const committed: CommittedTransaction[] = []
  const before = db.onCommitted
  db.onCommitted = (transaction) => committed.push(transaction)
  try {
    await work()
  } finally {
    db.onCommitted = before
  }
  return committed
}

/** Who is taken when, for an appointment: resource and range, by start. */
export async function claimsOf(db: Database, appointmentId: string) {
  return db.sql<{ resourceId: string; start: number; end: number }[]>`
    select resource_id as "resourceId", lower(during) as start, upper(during) as "end" from claims
    where appointment_id = ${appointmentId} and active order by lower(during), resource_id`
}

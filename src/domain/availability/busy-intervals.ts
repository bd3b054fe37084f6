// Busy intervals: time that an outside calendar has given away. They may overlap our claims; nobody is offered the rest.
import { randomUUIDv7 } from 'node:crypto'
import { daysOf, type RecordedDelta } from '../../db/change-log.ts'
import type { Tx } from '../../db/transaction.ts'
import { formatRange } from '../../db/values.ts'
import type { Instant } from '../vocabulary/types.ts'

export interface NewBusyInterval {
  /** Which calendar. */
  source: string
  externalId: string
  resourceIds: string[]
  startsAt: Instant
  endsAt: Instant
}

/** Replaces what the calendar said before under the same id. Part of a transaction that writes down its changes itself. */
export async function setBusy(
  tx: Tx,
  { source, externalId, resourceIds, startsAt, endsAt }: NewBusyInterval,
): Promise<RecordedDelta[]> {
  const removed = await clearBusy(tx, { source, externalId })
  await tx.sql`
    insert into busy_intervals (organization_id, id, resource_id, during, source, external_id)
    select ${tx.organizationId}::uuid, id, resource_id, ${formatRange({ start: startsAt, end: endsAt })}::text::tstzrange,
      ${source}, ${externalId}
    from unnest(${resourceIds.map(() => randomUUIDv7())}::uuid[], ${resourceIds}::uuid[]) as b (id, resource_id)`
  return [...removed, ...busyDeltas(resourceIds.map((resourceId) => ({ resourceId, start: startsAt, end: endsAt })))]
}

export async function clearBusy(
  tx: Tx,
  { source, externalId }: { source: string; externalId: string },
): Promise<RecordedDelta[]> {
  const rows = await tx.sql<{ resourceId: string; start: Instant; end: Instant }[]>`
    delete from busy_intervals
    where organization_id = ${tx.organizationId} and source = ${source} and external_id = ${externalId}
    returning resource_id as "resourceId", starts_at as start, ends_at as "end"`
  return busyDeltas(rows)
}

/** The appointments whose claims it overlaps. */
export async function findOverlapped(
  tx: Tx,
  { resourceIds, startsAt, endsAt }: Pick<NewBusyInterval, 'resourceIds' | 'startsAt' | 'endsAt'>,
): Promise<{ appointmentId: string; serviceId: string }[]> {
  return tx.sql<{ appointmentId: string; serviceId: string }[]>`
    select distinct c.appointment_id as "appointmentId", a.service_id as "serviceId"
    from claims c join appointments a on a.organization_id = c.organization_id and a.id = c.appointment_id
    where c.organization_id = ${tx.organizationId} and c.resource_id = any(${resourceIds}::uuid[]) and c.active
      and c.starts_at > ${new Date(startsAt)}::timestamptz - interval '4 days'
      and c.starts_at < ${new Date(endsAt)} and c.ends_at > ${new Date(startsAt)}`
}

function busyDeltas(rows: { resourceId: string; start: Instant; end: Instant }[]): RecordedDelta[] {
  return rows.flatMap(({ resourceId, start, end }) =>
    daysOf({ start, end }).map((day) => ({ subjectId: resourceId, day, delta: { busy: true } as const })),
  )
}

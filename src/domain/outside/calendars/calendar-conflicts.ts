// Conflicts with outside calendars: where the two disagree and somebody has to decide. Reported, never dropped.
import { randomUUIDv7 } from 'node:crypto'
import type { Tx } from '../../../db/transaction.ts'
import { findAlternatives } from '../../availability/alternatives.ts'
import type { Instant } from '../../vocabulary/types.ts'

export type ConflictKind = 'TAKEN_THERE' | 'FOREIGN_ANSWER' | 'OTHER_TIME' | 'ENDED_THERE' | 'OVERLAP'

export interface CalendarConflictRecord {
  id: string
  integrationId: string
  kind: ConflictKind
  appointmentId: string | null
  externalId: string | null
  startsAt: Instant
  endsAt: Instant
  message: string
  suggestedStarts: Instant[]
  detectedAt: Instant
  resolvedAt: Instant | null
}

type Found = Pick<
  CalendarConflictRecord,
  'integrationId' | 'kind' | 'appointmentId' | 'externalId' | 'startsAt' | 'endsAt' | 'message'
>

const SUGGESTIONS = 3

/** Once for as long as it is open. With the service: other times near the start that are open now. */
export async function reportConflict(tx: Tx, found: Found, serviceId: string | null): Promise<void> {
  const { integrationId, kind, appointmentId, externalId, startsAt, endsAt, message } = found
  const suggestedStarts = serviceId === null ? [] : await suggestStarts(tx, serviceId, startsAt)
  await tx.sql`
    insert into calendar_conflicts (organization_id, id, integration_id, kind, appointment_id, external_id, starts_at, ends_at,
      message, suggested_starts)
    values (${tx.organizationId}, ${randomUUIDv7()}, ${integrationId}, ${kind}, ${appointmentId}, ${externalId},
      ${new Date(startsAt)}, ${new Date(endsAt)}, ${message}, ${JSON.stringify(suggestedStarts)}::jsonb)
    on conflict (organization_id, integration_id, kind,
        coalesce(appointment_id, '00000000-0000-0000-0000-000000000000'), coalesce(external_id, ''))
      where resolved_at is null
      do update set starts_at = excluded.starts_at, ends_at = excluded.ends_at, message = excluded.message,
        suggested_starts = excluded.suggested_starts`
}

/** The appointment's twin has followed. */
export async function resolveTwinConflicts(
  tx: Tx,
  { integrationId, appointmentId }: { integrationId: string; appointmentId: string },
): Promise<void> {
  await tx.sql`
    update calendar_conflicts set resolved_at = clock_timestamp()
    where organization_id = ${tx.organizationId} and integration_id = ${integrationId}
      and appointment_id = ${appointmentId} and resolved_at is null and kind <> 'OVERLAP'`
}

/**
 * Compares all busy intervals of the calendar with our appointments: overlaps that came about since are reported (an appointment
 * booked from a hold that was older than the interval), those that are over are resolved.
 */
export async function compareOverlaps(
  tx: Tx,
  { integrationId, source }: { integrationId: string; source: string },
): Promise<{ found: number; resolved: number }> {
  // A claim is at most four days long: the search begins there, and not with the first claim ever.
  const overlaps = tx.sql`
    select distinct b.external_id, c.appointment_id, b.starts_at, b.ends_at
    from (
      select * from busy_intervals
      where organization_id = ${tx.organizationId} and source = ${source} and ends_at > now() offset 0
    ) b cross join lateral (
      select appointment_id from claims
      where organization_id = ${tx.organizationId} and active and appointment_id is not null
        and (resource_id, starts_at) > (b.resource_id, b.starts_at - interval '4 days')
        and (resource_id, starts_at) < (b.resource_id, b.ends_at) and ends_at > b.starts_at
      offset 0
    ) as c`
  const missing = await tx.sql<{ externalId: string; appointmentId: string; startsAt: Instant; endsAt: Instant }[]>`
    select o.external_id as "externalId", o.appointment_id as "appointmentId", o.starts_at as "startsAt", o.ends_at as "endsAt"
    from (${overlaps}) o
    where not exists (
      select from calendar_conflicts k
      where k.organization_id = ${tx.organizationId} and k.integration_id = ${integrationId} and k.kind = 'OVERLAP'
        and k.appointment_id = o.appointment_id and k.external_id = o.external_id and k.resolved_at is null)`
  for (const overlap of missing) {
    await reportConflict(tx, { ...overlap, integrationId, kind: 'OVERLAP', message: OVERLAP_MESSAGE }, null)
  }
  const resolved = await tx.sql`
    update calendar_conflicts k set resolved_at = clock_timestamp()
    where k.organization_id = ${tx.organizationId} and k.integration_id = ${integrationId} and k.kind = 'OVERLAP'
      and k.resolved_at is null
      and not exists (
        select from busy_intervals b cross join lateral (
          select from claims
          where organization_id = ${tx.organizationId} and active and appointment_id = k.appointment_id
            and resource_id = b.resource_id and starts_at < b.ends_at and ends_at > b.starts_at
          offset 0
        ) as c
        where b.organization_id = k.organization_id and b.source = ${source} and b.external_id = k.external_id)`
  return { found: missing.length, resolved: resolved.count }
}

export const OVERLAP_MESSAGE = 'A booking made in the outside calendar overlaps this appointment.'

/** Newest first. */
export async function listConflicts(
  tx: Tx,
  { openOnly, first }: { openOnly: boolean; first: number },
): Promise<CalendarConflictRecord[]> {
  return tx.sql<CalendarConflictRecord[]>`
    select id, integration_id as "integrationId", kind, appointment_id as "appointmentId", external_id as "externalId",
      starts_at as "startsAt", ends_at as "endsAt", message, suggested_starts as "suggestedStarts",
      detected_at as "detectedAt", resolved_at as "resolvedAt"
    from calendar_conflicts
    where organization_id = ${tx.organizationId} and (not ${openOnly} or resolved_at is null)
    order by detected_at desc, id desc limit ${first}`
}

async function suggestStarts(tx: Tx, serviceId: string, near: Instant): Promise<Instant[]> {
  const wish = { serviceId, near, withinMinutes: null, resourceIds: null, customerId: null }
  const slots = await findAlternatives(tx, { ...wish, first: SUGGESTIONS + 1 })
  return slots
    .map((slot) => slot.startsAt)
    .filter((startsAt) => startsAt !== near)
    .slice(0, SUGGESTIONS)
}

// What a calendar feed shows: the claimed segments of a resource, or one appointment, with what was called off marked so.
import { LONGEST_CLAIM_MS } from '../../../db/tables/claims.ts'
import type { Tx } from '../../../db/transaction.ts'
import type { AppointmentStatus } from '../../vocabulary/refusals.ts'
import type { ClaimedSegment, Instant } from '../../vocabulary/types.ts'
import type { CalendarFeedRecord } from './calendar-feeds.ts'

export interface CalendarEntry {
  appointmentId: string
  /** Null: the appointment as a whole. */
  segmentPosition: number | null
  /** Of the appointment. */
  version: number
  cancelled: boolean
  startsAt: Instant
  endsAt: Instant
  serviceName: string
  segmentName: string | null
  /** Null: the feed does not name customers. */
  customerName: string | null
  locationName: string
  createdAt: Instant
  updatedAt: Instant
}

export interface Calendar {
  name: string
  entries: CalendarEntry[]
}

const DAY_MS = 86_400_000
const DAYS_BACK = 90
const DAYS_AHEAD = 400

/** By start. Bounded in time for a resource; an appointment's own feed always shows it. */
export async function readCalendar(
  tx: Tx,
  { feed, now }: { feed: CalendarFeedRecord; now: Instant },
): Promise<Calendar> {
  return feed.resourceId === null
    ? readAppointmentCalendar(tx, feed.appointmentId as string)
    : readResourceCalendar(tx, feed.resourceId, {
        showsCustomers: feed.showsCustomers,
        from: now - DAYS_BACK * DAY_MS,
        to: now + DAYS_AHEAD * DAY_MS,
      })
}

interface Row {
  appointmentId: string
  status: AppointmentStatus
  version: number
  segments: ClaimedSegment[]
  startsAt: Instant
  endsAt: Instant
  serviceName: string
  customerName: string
  locationName: string
  createdAt: Instant
  updatedAt: Instant
}

async function readAppointmentCalendar(tx: Tx, appointmentId: string): Promise<Calendar> {
  const [row] = await tx.sql<Row[]>`
    select ${columns(tx)} ${joins(tx)} where a.organization_id = ${tx.organizationId} and a.id = ${appointmentId}`
  if (!row) return { name: '', entries: [] }
  const { status, segments: _, ...shown } = row
  const cancelled = status === 'CANCELLED'
  return {
    name: `${row.serviceName}, ${row.locationName}`,
    entries: [{ ...shown, cancelled, segmentPosition: null, segmentName: null, customerName: null }],
  }
}

/**
 * Claims are never deleted, so that what the resource no longer serves, because it was called off or somebody else took it
 * over, stays in the feed as cancelled under the same UID.
 */
async function readResourceCalendar(
  tx: Tx,
  resourceId: string,
  { showsCustomers, from, to }: { showsCustomers: boolean; from: Instant; to: Instant },
): Promise<Calendar> {
  const within = tx.sql`
    organization_id = ${tx.organizationId} and resource_id = ${resourceId} and appointment_id is not null
    and starts_at >= ${new Date(from - LONGEST_CLAIM_MS)} and starts_at < ${new Date(to)} and ends_at > ${new Date(from)}`
  const [[resource], rows] = await Promise.all([
    tx.sql<{ name: string }[]>`
      select name from resources where organization_id = ${tx.organizationId} and id = ${resourceId}`,
    // Two selects, because each has an index of its own.
    tx.sql<(Row & { segmentPosition: number; claimedFrom: Instant; claimedTo: Instant })[]>`
      with claim as (
        select appointment_id, segment_position, active, id, starts_at, ends_at from claims where ${within} and active
        union all
        select appointment_id, segment_position, active, id, starts_at, ends_at from claims where ${within} and not active
      ), last as (
        select distinct on (appointment_id, segment_position) * from claim
        order by appointment_id, segment_position, active desc, id desc
      )
      select ${columns(tx)}, last.segment_position as "segmentPosition", last.starts_at as "claimedFrom",
        last.ends_at as "claimedTo"
      ${joins(tx)}
      join last on last.appointment_id = a.id
      where a.organization_id = ${tx.organizationId}`,
  ])
  const entries = rows.map(({ status, segments, claimedFrom, claimedTo, ...row }): CalendarEntry => {
    const segment = segments[row.segmentPosition]
    const serves = segment?.resourceIds.includes(resourceId) ?? false
    return {
      ...row,
      cancelled: status === 'CANCELLED' || !serves,
      startsAt: serves && segment ? segment.startsAt : claimedFrom,
      endsAt: serves && segment ? segment.endsAt : claimedTo,
      segmentName: segment?.name ?? null,
      customerName: showsCustomers ? row.customerName : null,
    }
  })
  return { name: resource?.name ?? '', entries: entries.sort(byStart) }
}

function byStart(a: CalendarEntry, b: CalendarEntry): number {
  return (
    a.startsAt - b.startsAt ||
    (a.appointmentId < b.appointmentId ? -1 : a.appointmentId > b.appointmentId ? 1 : 0) ||
    (a.segmentPosition ?? 0) - (b.segmentPosition ?? 0)
  )
}

function columns(tx: Tx) {
  return tx.sql`a.id as "appointmentId", a.status, a.version, a.segments, a.starts_at as "startsAt", a.ends_at as "endsAt",
    s.name as "serviceName", coalesce(a.guest ->> 'name', c.name) as "customerName", l.name as "locationName",
    a.created_at as "createdAt", a.updated_at as "updatedAt"`
}

function joins(tx: Tx) {
  return tx.sql`from appointments a
    join services s on s.organization_id = a.organization_id and s.id = a.service_id
    join locations l on l.organization_id = s.organization_id and l.id = s.location_id
    join customers c on c.organization_id = a.organization_id and c.id = a.customer_id`
}

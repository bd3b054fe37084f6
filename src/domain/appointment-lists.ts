// The appointments of an organization, filtered and paged by start.
import type { Tx } from '../db/transaction.ts'
import { type AppointmentRecord, appointmentColumns } from './appointments.ts'
import type { AppointmentStatus } from './refusals.ts'
import type { Instant } from './types.ts'

/** Every condition that is given must hold. */
export interface AppointmentFilter {
  /** Starts at or after. */
  from?: Instant | null
  /** Starts before. */
  to?: Instant | null
  /** Empty: none matches. */
  status?: AppointmentStatus[] | null
  /** Takes part in at least one segment. */
  resourceId?: string | null
  serviceId?: string | null
  customerId?: string | null
}

/** Where an appointment stands in the list. Two appointments of one start stand by id. */
export interface AppointmentPosition {
  startsAt: Instant
  id: string
}

export interface AppointmentPage {
  rows: AppointmentRecord[]
  hasNextPage: boolean
  hasPreviousPage: boolean
}

/**
 * The first `first` after `after`, or the last `last` before `before` when only `last` is given; always by start, then
 * id. A position stays good when its appointment has moved or is gone.
 */
export async function listAppointments(
  tx: Tx,
  input: {
    filter: AppointmentFilter
    first?: number | null
    after?: AppointmentPosition | null
    last?: number | null
    before?: AppointmentPosition | null
  },
): Promise<AppointmentPage> {
  const { first, last, after, before } = input
  const backwards = first == null && last != null
  const limit = first ?? last ?? 50
  const matching = conditions(tx, input.filter)
  const above = after ? tx.sql`and (starts_at, id) > ${position(tx, after)}` : tx.sql``
  const below = before ? tx.sql`and (starts_at, id) < ${position(tx, before)}` : tx.sql``
  const order = backwards ? tx.sql`order by starts_at desc, id desc` : tx.sql`order by starts_at, id`
  const beyond = backwards
    ? before && tx.sql`(starts_at, id) >= ${position(tx, before)}`
    : after && tx.sql`(starts_at, id) <= ${position(tx, after)}`
  const [found, others] = await Promise.all([
    tx.sql<AppointmentRecord[]>`
      select ${appointmentColumns(tx)} from appointments where ${matching} ${above} ${below} ${order} limit ${limit + 1}`,
    beyond ? tx.sql`select from appointments where ${matching} and ${beyond} limit 1` : null,
  ])
  const hasMore = found.length > limit
  const hasOthers = others !== null && others.count > 0
  const rows = found.slice(0, limit)
  return backwards
    ? { rows: rows.reverse(), hasNextPage: hasOthers, hasPreviousPage: hasMore }
    : { rows, hasNextPage: hasMore, hasPreviousPage: hasOthers }
}

function position(tx: Tx, { startsAt, id }: AppointmentPosition) {
  return tx.sql`(${startsAt}::timestamptz, ${id}::uuid)`
}

function conditions(tx: Tx, filter: AppointmentFilter) {
  const { from, to, status, resourceId, serviceId, customerId } = filter
  return tx.sql`organization_id = ${tx.organizationId}
    ${from == null ? tx.sql`` : tx.sql`and starts_at >= ${from}::timestamptz`}
    ${to == null ? tx.sql`` : tx.sql`and starts_at < ${to}::timestamptz`}
    ${status == null ? tx.sql`` : tx.sql`and status = any(${status}::appointment_status[])`}
    ${serviceId == null ? tx.sql`` : tx.sql`and service_id = ${serviceId}::uuid`}
    ${customerId == null ? tx.sql`` : tx.sql`and customer_id = ${customerId}::uuid`}
    ${resourceId == null ? tx.sql`` : tx.sql`and segments @> ${JSON.stringify([{ resourceIds: [resourceId] }])}::text::jsonb`}`
}

/** The same judgement over a record at hand, for live lists. */
export function matchesFilter(appointment: AppointmentRecord, filter: AppointmentFilter): boolean {
  const { from, to, status, resourceId, serviceId, customerId } = filter
  return (
    (from == null || appointment.startsAt >= from) &&
    (to == null || appointment.startsAt < to) &&
    (status == null || status.includes(appointment.status)) &&
    (serviceId == null || appointment.serviceId === serviceId) &&
    (customerId == null || appointment.customerId === customerId) &&
    (resourceId == null || appointment.segments.some((segment) => segment.resourceIds.includes(resourceId)))
  )
}

// The appointments of an organization, filtered and paged by start.
import type { Tx } from '../../db/transaction.ts'
import type { AppointmentStatus } from '../vocabulary/refusals.ts'
import type { Instant } from '../vocabulary/types.ts'
import { type AppointmentRecord, appointmentColumns } from './appointments.ts'
import { readResourceAppointments } from './resource-appointments.ts'

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

export interface AppointmentRange {
  first?: number | null
  after?: AppointmentPosition | null
  last?: number | null
  before?: AppointmentPosition | null
}

/**
 * The first `first` after `after`, or the last `last` before `before` when only `last` is given; always by start, then
 * id. A position stays good when its appointment has moved or is gone.
 */
export async function listAppointments(
  tx: Tx,
  { filter, ...range }: AppointmentRange & { filter: AppointmentFilter },
): Promise<AppointmentPage> {
  const matching = conditions(tx, filter)
  const { limit, within, order, beyond } = readRange(tx, range)
  if (filter.resourceId != null) return listOfResource(tx, { ...range, filter, resourceId: filter.resourceId })
  const [found, others] = await Promise.all([
    tx.sql<AppointmentRecord[]>`
      select ${appointmentColumns(tx)} from appointments where ${matching} ${within} ${order} limit ${limit + 1}`,
    beyond ? tx.sql`select from appointments where ${matching} and ${beyond} limit 1` : [],
  ])
  return toPage(range, found, others.length > 0)
}

async function listOfResource(
  tx: Tx,
  { filter, resourceId, ...range }: AppointmentRange & { filter: AppointmentFilter; resourceId: string },
): Promise<AppointmentPage> {
  const { limit, within, beyond, backwards } = readRange(tx, range)
  const matching = conditions(tx, filter)
  const { after, before } = range
  const latestOf = (a: Instant | null | undefined, b: Instant | null | undefined) =>
    a == null || b == null ? (a ?? b ?? null) : Math.max(a, b)
  const earliestOf = (a: Instant | null | undefined, b: Instant | null | undefined) =>
    a == null || b == null ? (a ?? b ?? null) : Math.min(a, b)
  const [rows, others] = await Promise.all([
    readResourceAppointments(tx, {
      resourceId,
      matching: tx.sql`${matching} ${within}`,
      earliest: latestOf(filter.from, after?.startsAt),
      latest: earliestOf(filter.to, before?.startsAt),
      backwards,
      limit: limit + 1,
    }),
    beyond
      ? readResourceAppointments(tx, {
          resourceId,
          matching: tx.sql`${matching} and ${beyond}`,
          earliest: backwards ? latestOf(filter.from, before?.startsAt) : (filter.from ?? null),
          latest: backwards ? (filter.to ?? null) : earliestOf(filter.to, after?.startsAt),
          backwards: !backwards,
          limit: 1,
        })
      : [],
  ])
  return toPage(range, rows, others.length > 0)
}

/** The same page of the appointments of each customer, with one statement for all of them. */
export async function listAppointmentsOf(
  tx: Tx,
  { customerIds, ...range }: AppointmentRange & { customerIds: string[] },
): Promise<Map<string, AppointmentPage>> {
  const { limit, within, order, beyond } = readRange(tx, range)
  const ofCustomer = tx.sql`organization_id = ${tx.organizationId} and customer_id = c.customer`
  const customers = tx.sql`unnest(${customerIds}::uuid[]) as c (customer)`
  const [found, others] = await Promise.all([
    tx.sql<AppointmentRecord[]>`
      select a.* from ${customers} cross join lateral (
        select ${appointmentColumns(tx)} from appointments where ${ofCustomer} ${within} ${order} limit ${limit + 1}) as a`,
    beyond
      ? tx.sql<{ customer: string }[]>`
          select c.customer from ${customers} where exists (select from appointments where ${ofCustomer} and ${beyond})`
      : [],
  ])
  const rows = Map.groupBy(found, ({ customerId }) => customerId)
  const withOthers = new Set(others.map(({ customer }) => customer))
  return new Map(customerIds.map((id) => [id, toPage(range, rows.get(id) ?? [], withOthers.has(id))]))
}

function readRange(tx: Tx, { first, last, after, before }: AppointmentRange) {
  const backwards = first == null && last != null
  const above = after ? tx.sql`and (starts_at, id) > ${position(tx, after)}` : tx.sql``
  const below = before ? tx.sql`and (starts_at, id) < ${position(tx, before)}` : tx.sql``
  return {
    backwards,
    limit: first ?? last ?? 50,
    within: tx.sql`${above} ${below}`,
    order: backwards ? tx.sql`order by starts_at desc, id desc` : tx.sql`order by starts_at, id`,
    /** What is on the far side of the cursor that the page starts from. */
    beyond: backwards
      ? before && tx.sql`(starts_at, id) >= ${position(tx, before)}`
      : after && tx.sql`(starts_at, id) <= ${position(tx, after)}`,
  }
}

/** `found` has one more than the page if there is more. */
function toPage({ first, last }: AppointmentRange, found: AppointmentRecord[], hasOthers: boolean): AppointmentPage {
  const limit = first ?? last ?? 50
  const hasMore = found.length > limit
  const rows = found.slice(0, limit)
  return first == null && last != null
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

// The appointments of one resource, found by its claims: the search grows neither with its past nor with its colleagues.
import type { Tx } from '../../db/transaction.ts'
import type { Instant } from '../vocabulary/types.ts'
import { type AppointmentRecord, appointmentColumns } from './appointments.ts'

type Sql = ReturnType<typeof appointmentColumns>

interface Wanted {
  resourceId: string
  /** Conditions on `appointments`, the bounds of the page among them. */
  matching: Sql
  /** No appointment that is wanted starts before or after; null: no bound. */
  earliest: Instant | null
  latest: Instant | null
  backwards: boolean
  limit: number
}

/** A claim begins at most so long before or after its appointment: a service takes up to seven days, and has buffers. */
const APART_DAYS = 8
const APART_MS = APART_DAYS * 86_400_000
const FIRST_REACH = 400
const REACH_GROWTH = 8

/**
 * In order of start, or backwards. Reads as many claims as it takes to fill the page: what an appointment has left or was cancelled
 * from is found as well, and sorted out by what the appointment says now.
 */
export async function readResourceAppointments(tx: Tx, wanted: Wanted): Promise<AppointmentRecord[]> {
  for (let reach = FIRST_REACH; ; reach *= REACH_GROWTH) {
    const { claims, end } = claimsWithin(tx, wanted, reach)
    const order = wanted.backwards ? tx.sql`order by starts_at desc, id desc` : tx.sql`order by starts_at, id`
    const known = wanted.backwards
      ? tx.sql`starts_at > (${end}) + make_interval(days => ${APART_DAYS})`
      : tx.sql`starts_at < (${end}) - make_interval(days => ${APART_DAYS})`
    const [rows, [cut]] = await Promise.all([
      tx.sql<AppointmentRecord[]>`
        select ${appointmentColumns(tx)} from appointments
        where id = any(array(select appointment_id from (${claims}) c)) and ${wanted.matching} and ${known}
        ${order} limit ${wanted.limit}`,
      tx.sql<{ isWhole: boolean }[]>`select not isfinite(${end}) as "isWhole"`,
    ])
    if (rows.length === wanted.limit || cut?.isWhole) return rows
  }
}

/** Up to `reach` claims that hold and as many that do not, and up to where they are all. */
function claimsWithin(tx: Tx, { resourceId, earliest, latest, backwards }: Wanted, reach: number) {
  const from = earliest === null ? tx.sql`'-infinity'::timestamptz` : tx.sql`${earliest - APART_MS}::timestamptz`
  const to = latest === null ? tx.sql`'infinity'::timestamptz` : tx.sql`${latest + APART_MS}::timestamptz`
  const order = backwards ? tx.sql`order by resource_id desc, starts_at desc` : tx.sql`order by resource_id, starts_at`
  const some = (active: Sql) => tx.sql`
    select appointment_id, starts_at from claims
    where organization_id = ${tx.organizationId} and ${active} and appointment_id is not null
      and (resource_id, starts_at) >= (${resourceId}::uuid, ${from}) and (resource_id, starts_at) <= (${resourceId}::uuid, ${to})
    ${order} limit ${reach}`
  const holding = some(tx.sql`active`)
  const left = some(tx.sql`not active`)
  const edge = (part: Sql) =>
    backwards
      ? tx.sql`coalesce((select min(starts_at) from (${part}) e having count(*) = ${reach}), '-infinity'::timestamptz)`
      : tx.sql`coalesce((select max(starts_at) from (${part}) e having count(*) = ${reach}), 'infinity'::timestamptz)`
  const end = backwards
    ? tx.sql`greatest(${edge(holding)}, ${edge(left)})`
    : tx.sql`least(${edge(holding)}, ${edge(left)})`
  return { claims: tx.sql`(${holding}) union (${left})`, end }
}

// Time off: one-off absences and closures, and the appointments that they cover.
import { randomUUIDv7 } from 'node:crypto'
import { recordChanges, redefined } from '../../db/change-log.ts'
import { definitionLock, lockStatement } from '../../db/locks.ts'
import type { Tx } from '../../db/transaction.ts'
import { formatRange } from '../../db/values.ts'
import { checkInstant, readNote, refuseIssues } from '../vocabulary/input-issues.ts'
import { type InputIssue, NotFoundError } from '../vocabulary/refusals.ts'
import type { Instant } from '../vocabulary/types.ts'
import { loadResources, type ResourceRecord } from './resources.ts'

export interface TimeOffRecord {
  id: string
  resourceId: string
  startsAt: Instant
  endsAt: Instant
  reason: string | null
}

const LONGEST_DAYS = 1830
const DAY_MS = 86_400_000

/**
 * Appointments that it covers stay; `loadTimeOffConflicts` names them. It may overlap other time off. The resource keeps
 * its version: nobody's work is overwritten.
 */
export async function addTimeOff(
  tx: Tx,
  input: { resourceId: string; startsAt: Instant; endsAt: Instant; reason?: string | null },
): Promise<TimeOffRecord> {
  const { resourceId, startsAt, endsAt } = input
  const issues: InputIssue[] = []
  checkInstant(issues, ['startsAt'], startsAt)
  checkInstant(issues, ['endsAt'], endsAt)
  if (!(startsAt < endsAt)) issues.push({ path: ['endsAt'], message: 'It must end after it starts.' })
  else if (endsAt - startsAt > LONGEST_DAYS * DAY_MS) {
    issues.push({ path: ['endsAt'], message: `At most ${LONGEST_DAYS} days. For longer, make the resource inactive.` })
  }
  const reason = readNote(issues, ['reason'], input.reason)
  refuseIssues(issues)
  const id = randomUUIDv7()
  const [, added] = await Promise.all([
    lockStatement(tx.sql, [definitionLock(resourceId, 'write')]),
    tx.sql`
      insert into time_off (organization_id, id, resource_id, during, reason)
      select organization_id, ${id}::uuid, id, ${formatRange({ start: startsAt, end: endsAt })}::text::tstzrange, ${reason}::text
      from resources where organization_id = ${tx.organizationId} and id = ${resourceId}`,
  ])
  if (added.count === 0) throw new NotFoundError('resource')
  await recordChanges(tx, [redefined(resourceId)])
  return { id, resourceId, startsAt, endsAt, reason }
}

/** Answers the resource that it was of. */
export async function removeTimeOff(tx: Tx, { timeOffId }: { timeOffId: string }): Promise<ResourceRecord> {
  // Which resource it is of never changes, so it can be read before the lock.
  const timeOff = (await loadTimeOffs(tx, [timeOffId])).get(timeOffId)
  if (!timeOff) throw new NotFoundError('time off')
  const { resourceId } = timeOff
  const [, removed, resources] = await Promise.all([
    lockStatement(tx.sql, [definitionLock(resourceId, 'write')]),
    tx.sql`delete from time_off where organization_id = ${tx.organizationId} and id = ${timeOffId}`,
    loadResources(tx, [resourceId]),
  ])
  const resource = resources.get(resourceId)
  if (removed.count === 0 || !resource) throw new NotFoundError('time off')
  await recordChanges(tx, [redefined(resourceId)])
  return resource
}

/** Those that exist among `ids`. */
export async function loadTimeOffs(tx: Tx, ids: string[]): Promise<Map<string, TimeOffRecord>> {
  const rows = await tx.sql<TimeOffRecord[]>`
    select id, resource_id as "resourceId", lower(during) as "startsAt", upper(during) as "endsAt", reason from time_off
    where organization_id = ${tx.organizationId} and id = any(${ids}::uuid[])`
  return new Map(rows.map((row) => [row.id, row]))
}

/** What overlaps [from, to), by start. Every asked resource is in the answer. */
export async function loadTimeOffBetween(
  tx: Tx,
  { resourceIds, from, to }: { resourceIds: string[]; from: Instant; to: Instant },
): Promise<Map<string, TimeOffRecord[]>> {
  const found = new Map<string, TimeOffRecord[]>(resourceIds.map((id) => [id, []]))
  if (!(from < to)) return found
  const rows = await tx.sql<TimeOffRecord[]>`
    select id, resource_id as "resourceId", lower(during) as "startsAt", upper(during) as "endsAt", reason from time_off
    where organization_id = ${tx.organizationId} and resource_id = any(${resourceIds}::uuid[])
      and ends_at > ${from}::timestamptz and starts_at < ${to}::timestamptz
    order by starts_at, id`
  for (const row of rows) found.get(row.resourceId)?.push(row)
  return found
}

/**
 * The confirmed appointments that each time off covers, buffers included: their ids, earliest first. They stay until
 * someone moves them. Every asked time off is in the answer.
 */
export async function loadTimeOffConflicts(tx: Tx, timeOffIds: string[]): Promise<Map<string, string[]>> {
  const rows = await tx.sql<{ timeOffId: string; appointmentId: string }[]>`
    select t.id as "timeOffId", a.id as "appointmentId"
    from time_off t
    cross join lateral (
      select c.appointment_id from claims c
      where c.organization_id = ${tx.organizationId} and c.active and c.appointment_id is not null
        and (c.resource_id, c.starts_at) > (t.resource_id, t.starts_at - interval '4 days')
        and (c.resource_id, c.starts_at) < (t.resource_id, t.ends_at) and c.ends_at > t.starts_at
      offset 0
    ) as c
    cross join lateral (
      select id, starts_at from appointments
      where organization_id = ${tx.organizationId} and id = c.appointment_id and status = 'CONFIRMED' offset 0
    ) as a
    where t.organization_id = ${tx.organizationId} and t.id = any(${timeOffIds}::uuid[])
    group by t.id, a.id, a.starts_at
    order by a.starts_at, a.id`
  const found = new Map<string, string[]>(timeOffIds.map((id) => [id, []]))
  for (const { timeOffId, appointmentId } of rows) found.get(timeOffId)?.push(appointmentId)
  return found
}

// Changes when a resource works: its weekly hours and the dates that are different.
import { recordChanges, redefined } from '../../db/change-log.ts'
import type { Tx } from '../../db/transaction.ts'
import { checkWallRanges, checkWeeklyHours, sortWallRanges } from '../time/wall-ranges.ts'
import { checkDate, readNote, refuseIssues } from '../vocabulary/input-issues.ts'
import type { InputIssue } from '../vocabulary/refusals.ts'
import type { DateOverride, WallRange, WeeklyHours } from '../vocabulary/types.ts'
import { advanceResource, type ResourceRecord } from './resources.ts'
import { replaceWeeklyHours } from './weekly-hours.ts'

/** Appointments outside the new hours stay. */
export async function setWeeklyHours(
  tx: Tx,
  input: { resourceId: string; expectedVersion: number; weeklyHours: WeeklyHours[] },
): Promise<ResourceRecord> {
  const issues: InputIssue[] = []
  checkWeeklyHours(issues, ['weeklyHours'], input.weeklyHours)
  refuseIssues(issues)
  const { resourceId, expectedVersion, weeklyHours } = input
  const resource = await advanceResource(tx, { resourceId, expectedVersion })
  await replaceWeeklyHours(tx, { resourceId, weeklyHours })
  await recordChanges(tx, [redefined(resourceId)])
  return resource
}

/** Replaces the hours of one local date. No ranges: closed. Null or undefined hours: back to the weekly hours. */
export async function setDateOverride(
  tx: Tx,
  input: {
    resourceId: string
    expectedVersion: number
    date: string
    hours?: WallRange[] | null
    reason?: string | null
  },
): Promise<ResourceRecord> {
  const issues: InputIssue[] = []
  checkDate(issues, ['date'], input.date)
  if (input.hours != null) checkWallRanges(issues, ['hours'], input.hours)
  const reason = readNote(issues, ['reason'], input.reason)
  refuseIssues(issues)
  const { resourceId, expectedVersion, date } = input
  const resource = await advanceResource(tx, { resourceId, expectedVersion })
  if (input.hours == null) {
    await tx.sql`
      delete from date_overrides
      where organization_id = ${tx.organizationId} and resource_id = ${resourceId} and date = ${date}::text::date`
  } else {
    await tx.sql`
      insert into date_overrides (organization_id, resource_id, date, hours, reason)
      values (${tx.organizationId}, ${resourceId}, ${date}::text::date,
              ${JSON.stringify(sortWallRanges(input.hours))}::text::jsonb, ${reason})
      on conflict (organization_id, resource_id, date) do update set hours = excluded.hours, reason = excluded.reason`
  }
  await recordChanges(tx, [redefined(resourceId)])
  return resource
}

/** The overrides from one date to another, both included, by date. Every asked resource is in the answer. */
export async function loadDateOverrides(
  tx: Tx,
  { resourceIds, from, to }: { resourceIds: string[]; from: string; to: string },
): Promise<Map<string, DateOverride[]>> {
  const rows = await tx.sql<(DateOverride & { resourceId: string })[]>`
    select resource_id as "resourceId", date::text, hours, reason from date_overrides
    where organization_id = ${tx.organizationId} and resource_id = any(${resourceIds}::uuid[])
      and date between ${from}::text::date and ${to}::text::date
    order by date`
  const found = new Map<string, DateOverride[]>(resourceIds.map((id) => [id, []]))
  for (const { resourceId, ...override } of rows) found.get(resourceId)?.push(override)
  return found
}

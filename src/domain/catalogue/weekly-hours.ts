// Weekly hours: when a resource works as a rule.
import { and, eq } from 'drizzle-orm'
import { weeklyHours as weeklyHoursTable } from '../../db/tables/resources.ts'
import type { Tx } from '../../db/transaction.ts'
import { sortWeeklyHours } from '../time/wall-ranges.ts'
import type { WeeklyHours } from '../vocabulary/types.ts'
import { loadSchedules, WEEKDAYS } from './definitions.ts'

/** By weekday and opening, for each resource that exists among `resourceIds`. */
export async function loadWeeklyHours(tx: Tx, resourceIds: string[]): Promise<Map<string, WeeklyHours[]>> {
  const schedules = await loadSchedules(tx, resourceIds)
  return new Map([...schedules].map(([id, schedule]) => [id, schedule.weeklyHours]))
}

/** For a resource that has none yet. */
export async function insertWeeklyHours(
  tx: Tx,
  { resourceId, weeklyHours }: { resourceId: string; weeklyHours: WeeklyHours[] },
): Promise<void> {
  if (weeklyHours.length === 0) return
  await tx.orm.insert(weeklyHoursTable).values(
    sortWeeklyHours(weeklyHours).map((hours, position) => ({
      organizationId: tx.organizationId,
      resourceId,
      position,
      weekday: WEEKDAYS.indexOf(hours.weekday) + 1,
      opensAtMinute: hours.opensAt,
      closesAtMinute: hours.closesAt,
    })),
  )
}

export async function replaceWeeklyHours(
  tx: Tx,
  input: { resourceId: string; weeklyHours: WeeklyHours[] },
): Promise<void> {
  await tx.orm
    .delete(weeklyHoursTable)
    .where(
      and(eq(weeklyHoursTable.organizationId, tx.organizationId), eq(weeklyHoursTable.resourceId, input.resourceId)),
    )
  await insertWeeklyHours(tx, input)
}

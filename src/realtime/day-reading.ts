// Reads the states of subject-days from one snapshot, for views of any organization at once.
import type { Tx } from '../db/transaction.ts'
import type { BusyInterval, Claim } from '../domain/vocabulary/types.ts'

/** A run of UTC dates of one resource; day numbers since the Unix epoch, both ends in. */
export interface DayRun {
  organizationId: string
  subjectId: string
  firstDay: number
  lastDay: number
}

export interface ReadDay {
  organizationId: string
  subjectId: string
  day: string
  version: number
  claims: Map<string, Claim>
  busy: BusyInterval[]
}

export const DAY_MS = 86_400_000

export function dayNumber(instant: number): number {
  return Math.floor(instant / DAY_MS)
}

const texts = new Map<number, string>()

/** `2027-03-28`. */
export function dayText(day: number): string {
  const known = texts.get(day)
  if (known !== undefined) return known
  const text = new Date(day * DAY_MS).toISOString().slice(0, 10)
  if (texts.size < 10_000) texts.set(day, text)
  return text
}

/** The runs may not overlap each other. `offset 0`: run by run, by the index, whatever the planner takes the number of runs for. A day that was never changed is at version 0. */
export async function readDays(tx: Tx, runs: readonly DayRun[]): Promise<ReadDay[]> {
  if (runs.length === 0) return []
  const wanted = tx.sql`
    unnest(${runs.map((run) => run.organizationId)}::uuid[], ${runs.map((run) => run.subjectId)}::uuid[],
           ${runs.map((run) => dayText(run.firstDay))}::text[]::date[],
           ${runs.map((run) => dayText(run.lastDay + 1))}::text[]::date[]) with ordinality
    as run (organization_id, subject_id, first_day, end_day, number)`
  const [claims, busy, versions] = await Promise.all([
    tx.sql<(Claim & { run: number })[]>`
      select run.number::int as run, c.*
      from ${wanted}
      cross join lateral (
        select id, resource_id as "resourceId", starts_at as start, ends_at as "end", hold_id as "holdId",
          appointment_id as "appointmentId", expires_at as "expiresAt"
        from claims
        where organization_id = run.organization_id and active
          and (resource_id, starts_at) > (run.subject_id, run.first_day::timestamptz - interval '4 days')
          and (resource_id, starts_at) < (run.subject_id, run.end_day::timestamptz)
          and ends_at > run.first_day::timestamptz
        order by resource_id, starts_at offset 0
      ) as c`,
    tx.sql<(BusyInterval & { run: number })[]>`
      select run.number::int as run, b.id, b.resource_id as "resourceId", b.starts_at as start, b.ends_at as "end"
      from ${wanted}
      cross join lateral (
        select * from busy_intervals
        where organization_id = run.organization_id and resource_id = run.subject_id
          and ends_at > run.first_day::timestamptz and starts_at < run.end_day::timestamptz
        offset 0
      ) as b`,
    tx.sql<{ run: number; day: string; version: number }[]>`
      select run.number::int as run, d.day::text, d.version
      from ${wanted}
      cross join lateral (
        select day, version from resource_days
        where organization_id = run.organization_id and subject_id = run.subject_id
          and day >= run.first_day and day < run.end_day
        offset 0
      ) as d`,
  ])
  const daysByRun = runs.map(emptyDays)
  for (const { run, ...claim } of claims) {
    for (const day of touched(runs[run - 1], daysByRun[run - 1], claim)) day.claims.set(claim.id, claim)
  }
  for (const { run, ...interval } of busy) {
    for (const day of touched(runs[run - 1], daysByRun[run - 1], interval)) day.busy.push(interval)
  }
  for (const { run, day, version } of versions) {
    const state = daysByRun[run - 1]?.[dayNumber(Date.parse(day)) - (runs[run - 1]?.firstDay ?? 0)]
    if (state) state.version = version
  }
  return daysByRun.flat()
}

function emptyDays({ organizationId, subjectId, firstDay, lastDay }: DayRun): ReadDay[] {
  return Array.from({ length: lastDay - firstDay + 1 }, (_, index) => ({
    organizationId,
    subjectId,
    day: dayText(firstDay + index),
    version: 0,
    claims: new Map(),
    busy: [],
  }))
}

function touched(run: DayRun | undefined, days: ReadDay[] | undefined, { start, end }: { start: number; end: number }) {
  if (!run || !days) return []
  return days.slice(Math.max(dayNumber(start) - run.firstDay, 0), dayNumber(end - 1) - run.firstDay + 1)
}

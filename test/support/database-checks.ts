// Checks of a whole database from outside, in SQL: what must be true after any race.

import { expect } from 'vitest'
import type { Database } from '../../src/db/client.ts'
import { countOverlaps } from './salon.ts'

/** Deadlocks that this database has seen. PostgreSQL reports them with a delay of up to a second: read it on a fresh connection. */
export async function countDeadlocks(db: Database): Promise<number> {
  await db.sql`select pg_stat_force_next_flush()`
  const [row] = await db.sql<[{ deadlocks: number }]>`
    select deadlocks::int from pg_stat_database where datname = current_database()`
  return row.deadlocks
}

/** Appointments that claim nothing although they are not cancelled, and cancelled ones that still claim. */
async function findMisclaimed(db: Database): Promise<object[]> {
  return db.sql<object[]>`
    select a.id, a.status, count(c.id)::int as claims
    from appointments a left join claims c
      on c.organization_id = a.organization_id and c.appointment_id = a.id and c.active
    group by a.organization_id, a.id, a.status
    having (count(c.id) = 0) <> (a.status = 'CANCELLED')`
}

/** Histories that are not 1, 2, 3 … up to the appointment's version. */
async function findBrokenHistories(db: Database): Promise<object[]> {
  return db.sql<object[]>`
    select a.id, a.version, array_agg(e.version order by e.version) as history
    from appointments a left join appointment_events e
      on e.organization_id = a.organization_id and e.appointment_id = a.id
    group by a.organization_id, a.id, a.version
    having array_agg(e.version order by e.version) is distinct from
      (select array_agg(n order by n) from generate_series(1, a.version) as n)`
}

/** Subject-days whose log is not 1, 2, 3 … up to their version. */
async function findBrokenLogs(db: Database): Promise<object[]> {
  return db.sql<object[]>`
    select d.subject_id, d.day::text, d.version, array_agg(c.version order by c.version) as log
    from resource_days d left join availability_changes c
      on c.organization_id = d.organization_id and c.subject_id = d.subject_id and c.day = d.day
    group by d.organization_id, d.subject_id, d.day, d.version
    having array_agg(c.version order by c.version) is distinct from
      (select array_agg(n order by n) from generate_series(1, d.version) as n)`
}

interface ClaimRow {
  id: string
  resourceId: string
  start: number
  end: number
  holdId: string | null
  appointmentId: string | null
  expiresAt: number | null
}

/** All deltas of all days applied from nothing, beside the active claims cut by day: they must be the same. */
async function replayedAndActual(db: Database): Promise<{ replayed: string[]; actual: string[] }> {
  const rows = await db.sql<{ subjectId: string; day: string; delta: { added?: ClaimRow[]; removed?: ClaimRow[] } }[]>`
    select subject_id as "subjectId", day::text, delta from availability_changes order by subject_id, day, version`
  const claims = await db.sql<ClaimRow[]>`
    select id, resource_id as "resourceId", lower(during) as start, upper(during) as "end", hold_id as "holdId",
      appointment_id as "appointmentId", expires_at as "expiresAt" from claims where active`
  const days = new Map<string, Map<string, ClaimRow>>()
  for (const { subjectId, day, delta } of rows) {
    const present = days.get(`${subjectId} ${day}`) ?? new Map<string, ClaimRow>()
    days.set(`${subjectId} ${day}`, present)
    // A claim that changes hands is removed and added in one step.
    for (const claim of delta.removed ?? []) present.delete(claim.id)
    for (const claim of delta.added ?? []) present.set(claim.id, claim)
  }
  const replayed = [...days].flatMap(([day, present]) => [...present.values()].map((claim) => lineOf(day, claim)))
  const actual = claims.flatMap((claim) => daysTouched(claim).map((day) => lineOf(`${claim.resourceId} ${day}`, claim)))
  return { replayed: replayed.sort(), actual: actual.sort() }
}

function lineOf(day: string, claim: ClaimRow): string {
  return [day, claim.id, claim.start, claim.end, claim.holdId, claim.appointmentId, claim.expiresAt].join(' ')
}

function daysTouched({ start, end }: ClaimRow): string[] {
  const days: string[] = []
  const first = new Date(start).toISOString().slice(0, 10)
  for (let at = Date.parse(first); at < end; at += 86_400_000) days.push(new Date(at).toISOString().slice(0, 10))
  return days
}

/** Everything above at once. */
export async function expectIntact(db: Database): Promise<void> {
  expect(await countOverlaps(db)).toBe(0)
  expect(await findMisclaimed(db)).toEqual([])
  expect(await findBrokenHistories(db)).toEqual([])
  expect(await findBrokenLogs(db)).toEqual([])
  const { replayed, actual } = await replayedAndActual(db)
  expect(replayed).toEqual(actual)
}

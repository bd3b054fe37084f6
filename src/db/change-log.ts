// Writes down what a transaction changed: one version step and one log row per subject-day, in one statement.
import { DEFINITION_DAY } from './changes.ts'
import type { Claim } from './shapes.ts'
import type { AvailabilityDelta } from './tables/availability-changes.ts'
import type { Tx } from './transaction.ts'

export interface RecordedDelta {
  subjectId: string
  /** UTC date, or DEFINITION_DAY. */
  day: string
  delta: AvailabilityDelta
}

/**
 * Call it last, once per transaction: the rows of `resource_days` stay locked until the commit, so the versions of a
 * subject-day are gap-free and in commit order even when the advisory locks are switched off. Deltas of the same
 * subject-day become one step.
 */
export async function recordChanges(tx: Tx, deltas: RecordedDelta[]): Promise<void> {
  if (deltas.length === 0) return
  const steps = mergeDeltas(deltas)
  const rows = await tx.sql<{ subjectId: string; day: string; version: number; xid: string }[]>`
    with step as materialized (
      select subject_id, day, delta
      from unnest(${steps.map((step) => step.subjectId)}::uuid[], ${steps.map((step) => step.day)}::text[]::date[],
                  ${steps.map((step) => JSON.stringify(step.delta))}::text[]::jsonb[]) as step (subject_id, day, delta)
    ), bumped as (
      insert into resource_days as d (organization_id, subject_id, day, version)
      select ${tx.organizationId}::uuid, subject_id, day, 1 from step
      on conflict (organization_id, subject_id, day) do update set version = d.version + 1
      returning d.subject_id, d.day, d.version
    ), logged as (
      insert into availability_changes (organization_id, subject_id, day, version, delta)
      select ${tx.organizationId}::uuid, subject_id, day, b.version, step.delta
      from bumped b join step using (subject_id, day)
      returning subject_id, day, version, xid
    )
    select subject_id as "subjectId", day::text, version, xid::text from logged`
  const deltaOf = new Map(steps.map((step) => [`${step.subjectId} ${step.day}`, step.delta]))
  for (const { subjectId, day, version, xid } of rows) {
    tx.xid = xid
    tx.changes.push({ subjectId, day, version, delta: deltaOf.get(`${subjectId} ${day}`) ?? {} })
  }
}

/** A changed schedule or service definition: whoever judges by it has to read it again. */
export function redefined(subjectId: string): RecordedDelta {
  return { subjectId, day: DEFINITION_DAY, delta: { redefined: true } }
}

/** Deltas for claims that came or went: one for each UTC date that a claim touches. */
export function claimDeltas({ added = [], removed = [] }: { added?: Claim[]; removed?: Claim[] }): RecordedDelta[] {
  return [
    ...added.flatMap((claim) =>
      daysOf(claim).map((day) => ({ subjectId: claim.resourceId, day, delta: { added: [claim] } })),
    ),
    ...removed.flatMap((claim) =>
      daysOf(claim).map((day) => ({ subjectId: claim.resourceId, day, delta: { removed: [claim] } })),
    ),
  ]
}

const DAY_MS = 86_400_000

/** The UTC dates that a half-open range touches. */
export function daysOf({ start, end }: { start: number; end: number }): string[] {
  const days: string[] = []
  for (let day = Math.floor(start / DAY_MS) * DAY_MS; day < end; day += DAY_MS) {
    days.push(new Date(day).toISOString().slice(0, 10))
  }
  return days
}

// Sorted, so that the row locks on resource_days are taken in one order everywhere.
function mergeDeltas(deltas: RecordedDelta[]): RecordedDelta[] {
  const merged = new Map<string, RecordedDelta>()
  for (const { subjectId, day, delta } of deltas) {
    const known = merged.get(`${subjectId} ${day}`)
    if (!known) merged.set(`${subjectId} ${day}`, { subjectId, day, delta: { ...delta } })
    else {
      if (delta.added) known.delta.added = [...(known.delta.added ?? []), ...delta.added]
      if (delta.removed) known.delta.removed = [...(known.delta.removed ?? []), ...delta.removed]
      if (delta.redefined) known.delta.redefined = true
      if (delta.busy) known.delta.busy = true
    }
  }
  return [...merged.keys()].sort().map((key) => merged.get(key) as RecordedDelta)
}

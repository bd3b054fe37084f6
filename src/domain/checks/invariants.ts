// What must be true of a live database whatever happened to it: each invariant, counted in bounded reads.
import type { Database } from '../../db/client.ts'
import { asSystem } from '../../db/transaction.ts'

/** A place in the order of a table's primary key. */
interface Position {
  organizationId: string
  id: string
}

/** One bounded read. `next` is null at the end of the table. */
interface Page {
  violations: number
  /** Some ids, for whoever looks further. */
  samples: string[]
  next: Position | null
}

interface Invariant {
  kind: InvariantKind
  /** What is true while nothing is violated. */
  sentence: string
  read: (db: Database, after: Position, limit: number) => Promise<Page>
}

export interface InvariantReport {
  kind: InvariantKind
  sentence: string
  violations: number
  samples: string[]
}

export const INVARIANT_KINDS = [
  'overlapping_claims',
  'claims_without_owner',
  'appointments_without_claims',
  'holds_without_claims',
  'broken_histories',
  'versions_behind_the_log',
  'twins_that_differ',
  'late_jobs',
] as const

export type InvariantKind = (typeof INVARIANT_KINDS)[number]

const START: Position = {
  organizationId: '00000000-0000-0000-0000-000000000000',
  id: '00000000-0000-0000-0000-000000000000',
}

/** Rows of one read: some tens of milliseconds. */
const PAGE_ROWS = 5000
const SAMPLES = 5
/** A job that is due for so long is not late by chance. */
const LATE_JOB_SECONDS = 600

/**
 * Reads every table once, a page to a transaction, so that no read holds back vacuum or a pool for long. What is written meanwhile is
 * seen or not seen; each page is one snapshot, and each invariant holds in every snapshot.
 */
export async function checkInvariants(
  db: Database,
  { pageRows = PAGE_ROWS, signal }: { pageRows?: number; signal?: AbortSignal } = {},
): Promise<InvariantReport[]> {
  const reports: InvariantReport[] = []
  for (const { kind, sentence, read } of INVARIANTS) {
    const report: InvariantReport = { kind, sentence, violations: 0, samples: [] }
    let after: Position | null = START
    while (after !== null) {
      signal?.throwIfAborted()
      const position: Position = after
      const page = await read(db, position, pageRows)
      report.violations += page.violations
      report.samples = [...report.samples, ...page.samples].slice(0, SAMPLES)
      after = page.next
    }
    reports.push(report)
  }
  return reports
}

const INVARIANTS: readonly Invariant[] = [
  {
    kind: 'overlapping_claims',
    sentence: 'No two active claims of a resource overlap.',
    // Compared by starts and lengths, without the index that is meant to refuse them.
    read: (db, after, limit) =>
      readPage(db, 'claims', after, limit, {
        columns: 'id, resource_id, starts_at, ends_at, active',
        violated: `active and exists (
        select from claims other
        where other.organization_id = page.organization_id and other.resource_id = page.resource_id and other.active
          and other.id <> page.id and other.starts_at < page.ends_at and other.ends_at > page.starts_at
          and other.starts_at > page.starts_at - interval '4 days')`,
      }),
  },
  {
    kind: 'claims_without_owner',
    sentence: 'Every active claim belongs to a hold that lasts or an appointment that stands.',
    read: (db, after, limit) =>
      readPage(db, 'claims', after, limit, {
        columns: 'id, active, hold_id, appointment_id',
        violated: `active and case when appointment_id is null
        then not exists (select from holds where holds.organization_id = page.organization_id and holds.id = hold_id
                           and holds.status = 'ACTIVE')
        else not exists (select from appointments where appointments.organization_id = page.organization_id
                           and appointments.id = appointment_id and appointments.status <> 'CANCELLED') end`,
      }),
  },
  {
    kind: 'appointments_without_claims',
    sentence: 'Every appointment to come has its time claimed, and no cancelled one has.',
    read: (db, after, limit) =>
      readPage(db, 'appointments', after, limit, {
        columns: 'id, status, ends_at',
        violated: `(status = 'CANCELLED' or ends_at > clock_timestamp()) and (status = 'CANCELLED') = exists (
        select from claims where claims.organization_id = page.organization_id and claims.appointment_id = page.id and claims.active)`,
      }),
  },
  {
    kind: 'holds_without_claims',
    sentence: 'Every hold that lasts has its time claimed.',
    read: (db, after, limit) =>
      readPage(db, 'holds', after, limit, {
        columns: 'id, status, expires_at',
        violated: `status = 'ACTIVE' and expires_at > clock_timestamp() and not exists (
        select from claims where claims.organization_id = page.organization_id and claims.hold_id = page.id and claims.active)`,
      }),
  },
  {
    kind: 'broken_histories',
    sentence: "An appointment's history is 1, 2, 3 … up to its version.",
    read: (db, after, limit) =>
      readPage(db, 'appointments', after, limit, {
        columns: 'id, version',
        violated: `version <> (select case when min(e.version) = 1 and max(e.version) = count(*) then max(e.version) else -1 end
        from appointment_events e where e.organization_id = page.organization_id and e.appointment_id = page.id)`,
      }),
  },
  {
    kind: 'versions_behind_the_log',
    sentence: 'The version of a resource-day is the last one of its log, as far as the log is kept.',
    read: (db, after, limit) =>
      readPage(db, 'resource_days', after, limit, {
        key: 'subject_id',
        columns: 'subject_id, day, version',
        violated: `version < (select max(c.version) from availability_changes c
        where c.organization_id = page.organization_id and c.subject_id = page.subject_id and c.day = page.day)`,
      }),
  },
  {
    kind: 'twins_that_differ',
    sentence: 'What an outside calendar was last seen to show agrees with the appointment, where nothing is pending.',
    read: (db, after, limit) =>
      readPage(db, 'external_bookings', after, limit, {
        key: 'appointment_id',
        columns: 'appointment_id, status, external_starts_at',
        violated: `status = 'SYNCED' and exists (
        select from appointments a where a.organization_id = page.organization_id and a.id = page.appointment_id
          and (case when a.status = 'CANCELLED' then page.external_starts_at is not null
               else page.external_starts_at is not null and page.external_starts_at <> a.starts_at end))`,
      }),
  },
  { kind: 'late_jobs', sentence: 'No job waits for longer than ten minutes.', read: readLateJobs },
]

interface Reading {
  /** The column that orders the rows of an organization; several rows may share it. */
  key?: string
  columns: string
  violated: string
}

// The SQL is constant text of this file; positions and limits are parameters.
async function readPage(
  db: Database,
  table: string,
  after: Position,
  limit: number,
  { key = 'id', columns, violated }: Reading,
): Promise<Page> {
  // Rows that share the last key of a page come with it.
  const text = `
    with page as materialized (
      select organization_id, ${columns} from ${table}
      where (organization_id, ${key}) > ($1::uuid, $2::uuid)
      order by organization_id, ${key} fetch first ($3::int) rows with ties
    ), violation as (select ${key} as id from page where ${violated}),
    last as (select organization_id, ${key} as id from page order by organization_id desc, ${key} desc limit 1)
    select (select count(*)::int from violation) as violations,
      array(select id::text from violation limit ${SAMPLES}) as samples,
      (select organization_id from last) as "organizationId", (select id from last) as id`
  const [row] = await asSystem(db, (tx) => tx.sql.unsafe<PageRow[]>(text, [after.organizationId, after.id, limit]), {
    snapshot: true,
  })
  if (!row) throw new Error('A count without a row.')
  const { violations, samples, organizationId, id } = row
  return { violations, samples, next: organizationId && id ? { organizationId, id } : null }
}

interface PageRow {
  violations: number
  samples: string[]
  organizationId: string | null
  id: string | null
}

export interface DueJobs {
  waiting: number
  oldestSeconds: number
}

/** Jobs that could run and do not yet. As the role that connects: the tables of graphile-worker are closed to all others. */
export async function countDueJobs(db: Database): Promise<DueJobs> {
  const [row] = await db.sql<[DueJobs]>`
    select count(*)::int as waiting,
      coalesce(extract(epoch from clock_timestamp() - min(run_at)), 0)::float8 as "oldestSeconds"
    from graphile_worker.jobs where run_at <= clock_timestamp() and locked_at is null and attempts < max_attempts`
  return row
}

async function readLateJobs(db: Database): Promise<Page> {
  const late = await db.sql<{ task: string; count: number }[]>`
    select task_identifier as task, count(*)::int as count from graphile_worker.jobs
    where run_at < clock_timestamp() - make_interval(secs => ${LATE_JOB_SECONDS})
      and locked_at is null and attempts < max_attempts
    group by task_identifier`
  const violations = late.reduce((sum, { count }) => sum + count, 0)
  return { violations, samples: late.map(({ task }) => task).slice(0, SAMPLES), next: null }
}

import { expect, test } from 'vitest'
import type { Database } from '../../../src/db/client.ts'
import { checkInvariants, INVARIANT_KINDS, type InvariantKind } from '../../../src/domain/checks/invariants.ts'
import { book, hold, hourAhead, openSalon, type Salon } from '../../support/salon.ts'

/** What is not zero. */
async function violationsOf(db: Database, pageRows = 2): Promise<Partial<Record<InvariantKind, number>>> {
  const reports = await checkInvariants(db, { pageRows })
  expect(reports.map(({ kind }) => kind)).toEqual([...INVARIANT_KINDS])
  return Object.fromEntries(reports.filter(({ violations }) => violations > 0).map((one) => [one.kind, one.violations]))
}

async function busySalon(): Promise<Salon> {
  const salon = await openSalon({ people: 2 })
  for (let hour = 0; hour < 4; hour++) {
    await book(salon, hourAhead(hour))
    await hold(salon, hourAhead(hour))
  }
  return salon
}

/** Each breaks what the product itself cannot: the constraint in the way is taken off in this database alone. */
const DAMAGES: Record<InvariantKind, { statements: string[]; also?: InvariantKind[] }> = {
  overlapping_claims: {
    statements: [
      'alter table claims drop constraint claims_no_overlap',
      `insert into claims (organization_id, id, resource_id, during, segment_position, group_position, appointment_id)
       select organization_id, gen_random_uuid(), resource_id, tstzrange(starts_at + interval '5 minutes', ends_at), 0, 0,
         appointment_id
       from claims where appointment_id is not null order by id desc limit 1`,
    ],
  },
  claims_without_owner: {
    statements: [
      `update claims set appointment_id = gen_random_uuid()
      where id = (select id from claims where appointment_id is not null order by id limit 1)`,
    ],
    also: ['appointments_without_claims'],
  },
  appointments_without_claims: {
    statements: [
      `update claims set active = false
      where id = (select id from claims where appointment_id is not null order by id offset 1 limit 1)`,
    ],
  },
  holds_without_claims: {
    statements: [
      `update claims set active = false
      where id = (select id from claims where appointment_id is null order by id limit 1)`,
    ],
  },
  broken_histories: {
    statements: [
      'update appointments set version = version + 1 where id = (select id from appointments order by id limit 1)',
    ],
  },
  versions_behind_the_log: {
    statements: [
      `update resource_days set version = version - 1
      where (subject_id, day) = (select subject_id, day from availability_changes order by subject_id, day limit 1)`,
    ],
  },
  twins_that_differ: {
    statements: [
      `insert into integrations (organization_id, id, provider, location_id, settings, secrets, version)
       select organization_id, gen_random_uuid(), 'CALCOM', id, '{}', '{}', 1 from locations limit 1`,
      `insert into external_bookings (organization_id, integration_id, appointment_id, status, revision, external_starts_at)
       select a.organization_id, i.id, a.id, 'SYNCED', 1, a.starts_at + interval '1 hour'
       from appointments a, integrations i order by a.id limit 1`,
    ],
  },
  late_jobs: {
    statements: [`select graphile_worker.add_job('send-webhook', run_at => now() - interval '1 hour')`],
  },
}

test('a database that only the product has written to breaks no invariant', async () => {
  await using salon = await busySalon()
  expect(await violationsOf(salon.db)).toEqual({})
  expect(await violationsOf(salon.db, 5000)).toEqual({})
})

test('each kind of damage is found, and nothing else', async () => {
  await using salon = await busySalon()
  let before = await violationsOf(salon.db)
  for (const kind of INVARIANT_KINDS) {
    const { statements, also = [] } = DAMAGES[kind]
    for (const statement of statements) await salon.db.sql.unsafe(statement)
    const after = await violationsOf(salon.db)
    const grown = INVARIANT_KINDS.filter((one) => (after[one] ?? 0) > (before[one] ?? 0))
    expect(grown.sort()).toEqual([kind, ...also].sort())
    before = after
  }
  const reports = await checkInvariants(salon.db)
  expect(reports.filter(({ samples }) => samples.length === 0)).toEqual([])
})

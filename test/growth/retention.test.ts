import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PRUNED, prune } from '../../src/db/pruning.ts'
import { asSystem } from '../../src/db/transaction.ts'
import { countOverlappingClaims } from '../../src/domain/claims/overlapping-claims.ts'
import { readConfig } from '../../src/runtime/config.ts'
import { RETENTIONS } from '../../src/runtime/retention.ts'
import { type FilledSalon, openFilledSalon } from '../support/filled-database.ts'

const DAY = 86_400_000
const docs = readFileSync(new URL('../../docs/retention.md', import.meta.url), 'utf8')

let salon: FilledSalon
beforeAll(async () => {
  salon = await openFilledSalon({ people: 2, appointments: 2500, neighbours: 0 })
})
afterAll(() => salon?.[Symbol.asyncDispose]())

test('docs/retention.md says what the code does', () => {
  const rows = Object.values(RETENTIONS).map(
    ({ what, since, variable, default: usual, unit }) =>
      `| ${what} | ${usual} ${unit} after ${since} | \`${variable}\` |`,
  )
  const written = docs.split('\n').filter((line) => line.includes('| `KEEP_'))
  expect(written.sort()).toEqual(rows.sort())
})

test('every table has a retention, or a reason in docs/retention.md why it has none', async () => {
  const tables = await salon.db.sql<{ name: string }[]>`
    select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1`
  expect(tables.map(({ name }) => name).filter((name) => !docs.includes(`\`${name}\``))).toEqual([])
})

test('a retention is configured by its variable, and 0 days are for transcripts alone', () => {
  expect(readConfig({ KEEP_HOLDS_DAYS: '3' }).kept).toMatchObject({ holds: 3 * 86_400, endedClaims: 3 * 86_400 })
  expect(readConfig({ KEEP_TRANSCRIPTS_DAYS: '0' }).kept.transcripts).toBe(0)
  expect(() => readConfig({ KEEP_CALLS_DAYS: '0' })).toThrow('KEEP_CALLS_DAYS')
})

test('what is too old goes in bounded batches, and nothing that is not', async () => {
  const { sql } = salon.db
  const count = async (table: string, old: string) => {
    const [row] = await sql.unsafe<[{ old: number; others: number }]>(
      `select count(*) filter (where ${old})::int as old, count(*) filter (where not (${old}))::int as others from ${table}`,
    )
    return row
  }
  const cases = [
    { name: 'holds', table: 'holds', old: `expires_at < now()`, now: Date.now() + 30 * DAY },
    { name: 'busyIntervals', table: 'busy_intervals', old: `ends_at < now() - interval '30 days'`, now: Date.now() },
    { name: 'pastDays', table: 'resource_days', old: `day > '0001-01-01' and day < now()::date - 30`, now: Date.now() },
  ] as const
  for (const { name, table, old, now } of cases) {
    const before = await count(table, old)
    expect(before.old, name).toBeGreaterThan(100)
    expect(await prune(salon.db, name, { now, limit: 100 }), name).toBe(100)
    while ((await prune(salon.db, name, { now, limit: 1000 })) > 0) {}
    expect(await count(table, old), name).toEqual({ old: 0, others: before.others })
  }
})

test('past claims leave the index that refuses overlaps, are read as before, and what is to come stays in it', async () => {
  while ((await prune(salon.db, 'pastDays')) > 0) {}
  const [row] = await salon.db.sql<[{ archived: number; wrong: number; future: number }]>`
    select count(*) filter (where archived)::int as archived,
      count(*) filter (where archived and ends_at > now() - interval '29 days')::int as wrong,
      count(*) filter (where not archived and ends_at > now())::int as future
    from claims where active`
  expect(row).toMatchObject({ wrong: 0, future: expect.any(Number) })
  expect(row.archived).toBeGreaterThan(1000)
  expect(row.future).toBeGreaterThan(500)
  expect(await asSystem(salon.db, (tx) => countOverlappingClaims(tx))).toBe(0)
  await expect(salon.db.sql`
    insert into claims (organization_id, id, resource_id, during, segment_position, group_position, appointment_id)
    select organization_id, gen_random_uuid(), resource_id, tstzrange(starts_at + interval '1 minute', ends_at), 0, 0, appointment_id
    from claims where active and starts_at > now() limit 1`).rejects.toThrow('claims_no_overlap')
})

test('every retention can run beside every other, on two gateways at once', async () => {
  await Promise.all([...PRUNED, ...PRUNED].map((name) => prune(salon.db, name, { now: Date.now() + 400 * DAY })))
})

// The PostgreSQL of a run: one server, the same settings and tables for us and for every rival.

import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import postgres from 'postgres'
import { migrate } from '../../src/db/migrate.ts'
import { hashApiKey } from '../../src/domain/people/api-keys.ts'
import { sealToken } from '../../src/domain/people/sealed-tokens.ts'
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import {
  HOT_RESOURCE,
  HOT_SERVICE,
  KNOWN_CUSTOMERS,
  LOCATION_ID,
  ORGANIZATION_ID,
  RESOURCES_PER_SERVICE,
  SERVICE_COUNT,
} from './slots.ts'

export interface BenchDatabase extends AsyncDisposable {
  url: string
  /** Of the server, for pinning. */
  pid: number
  sql: postgres.Sql
  secretKey: string
}

/** The embedded PostgreSQL with the settings that `npm start` uses (fsync on), in a folder that goes with it. */
export async function openBenchDatabase(): Promise<BenchDatabase> {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(path.join(tmpdir(), 'slotwire-bench-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  await chmod(folder, 0o711)
  // The way out that closes nothing: Ctrl-C in the middle of a part.
  let pid: number | undefined
  const abandon = () => {
    if (pid !== undefined) process.kill(pid, 'SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  process.once('exit', abandon)
  stack.defer(() => void process.off('exit', abandon))
  const server = stack.use(await startEmbeddedPostgres({ dataDirectory: folder, logger: createLogger('warn') }))
  pid = server.pid
  await migrate(server.url)
  const sql = postgres(server.url, { max: 4, onnotice: () => {} })
  stack.defer(() => sql.end({ timeout: 5 }))
  const secretKey = sealToken('sk_', randomBytes(32).toString('base64url'))
  await seed(sql, secretKey)
  const opened = stack.move()
  return { url: server.url, pid: server.pid, sql, secretKey, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

// Plain SQL, because 2,000 resources through the API take minutes. Open around the clock, in UTC, for ten years.
async function seed(sql: postgres.Sql, secretKey: string): Promise<void> {
  const organization = ORGANIZATION_ID
  const uuid = (kind: number, index: string) =>
    sql.unsafe(`('${kind}0000000-0000-7000-8000-' || lpad(to_hex(${index}), 12, '0'))::uuid`)
  await sql.begin(async (tx) => {
    await tx`insert into organizations (organization_id, name, token_secret) values (${organization}, 'Bench', ${randomBytes(32).toString('base64url')})`
    await tx`insert into api_keys (organization_id, id, kind, hash) values (${organization}, uuidv7(), 'SECRET', ${hashApiKey(secretKey)})`
    await tx`insert into locations (organization_id, id, name, time_zone, country) values (${organization}, ${LOCATION_ID}, 'Bench', 'UTC', 'DE')`
    await tx`
      insert into resources (organization_id, id, location_id, kind, name)
      select ${organization}, ${uuid(1, 'r')}, ${LOCATION_ID}, 'STAFF', 'Person ' || r from generate_series(0, ${HOT_RESOURCE}::int) r`
    await tx`
      insert into weekly_hours (organization_id, resource_id, position, weekday, opens_at_minute, closes_at_minute)
      select ${organization}, id, weekday - 1, weekday, 0, 1440 from resources, generate_series(1, 7) weekday`
    await tx`
      insert into services (organization_id, id, location_id, name, slot_interval_minutes, minimum_notice_minutes, booking_horizon_days)
      select ${organization}, ${uuid(2, 's')}, ${LOCATION_ID}, 'Service ' || s, case when s = ${HOT_SERVICE} then 1 else 30 end, 0, 3650
      from generate_series(0, ${SERVICE_COUNT}::int) s`
    await tx`
      insert into service_segments (organization_id, service_id, position, name, duration_minutes, buffer_before_minutes, buffer_after_minutes, same_staff_as_previous)
      select ${organization}, id, 0, 'Cut', slot_interval_minutes, 0, 0, false from services`
    await tx`
      insert into segment_candidates (organization_id, service_id, segment_position, group_position, position, kind, resource_id)
      select ${organization}, ${uuid(2, `r / ${RESOURCES_PER_SERVICE}`)}, 0, 0, r % ${RESOURCES_PER_SERVICE}, 'STAFF', ${uuid(1, 'r')}
      from generate_series(0, ${HOT_RESOURCE}::int) r`
    await tx`
      insert into resource_days (organization_id, subject_id, day, version)
      select ${organization}, id, '0001-01-01', 1 from (select id from resources union all select id from services) subject`
    await tx`
      insert into customers (organization_id, id, name, phone)
      select ${organization}, uuidv7(), 'Known caller ' || c, '+49151' || (10000000 + c) from generate_series(0, ${KNOWN_CUSTOMERS - 1}::int) c`
  })
  await sql.begin((tx) => seedHistory(tx))
  await sql`vacuum analyze`
}

/**
 * A year that lies behind: one appointment of every resource every 12 days. Vacuumed and empty, the tables would make
 * PostgreSQL plan the foreign key checks of its connections as sequential scans.
 */
async function seedHistory(tx: postgres.TransactionSql): Promise<void> {
  await tx`
    create temporary table past on commit drop as
    with people as (select id, row_number() over () - 1 as number from customers), times as (
      select r.id as resource_id, c.service_id, starts_at, row_number() over () % ${KNOWN_CUSTOMERS}::int as number
      from resources r join segment_candidates c on c.resource_id = r.id,
        generate_series(date_trunc('day', now()) - interval '360 days', now() - interval '2 days', interval '12 days') starts_at
    )
    select uuidv7() as id, uuidv7() as claim_id, resource_id, service_id, starts_at,
      starts_at + interval '30 minutes' as ends_at, people.id as customer_id
    from times join people using (number)`
  await tx`
    insert into appointments (organization_id, id, status, version, service_id, customer_id, starts_at, ends_at, segments, origin)
    select ${ORGANIZATION_ID}, id, 'COMPLETED', 1, service_id, customer_id, starts_at, ends_at, '[]', 'API' from past`
  await tx`
    insert into appointment_events (organization_id, appointment_id, version, kind, actor, origin, starts_at)
    select ${ORGANIZATION_ID}, id, 1, 'BOOKED', 'seed', 'API', starts_at from past`
  await tx`
    insert into claims (organization_id, id, resource_id, during, segment_position, group_position, appointment_id)
    select ${ORGANIZATION_ID}, claim_id, resource_id, tstzrange(starts_at, ends_at), 0, 0, id from past`
  await tx`
    insert into resource_days (organization_id, subject_id, day, version)
    select ${ORGANIZATION_ID}, resource_id, starts_at::date, 1 from past`
  await tx`
    insert into availability_changes (organization_id, subject_id, day, version, delta)
    select ${ORGANIZATION_ID}, resource_id, starts_at::date, 1, '{}' from past`
}

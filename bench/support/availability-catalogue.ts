// A shop for the availability query: fifty people, nine to five, three of ten half-hours taken.

import type postgres from 'postgres'
import { LOCATION_ID, ORGANIZATION_ID, resourceUuid, serviceUuid } from './slots.ts'

const FIRST_RESOURCE = 3000
const FIRST_SERVICE = 200
const DAYS = 31

export interface AvailabilityCase {
  name: string
  serviceId: string
  resourceIds: string[]
  from: number
  to: number
}

/** Midnight of the day after tomorrow, in milliseconds, and the days after it. */
export async function seedAvailability(sql: postgres.Sql): Promise<AvailabilityCase[]> {
  const from = Math.ceil(Date.now() / 86_400_000 + 1) * 86_400_000
  const everyone = Array.from({ length: 50 }, (_, i) => resourceUuid(FIRST_RESOURCE + i))
  const cases = [
    { name: '1 resource × 7 days', serviceId: serviceUuid(FIRST_SERVICE), resourceIds: everyone.slice(0, 1), days: 7 },
    { name: '50 resources × 31 days', serviceId: serviceUuid(FIRST_SERVICE + 1), resourceIds: everyone, days: DAYS },
  ]
  await sql.begin(async (tx) => {
    await tx`
      insert into resources (organization_id, id, location_id, kind, name)
      select ${ORGANIZATION_ID}, id, ${LOCATION_ID}, 'STAFF', 'Person' from unnest(${everyone}::uuid[]) id`
    await tx`
      insert into weekly_hours (organization_id, resource_id, position, weekday, opens_at_minute, closes_at_minute)
      select ${ORGANIZATION_ID}, id, weekday - 1, weekday, 540, 1020 from unnest(${everyone}::uuid[]) id, generate_series(1, 7) weekday`
    for (const { serviceId, resourceIds } of cases) await seedService(tx, serviceId, resourceIds)
    await tx`
      insert into resource_days (organization_id, subject_id, day, version)
      select ${ORGANIZATION_ID}, id, '0001-01-01', 1 from unnest(${[...everyone, ...cases.map((one) => one.serviceId)]}::uuid[]) id`
    await seedClaims(tx, everyone, from)
  })
  await sql`vacuum analyze`
  return cases.map(({ days, ...one }) => ({ ...one, from, to: from + days * 86_400_000 }))
}

async function seedService(tx: postgres.TransactionSql, serviceId: string, resourceIds: string[]): Promise<void> {
  await tx`
    insert into services (organization_id, id, location_id, name, slot_interval_minutes, minimum_notice_minutes, booking_horizon_days)
    values (${ORGANIZATION_ID}, ${serviceId}, ${LOCATION_ID}, 'Cut', 30, 0, 365)`
  await tx`
    insert into service_segments (organization_id, service_id, position, name, duration_minutes, buffer_before_minutes, buffer_after_minutes, same_staff_as_previous)
    values (${ORGANIZATION_ID}, ${serviceId}, 0, 'Cut', 30, 0, 0, false)`
  await tx`
    insert into segment_candidates (organization_id, service_id, segment_position, group_position, position, kind, resource_id)
    select ${ORGANIZATION_ID}, ${serviceId}, 0, 0, position - 1, 'STAFF', id
    from unnest(${resourceIds}::uuid[]) with ordinality as candidate (id, position)`
}

// Claims of holds that last: the query reads claims only, whoever owns them.
async function seedClaims(tx: postgres.TransactionSql, resourceIds: string[], from: number): Promise<void> {
  await tx`
    insert into claims (organization_id, id, resource_id, during, segment_position, group_position, hold_id, expires_at)
    select ${ORGANIZATION_ID}, uuidv7(), id, tstzrange(starts_at, starts_at + interval '30 minutes'), 0, 0, uuidv7(), now() + interval '1 day'
    from unnest(${resourceIds}::uuid[]) with ordinality as resource (id, r), generate_series(0, ${DAYS - 1}::int) d,
      generate_series(18, 33) half_hour,
      lateral (select to_timestamp(${from / 1000}::bigint + d * 86400 + half_hour * 1800) as starts_at) slot
    where (r * 7919 + d * 104729 + half_hour * 1299709) % 100 < 30`
}

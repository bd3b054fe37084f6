// A database of many years: the past of the organization, large neighbours, and ten thousand people in one organization.

import type postgres from 'postgres'
import { LOCATION_ID, ORGANIZATION_ID, RESOURCE_COUNT } from './slots.ts'

export interface Growth {
  /** Appointments in all, half of them the organization's past, half of neighbours. */
  appointments: number
  /** Of the organization. */
  people: number
}

const NEIGHBOUR_PEOPLE = 10
const NEIGHBOUR_APPOINTMENTS = 500

/** Long past claims are marked as the worker would have marked them. */
export async function growDatabase(sql: postgres.Sql, { appointments, people }: Growth): Promise<void> {
  const neighbours = Math.ceil(appointments / 2 / NEIGHBOUR_APPOINTMENTS)
  const each = Math.ceil(appointments / 2 / RESOURCE_COUNT)
  await sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`
    await tx`
      insert into resources (organization_id, id, location_id, kind, name)
      select ${ORGANIZATION_ID}, uuidv7(), ${LOCATION_ID}, 'STAFF', 'Colleague ' || n
      from generate_series(1, ${Math.max(0, people - RESOURCE_COUNT)}::int) n`
    await tx`
      insert into organizations (organization_id, name, token_secret)
      select uuidv7(), 'Neighbour ' || n, 'secret' from generate_series(1, ${neighbours}::int) n`
    await tx`
      insert into locations (organization_id, id, name, time_zone, country)
      select organization_id, uuidv7(), 'Neighbour', 'UTC', 'DE' from organizations where name like 'Neighbour %'`
    await tx`
      insert into resources (organization_id, id, location_id, kind, name)
      select organization_id, uuidv7(), id, 'STAFF', 'Person' from locations, generate_series(1, ${NEIGHBOUR_PEOPLE}::int)
      where name = 'Neighbour'`
    await tx`
      create temporary table past on commit drop as
      select uuidv7() as id, r.organization_id, r.id as resource_id, c.service_id,
        date_trunc('hour', now()) - interval '366 days' - make_interval(hours => n) as starts_at,
        (select id from customers limit 1) as customer_id
      from resources r
      left join segment_candidates c on c.organization_id = r.organization_id and c.resource_id = r.id
      cross join lateral generate_series(1, case when r.organization_id <> ${ORGANIZATION_ID} then
        ${NEIGHBOUR_APPOINTMENTS / NEIGHBOUR_PEOPLE}::int when c.service_id is null then 0 else ${each}::int end) n`
    await tx`
      insert into appointments (organization_id, id, status, version, service_id, customer_id, starts_at, ends_at, segments, origin)
      select organization_id, id, 'COMPLETED', 1, coalesce(service_id, id), customer_id, starts_at, starts_at + interval '30 minutes',
        jsonb_build_array(jsonb_build_object('name', 'Cut', 'resourceIds', jsonb_build_array(resource_id))), 'API' from past`
    await tx`
      insert into appointment_events (organization_id, appointment_id, version, kind, actor, origin, starts_at)
      select organization_id, id, 1, 'BOOKED', 'seed', 'API', starts_at from past`
    await tx`
      insert into claims (organization_id, id, resource_id, during, segment_position, group_position, appointment_id, archived)
      select organization_id, uuidv7(), resource_id, tstzrange(starts_at, starts_at + interval '30 minutes'), 0, 0, id, true from past`
    await tx`
      insert into customers (organization_id, id, name, phone)
      select organization_id, uuidv7(), 'Customer ' || row_number() over (), '+4930' || 1000000 + row_number() over ()
      from past where random() < 0.1`
  })
  await sql`vacuum analyze`
}

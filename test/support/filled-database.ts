// A salon of many years in a test's own database, filled by PostgreSQL itself, with large neighbours beside it.
import { openSalon, type Salon } from './salon.ts'

export interface FilledSalon extends Salon {
  /** Whose past the first of `people` has. */
  busiest: string
}

export interface Filling {
  people: number
  /** Appointments of each person, one an hour: the last 500 are to come. */
  appointments: number
  neighbours: number
}

export async function openFilledSalon({ people, appointments, neighbours }: Filling): Promise<FilledSalon> {
  const salon = await openSalon({ people })
  await fill(salon, { organizationId: salon.organizationId, appointments })
  for (let index = 0; index < neighbours; index++) await addNeighbour(salon, index, { people, appointments })
  await salon.db.sql`analyze`
  return { ...salon, busiest: salon.people[0] as string }
}

/** Every appointment lasts half an hour; they follow each other from hour to hour around the present. */
async function fill(
  { db }: Pick<Salon, 'db'>,
  { organizationId, appointments }: { organizationId: string; appointments: number },
): Promise<void> {
  await db.sql.begin(async (sql) => {
    // Neither triggers nor foreign keys: what is written here is meant to be a past that nobody hears of.
    await sql`set local session_replication_role = replica`
    await sql`
      insert into customers (organization_id, id, name, phone)
      select ${organizationId}::uuid, gen_random_uuid(), 'Customer ' || n, '+4930' || 10000000 + n
      from generate_series(1, ${appointments}::int) n`
    await sql`
      create temporary table filling on commit drop as
      select r.id as resource_id, gen_random_uuid() as id, gen_random_uuid() as hold_id, gen_random_uuid() as claim_id, n,
        date_trunc('hour', now()) + make_interval(hours => n - ${appointments - 500}::int) as starts_at
      from resources r cross join generate_series(1, ${appointments}::int) n where r.organization_id = ${organizationId}`
    const [service] = await sql<
      { id: string }[]
    >`select id from services where organization_id = ${organizationId} limit 1`
    const serviceId = service?.id ?? null
    await sql`
      insert into appointments (organization_id, id, status, version, service_id, customer_id, starts_at, ends_at, segments, origin)
      select ${organizationId}::uuid, f.id, case when n % 20 = 0 then 'CANCELLED'::appointment_status else 'CONFIRMED' end, 1,
        coalesce(${serviceId}::uuid, gen_random_uuid()), c.id, starts_at, starts_at + interval '30 minutes',
        jsonb_build_array(jsonb_build_object('name', 'Cut', 'resourceIds', jsonb_build_array(resource_id))), 'API'
      from filling f join (
        select id, row_number() over () as n from customers where organization_id = ${organizationId}) c using (n)`
    await sql`
      insert into claims (organization_id, id, resource_id, during, segment_position, group_position, appointment_id, active)
      select ${organizationId}::uuid, claim_id, resource_id, tstzrange(starts_at, starts_at + interval '30 minutes'), 0, 0, id,
        n % 20 <> 0 from filling`
    await sql`
      insert into appointment_events (organization_id, appointment_id, version, kind, actor, origin, starts_at)
      select ${organizationId}::uuid, id, 1, 'BOOKED', 'secret key', 'API', starts_at from filling`
    await sql`
      insert into resource_days (organization_id, subject_id, day, version)
      select distinct ${organizationId}::uuid, resource_id, starts_at::date, 1 from filling`
    await sql`
      insert into holds (organization_id, id, status, service_id, starts_at, ends_at, segments, expires_at, extendable_until,
        session_key, caller, created_at)
      select ${organizationId}::uuid, hold_id, 'EXPIRED', coalesce(${serviceId}::uuid, gen_random_uuid()), starts_at, starts_at, '[]',
        now() - interval '1 day', now() - interval '1 day', 'session ' || n, 'key:past', now() - interval '1 day' from filling`
    await sql`
      insert into time_off (organization_id, id, resource_id, during)
      select ${organizationId}::uuid, gen_random_uuid(), resource_id, tstzrange(starts_at, starts_at + interval '1 hour')
      from filling where n % 10 = 0`
    await sql`
      insert into date_overrides (organization_id, resource_id, date, hours)
      select distinct ${organizationId}::uuid, resource_id, starts_at::date, '[]'::jsonb from filling
      where starts_at < now() - interval '60 days'`
    await sql`
      insert into busy_intervals (organization_id, id, resource_id, during, source, external_id)
      select ${organizationId}::uuid, gen_random_uuid(), resource_id, tstzrange(starts_at, starts_at + interval '30 minutes'),
        'calendar', id::text from filling where n % 10 = 1`
  })
}

async function addNeighbour(
  { db }: Pick<Salon, 'db'>,
  index: number,
  { people, appointments }: { people: number; appointments: number },
): Promise<void> {
  const [{ id: organizationId }] = await db.sql<[{ id: string }]>`
    insert into organizations (organization_id, name, token_secret)
    values (gen_random_uuid(), ${`Neighbour ${index}`}, 'secret')
    returning organization_id as id`
  await db.sql`
    with location as (
      insert into locations (organization_id, id, name, time_zone, country)
      values (${organizationId}, gen_random_uuid(), 'Mitte', 'Europe/Berlin', 'DE') returning id
    )
    insert into resources (organization_id, id, location_id, kind, name)
    select ${organizationId}::uuid, gen_random_uuid(), l.id, 'STAFF', 'Person ' || n
    from location l cross join generate_series(1, ${people}::int) n`
  await fill({ db }, { organizationId, appointments })
}

-- One booking as one statement: what bookAppointment does to the database, without the gateway. The pgbench and the
-- PostGraphile contestants run exactly this text; only where its parameters come from differs.
with wish as materialized (
  select :service_id as service_id, :resource_id as resource_id, :starts_at as starts_at,
    :starts_at + make_interval(mins => :minutes) as ends_at, :name as name, :phone as phone,
    uuidv7() as appointment_id, :organization_id as organization_id
), newcomer as (
  insert into customers (organization_id, id, name, phone)
  select organization_id, uuidv7(), name, phone from wish
  on conflict (organization_id, phone) where phone is not null do nothing
  returning id
), customer as (
  select id from newcomer
  union all
  select customers.id from wish join customers using (organization_id, phone)
), appointment as (
  insert into appointments (organization_id, id, status, version, service_id, customer_id, guest, starts_at, ends_at, segments, origin)
  select organization_id, appointment_id, 'CONFIRMED', 1, service_id, customer.id,
    jsonb_build_object('name', name, 'phone', phone, 'email', null), starts_at, ends_at,
    jsonb_build_array(jsonb_build_object('name', 'Cut', 'startsAt', extract(epoch from starts_at) * 1000,
      'endsAt', extract(epoch from ends_at) * 1000, 'resourceIds', jsonb_build_array(resource_id))), 'API'
  from wish, customer
  returning id, version, starts_at, ends_at
), claim as (
  insert into claims (organization_id, id, resource_id, during, segment_position, group_position, appointment_id)
  select organization_id, uuidv7(), resource_id, tstzrange(starts_at, ends_at), 0, 0, appointment_id from wish
  returning id, resource_id, during, appointment_id
), event as (
  insert into appointment_events (organization_id, appointment_id, version, kind, actor, origin, starts_at)
  select organization_id, appointment_id, 1, 'BOOKED', 'secret key', 'API', starts_at from wish
), day as (
  insert into resource_days as known (organization_id, subject_id, day, version)
  select organization_id, resource_id, (starts_at at time zone 'UTC')::date, 1 from wish
  on conflict (organization_id, subject_id, day) do update set version = known.version + 1
  returning organization_id, subject_id, day, version
), change as (
  insert into availability_changes (organization_id, subject_id, day, version, delta)
  select organization_id, subject_id, day, version, jsonb_build_object('added', jsonb_build_array(jsonb_build_object(
    'id', claim.id, 'resourceId', claim.resource_id, 'start', extract(epoch from lower(during)) * 1000,
    'end', extract(epoch from upper(during)) * 1000, 'holdId', null, 'appointmentId', claim.appointment_id, 'expiresAt', null)))
  from day, claim
)
select id, version, starts_at, ends_at from appointment

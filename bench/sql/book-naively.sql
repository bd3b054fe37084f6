-- The usual way: one statement after the other, each waiting for the one before, the resource's row locked first.
begin;
select id from resources where organization_id = :organization_id and id = :resource_id for no key update;
select id from claims where organization_id = :organization_id and resource_id = :resource_id and active
  and during && tstzrange(:starts_at, :starts_at + make_interval(mins => :minutes));
insert into customers (organization_id, id, name, phone) values (:organization_id, uuidv7(), :name, :phone)
  on conflict (organization_id, phone) where phone is not null do update set name = customers.name returning id as customer_id \gset
insert into appointments (organization_id, id, status, version, service_id, customer_id, guest, starts_at, ends_at, segments, origin)
  values (:organization_id, uuidv7(), 'CONFIRMED', 1, :service_id, :customer_id::uuid,
    jsonb_build_object('name', :name, 'phone', :phone, 'email', null), :starts_at, :starts_at + make_interval(mins => :minutes),
    jsonb_build_array(jsonb_build_object('name', 'Cut', 'resourceIds', jsonb_build_array(:resource_id))), 'API')
  returning id as appointment_id \gset
insert into claims (organization_id, id, resource_id, during, segment_position, group_position, appointment_id)
  values (:organization_id, uuidv7(), :resource_id, tstzrange(:starts_at, :starts_at + make_interval(mins => :minutes)), 0, 0,
    :appointment_id::uuid)
  returning id as claim_id \gset
insert into appointment_events (organization_id, appointment_id, version, kind, actor, origin, starts_at)
  values (:organization_id, :appointment_id::uuid, 1, 'BOOKED', 'secret key', 'API', :starts_at);
insert into resource_days as known (organization_id, subject_id, day, version)
  values (:organization_id, :resource_id, (:starts_at at time zone 'UTC')::date, 1)
  on conflict (organization_id, subject_id, day) do update set version = known.version + 1
  returning version as day_version \gset
insert into availability_changes (organization_id, subject_id, day, version, delta)
  values (:organization_id, :resource_id, (:starts_at at time zone 'UTC')::date, :day_version::int,
    jsonb_build_object('added', jsonb_build_array(jsonb_build_object('id', :claim_id::text, 'resourceId', :resource_id))));
commit;

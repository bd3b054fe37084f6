-- P1: no two active claims of a resource overlap, whatever their lengths, services or doors. An index on the start
-- alone cannot see overlaps of different lengths. The organization is in the key so that rows can be distributed by it.
alter table claims add constraint claims_not_empty check (not isempty(during) and lower_inc(during) and not upper_inc(during));
--> statement-breakpoint
alter table claims add constraint claims_no_overlap
  exclude using gist (organization_id with =, resource_id with =, during with &&) where (active);
--> statement-breakpoint
-- P12: two roles that own nothing. Every transaction takes one of them: slotwire_app sees the rows of the organization
-- named in slotwire.organization_id and none without it; slotwire_system (sweeps, key look-up, workers) sees all.
do $$
begin
  if not exists (select from pg_roles where rolname = 'slotwire_app') then create role slotwire_app nologin; end if;
  if not exists (select from pg_roles where rolname = 'slotwire_system') then create role slotwire_system nologin; end if;
exception when duplicate_object or unique_violation then null; -- roles belong to the server: another database was faster
end $$;
--> statement-breakpoint
do $$
begin
  execute format('grant slotwire_app, slotwire_system to %I', current_user);
exception when others then
  if not (pg_has_role(current_user, 'slotwire_app', 'member') and pg_has_role(current_user, 'slotwire_system', 'member')) then
    raise;
  end if;
end $$;
--> statement-breakpoint
grant usage on schema public to slotwire_app, slotwire_system;
--> statement-breakpoint
-- Called by this and every later migration that makes a table.
create function slotwire_protect(target regclass) returns void language plpgsql as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format(
    'create policy tenant on %s to slotwire_app
       using (organization_id = nullif(current_setting(''slotwire.organization_id'', true), '''')::uuid)
       with check (organization_id = nullif(current_setting(''slotwire.organization_id'', true), '''')::uuid)', target);
  execute format('create policy system on %s to slotwire_system using (true) with check (true)', target);
  execute format('grant select, insert, update, delete on %s to slotwire_app, slotwire_system', target);
end $$;
--> statement-breakpoint
select slotwire_protect(c.oid::regclass)
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id'
where c.relnamespace = 'public'::regnamespace and c.relkind = 'r';
--> statement-breakpoint
-- History is append-only for everybody who is not the owner.
revoke update, delete on appointment_events from slotwire_app, slotwire_system;
--> statement-breakpoint
revoke update, delete on policies from slotwire_app, slotwire_system;
--> statement-breakpoint
revoke update on availability_changes from slotwire_app, slotwire_system;

-- What the gateways of one database know and nobody else: they seal with it what they say to each other over Redis.
create table bus_secret (
  id boolean primary key default true check (id),
  secret text not null default replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '')
);
--> statement-breakpoint
insert into bus_secret default values;
--> statement-breakpoint
alter table bus_secret enable row level security;
--> statement-breakpoint
alter table bus_secret force row level security;
--> statement-breakpoint
create policy system on bus_secret for select to slotwire_system using (true);
--> statement-breakpoint
grant select on bus_secret to slotwire_system;

-- The incarnation of the change log. Unlogged on purpose: after a crash (or on a promoted standby, or in a base backup)
-- PostgreSQL empties it, and only then may it hand out again a transaction id that a snapshot has seen end. Whoever
-- finds it empty starts a new epoch, and no cursor of the old one is trusted. A clean restart keeps it.
create unlogged table change_log_epoch (
  id boolean primary key default true check (id),
  epoch uuid not null default gen_random_uuid(),
  -- Log rows of transactions below this one may have been pruned.
  pruned_below xid8 not null default '0'
);
--> statement-breakpoint
alter table change_log_epoch enable row level security;
--> statement-breakpoint
alter table change_log_epoch force row level security;
--> statement-breakpoint
create policy everybody on change_log_epoch for select to slotwire_app using (true);
--> statement-breakpoint
create policy system on change_log_epoch to slotwire_system using (true) with check (true);
--> statement-breakpoint
grant select on change_log_epoch to slotwire_app;
--> statement-breakpoint
grant select, insert, update on change_log_epoch to slotwire_system;
--> statement-breakpoint
insert into change_log_epoch default values;

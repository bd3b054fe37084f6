-- P11: outgoing work is enqueued by the transaction that makes it necessary. The tables of graphile-worker belong to the
-- role that migrates; those who book may add a job and see none. Late bound, since graphile-worker installs its own schema.
create function slotwire_enqueue_job(
  task text, payload json, job_key text, run_at timestamptz default null, max_attempts integer default 25,
  queue_name text default null
) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform graphile_worker.add_job(
    task, payload => payload, queue_name => queue_name, run_at => run_at, max_attempts => max_attempts, job_key => job_key);
end $$;
--> statement-breakpoint
revoke execute on function slotwire_enqueue_job from public;
--> statement-breakpoint
grant execute on function slotwire_enqueue_job to slotwire_app, slotwire_system;

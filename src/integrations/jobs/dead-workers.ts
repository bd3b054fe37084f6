// Sets free what a worker had locked that died: graphile-worker by itself waits four hours.
import type { Database } from '../../db/client.ts'

/**
 * A worker that only seems dead, because it could not reach the database for so long, may still be at its job while another one
 * begins it: tasks have leases or are harmless to repeat.
 *
 * As the role that connects, because the tables of graphile-worker are closed to all others.
 */
export async function beatAndFreeTheDead(
  db: Database,
  { workerIds, deadAfterMs, tasks }: { workerIds: string[]; deadAfterMs: number; tasks: string[] },
): Promise<void> {
  const deadAfter = `${deadAfterMs} milliseconds`
  await db.sql`
    insert into job_workers (worker_id, seen_at)
    select id, clock_timestamp() from unnest(${workerIds}::text[]) as id
    on conflict (worker_id) do update set seen_at = excluded.seen_at`
  const dead = await db.sql<{ workerId: string }[]>`
    select distinct locked_by as "workerId" from graphile_worker.jobs
    where locked_at < clock_timestamp() - ${deadAfter}::text::interval and task_identifier = any(${tasks}::text[])
      and not exists (
        select from job_workers w
        where w.worker_id = locked_by and w.seen_at > clock_timestamp() - ${deadAfter}::text::interval)`
  if (dead.length > 0) {
    const ids = dead.map((row) => row.workerId)
    await db.sql`select graphile_worker.force_unlock_workers(${ids}::text[])`
  }
  await db.sql`
    delete from job_workers where seen_at < clock_timestamp() - greatest(interval '1 hour', ${deadAfter}::text::interval * 10)`
  // A newer wish for the same thing has taken the key of these, and will do their work.
  await db.sql`
    delete from graphile_worker._private_jobs
    where key is null and locked_at is null and attempts >= max_attempts and last_error is null
      and updated_at < clock_timestamp() - interval '1 minute'`
}

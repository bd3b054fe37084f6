// Enqueues outgoing work in the transaction that makes it necessary: it is there if and only if that commits.
import type { Instant } from './shapes.ts'
import type { Tx } from './transaction.ts'

export interface NewJob {
  /** The name under which a task is registered with the runner. */
  task: string
  payload: Record<string, unknown>
  /** Of several pending jobs with one key the last remains; one that runs already is not replaced but followed. */
  jobKey: string
  /** Null: now. */
  runAt: Instant | null
  /** Jobs of one queue run one after the other. Null: whenever a worker is free. */
  queue: string | null
}

export async function enqueueJob(tx: Tx, { task, payload, jobKey, runAt, queue }: NewJob): Promise<void> {
  const at = runAt === null ? null : new Date(runAt)
  await tx.sql`
    select slotwire_enqueue_job(${task}, ${JSON.stringify(payload)}::text::json, ${jobKey}, ${at}::timestamptz,
                                queue_name => ${queue})`
}

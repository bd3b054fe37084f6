// Removes what is older than its retention: one mechanism for all tables, in batches that delay nobody.
import { type Kept, RETENTIONS, type RetentionName, SECONDS } from '../runtime/retention.ts'
import type { Database } from './client.ts'
import { asSystem } from './transaction.ts'

/** `$1` is the instant before which a row is too old. Each condition has an index that begins with that instant. */
const DUE: Record<
  Exclude<RetentionName, 'changes' | 'pastDays' | 'transcripts'>,
  { table: string; condition: string }
> = {
  holds: { table: 'holds', condition: `expires_at < $1 and status <> 'ACTIVE'` },
  endedClaims: { table: 'claims', condition: 'expires_at < $1 and not active and appointment_id is null' },
  idempotencyKeys: { table: 'idempotency_keys', condition: 'created_at < $1' },
  visitorBookings: { table: 'visitor_bookings', condition: 'booked_at < $1' },
  webhookDeliveries: { table: 'webhook_deliveries', condition: `created_at < $1 and status <> 'PENDING'` },
  inbox: { table: 'inbox', condition: `received_at < $1 and last_received_at < $1 and outcome <> 'FAILED'` },
  failedInbox: { table: 'inbox', condition: `received_at < $1 and last_received_at < $1 and outcome = 'FAILED'` },
  callFunctions: { table: 'call_functions', condition: 'started_at < $1' },
  calls: { table: 'calls', condition: 'created_at < $1' },
  busyIntervals: { table: 'busy_intervals', condition: 'ends_at < $1' },
  conflicts: { table: 'calendar_conflicts', condition: 'resolved_at < $1' },
}

/** What somebody else has locked comes with the next batch: nobody waits for the pruning, nor it for anybody. */
const some = (table: string, condition: string) =>
  `ctid = any(array(select ctid from ${table} where ${condition} limit $2 for update skip locked))`

const WRITTEN: Record<'pastDays' | 'transcripts', string> = {
  // Every claim is counted by the days it touches, so it goes with the first of them. It stays active, and everybody still sees it.
  pastDays: `
    with removed as (
      delete from resource_days where ${some('resource_days', `day > '0001-01-01' and day < $1::timestamptz::date`)}
      returning organization_id, subject_id, day
    ), archived as (
      update claims c set archived = true from removed r
      where c.organization_id = r.organization_id and c.resource_id = r.subject_id and c.active and not c.archived
        and c.starts_at >= r.day::timestamptz and c.starts_at < (r.day + 1)::timestamptz and c.ends_at < $1
    ) select from removed`,
  transcripts: `
    update calls set transcript = null, transcript_items = null, recording_url = null
    where ${some('calls', 'created_at < $1 and num_nonnulls(transcript, transcript_items, recording_url) > 0')}`,
}

const STATEMENTS: Record<Exclude<RetentionName, 'changes'>, string> = {
  ...WRITTEN,
  ...(Object.fromEntries(
    Object.entries(DUE).map(([name, { table, condition }]) => [
      name,
      `delete from ${table} where ${some(table, condition)}`,
    ]),
  ) as Record<keyof typeof DUE, string>),
}

export const PRUNED = Object.keys(STATEMENTS) as (keyof typeof STATEMENTS)[]

export const DEFAULT_KEPT = Object.fromEntries(
  Object.entries(RETENTIONS).map(([name, { unit, default: most }]) => [name, most * SECONDS[unit]]),
) as Kept

const BATCH_LIMIT = 1000

/** One batch. Several gateways may do it at once. Answers how many rows went. */
export async function prune(
  db: Database,
  name: keyof typeof STATEMENTS,
  { now = Date.now(), keptSeconds = DEFAULT_KEPT[name], limit = BATCH_LIMIT } = {},
): Promise<number> {
  const before = new Date(now - keptSeconds * 1000).toISOString()
  const result = await asSystem(db, (tx) => tx.sql.unsafe(STATEMENTS[name], [before, limit], { prepare: true }))
  return result.count
}

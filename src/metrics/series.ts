// Every series that a gateway counts, in one place: name, meaning, labels. Labels are words of ours, never a client's text.
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** Of this process: several gateways in one process count together. */
export const registry = new Registry()

const registers = [registry]

function counter<Label extends string = never>(name: string, help: string, labelNames: Label[] = []): Counter<Label> {
  return new Counter<Label>({ name: `slotwire_${name}`, help, labelNames, registers })
}

function gauge<Label extends string = never>(name: string, help: string, labelNames: Label[] = []): Gauge<Label> {
  return new Gauge<Label>({ name: `slotwire_${name}`, help, labelNames, registers })
}

/** Seconds, from what a round trip on one machine takes to what a caller hangs up at. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

function seconds<Label extends string = never>(name: string, help: string, labelNames: Label[] = []): Histogram<Label> {
  return new Histogram<Label>({ name: `slotwire_${name}_seconds`, help, labelNames, buckets: SECONDS, registers })
}

// Operations and doors

export const graphqlFields = counter<'field' | 'outcome'>(
  'graphql_fields_total',
  'Root fields that were resolved, by name and by outcome: ok, refused (an expected refusal), failed.',
  ['field', 'outcome'],
)
export const refusals = counter<'code'>(
  'refusals_total',
  'Expected refusals that GraphQL callers were given, by code.',
  ['code'],
)
export const doorAnswers = counter<'door' | 'outcome'>(
  'door_answers_total',
  'Deliveries from outside, by door and by class of the answer: done, refused (4xx), failed (5xx).',
  ['door', 'outcome'],
)
export const repeatedDeliveries = counter(
  'repeated_deliveries_total',
  'Deliveries from outside that had been received before.',
)

export const limitsMet = counter<'limit'>(
  'limits_met_total',
  'Refusals because a limit was met, by the limit’s name.',
  ['limit'],
)

// Live views

export const liveViews = gauge('live_views', 'Views that this gateway keeps.')
export const liveDays = gauge('live_watched_days', 'Resource-days whose state it keeps.')
export const liveSubscribers = gauge('live_subscribers', 'Subscribers of its views and lists.')
export const liveGroups = gauge('live_groups', 'Groups of subscribers that share executions and bytes.')
export const openStreams = gauge<'transport'>('open_streams', 'Open streams by transport: websocket, event_stream.', [
  'transport',
])
export const busReliable = gauge(
  'bus_reliable',
  '1 while Redis is known to deliver everything, or none is used; else 0: the log is read instead.',
)
export const logReachable = gauge('log_reachable', '1 while the log of changes can be read, else 0.')

// Claiming time

export const claims = counter<'outcome'>(
  'claims_total',
  'Requests for time as they were decided: hold, book, book_hold, known, answered, lost, refused, stale (decided anew).',
  ['outcome'],
)

export const constraintViolations = counter<'constraint'>(
  'constraint_violations_total',
  'Statements that an exclusion or unique constraint refused, by constraint.',
  ['constraint'],
)
export const constraintSaved = counter(
  'constraint_saved_total',
  'Overlapping claims that the locks let pass and a constraint refused. Must stay 0.',
)
export const transactions = counter<'outcome'>(
  'transactions_total',
  'Transactions by how they ended: committed, rolled_back.',
  ['outcome'],
)
export const transactionRetries = counter<'cause'>(
  'transaction_retries_total',
  'Transactions that were tried again after a conflict, by cause: deadlock, serialization.',
  ['cause'],
)
export const lockSeconds = seconds(
  'lock_wait',
  'From sending the opening of a transaction with locks until it has them; the round trip is included.',
)
export const lockTimeouts = counter('lock_timeouts_total', 'Transactions that gave up waiting for a lock.')
export const poolSeconds = seconds('pool_wait', 'How long a transaction waited for a connection of the pool.')
export const holdsExpired = counter('holds_expired_total', 'Holds whose end was written down by the sweeper.')

// Live updates

export const busMisfits = counter<'cause'>(
  'bus_misfits_total',
  'Messages on Redis that were not read, by cause: not_ours, other_version, wrong_shape, wrong_partition, too_large.',
  ['cause'],
)

// The outside

export const webhookAttempts = counter<'outcome'>(
  'webhook_attempts_total',
  'Attempts to deliver an outgoing webhook, by outcome: delivered, refused (an answer other than 2xx), unreachable.',
  ['outcome'],
)
export const syncOutcomes = counter<'outcome'>(
  'calendar_sync_total',
  'Jobs that made an outside calendar follow an appointment, by how they ended: synced, conflict, refused, …',
  ['outcome'],
)
export const jobsWaiting = gauge('jobs_waiting', 'Jobs that are due and not begun, when last counted.')
export const oldestJobSeconds = gauge('oldest_job_seconds', 'How long the oldest of them has been due.')
export const inconsistencies = gauge<'kind'>(
  'inconsistencies',
  'Violations of an invariant of the database that the last check found, by kind. Must stay 0.',
  ['kind'],
)
export const lastCheckAt = gauge(
  'last_check_timestamp_seconds',
  'When the invariants of the database were last checked.',
)

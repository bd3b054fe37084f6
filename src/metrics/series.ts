// Every series that a gateway counts, in one place: name, meaning, labels. Labels are words of ours, never a client's text.
import { Counter, type CounterConfiguration, Gauge, Histogram, Registry } from 'prom-client'

/** Of this process: several gateways in one process count together. */
export const registry = new Registry()

const registers = [registry]

function counter<Label extends string = never>(
  name: string,
  help: string,
  labelNames: CounterConfiguration<Label>['labelNames'] = [],
): Counter<Label> {
  return new Counter<Label>({ name: `slotwire_${name}`, help, labelNames, registers })
}

/** Seconds, from what a round trip on one machine takes to what a caller hangs up at. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

function seconds<Label extends string = never>(name: string, help: string, labelNames: Label[] = []): Histogram<Label> {
  return new Histogram<Label>({ name: `slotwire_${name}_seconds`, help, labelNames, buckets: SECONDS, registers })
}

// Operations and doors

export const graphqlOperations = counter<'field' | 'outcome'>(
  'graphql_operations_total',
  'GraphQL operations that ran, by their first root field and by how they ended: ok, refused, error.',
  ['field', 'outcome'],
)
export const graphqlSeconds = seconds<'kind'>('graphql_operation', 'How long an operation ran, by kind.', ['kind'])
export const doorAnswers = counter<'door' | 'outcome'>(
  'door_answers_total',
  'Deliveries and requests of outside parties, by door and by class of the answer: done, refused, failed.',
  ['door', 'outcome'],
)
export const refusals = counter<'code'>('refusals_total', 'Expected refusals that a caller was given, by code.', [
  'code',
])

// Claiming time

export const duplicatesPrevented = counter<'reason'>(
  'duplicate_bookings_prevented_total',
  'Bookings and holds that would have doubled another, by what prevented it.',
  ['reason'],
)
export const constraintViolations = counter<'constraint'>(
  'constraint_violations_total',
  'Exclusion and unique constraints that refused a statement, by constraint.',
  ['constraint'],
)
export const constraintSaved = counter(
  'constraint_saved_total',
  'Overlapping claims that the locks let pass and the constraint refused. Must stay 0.',
)
export const brokenOffers = counter(
  'offers_that_could_not_be_booked_total',
  'Live holds whose booking was refused because the time was taken. Must stay 0.',
)
export const transactionRetries = counter<'cause'>(
  'transaction_retries_total',
  'Transactions that were tried again after a conflict, by cause: deadlock, serialization.',
  ['cause'],
)
export const transactions = counter<'outcome'>(
  'transactions_total',
  'Transactions by how they ended: committed, rolled_back.',
  ['outcome'],
)
export const lockSeconds = seconds(
  'lock_wait',
  'From the opening of a transaction to its locks, the round trip included.',
)
export const lockTimeouts = counter('lock_timeouts_total', 'Transactions that gave up waiting for a lock.')
export const holdOutcomes = counter<'outcome'>('holds_total', 'Holds by what became of them: expired, booked.', [
  'outcome',
])

// The outside

export const webhookDeliveries = counter<'outcome'>(
  'webhook_deliveries_total',
  'Attempts to deliver an outgoing webhook: delivered, refused, failed.',
  ['outcome'],
)
export const syncSteps = counter<'outcome'>(
  'calendar_sync_steps_total',
  'Steps of bringing an outside calendar into agreement, by outcome.',
  ['outcome'],
)
export const jobsWaiting = new Gauge({
  name: 'slotwire_jobs_waiting',
  help: 'Jobs that are due and not done, as last counted.',
  registers,
})
export const oldestJobSeconds = new Gauge({
  name: 'slotwire_oldest_job_seconds',
  help: 'How long the oldest due job has waited, as last counted.',
  registers,
})
export const inconsistencies = new Gauge({
  name: 'slotwire_inconsistencies',
  help: 'Violations of an invariant that the last check of the database found, by kind. Must stay 0.',
  labelNames: ['kind'],
  registers,
})

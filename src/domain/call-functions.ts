// Functions called during a conversation: each recorded before it runs and answered once.
import type { Database } from '../db/client.ts'
import { type Lock, namedLock } from '../db/locks.ts'
import { asSystem, type Tx } from '../db/transaction.ts'
import type { Instant } from './types.ts'

export interface CallFunction {
  integrationId: string
  providerCallId: string
  key: string
}

export interface StartedFunction {
  startedAt: Instant
  /** Null: it runs, or its gateway died. Running it once more is safe, for what it does is idempotent. */
  answer: Record<string, unknown> | null
}

/**
 * The instant of the first start, by the database's clock, is kept for the retries. `key` may name arguments instead of a tool call; then the
 * same wish can come again: an answer counts only if it was a success and nothing else was done in the call since.
 */
export async function startFunction(
  tx: Tx,
  input: CallFunction & { function: string; arguments: unknown; isToolCall: boolean },
): Promise<StartedFunction> {
  const { integrationId, providerCallId, key, isToolCall } = input
  const [, [row]] = await Promise.all([
    tx.sql`
      insert into call_functions (organization_id, integration_id, provider_call_id, key, function, arguments)
      values (${tx.organizationId}, ${integrationId}, ${providerCallId}, ${key}, ${input.function},
        ${JSON.stringify(input.arguments)}::jsonb)
      on conflict do nothing`,
    tx.sql<(StartedFunction & { isOutdated: boolean })[]>`
      select started_at as "startedAt", answer,
        f.answer is not null and (f.answer -> 'success' = 'false' or exists (
          select from call_functions other
          where other.organization_id = f.organization_id and other.integration_id = f.integration_id
            and other.provider_call_id = f.provider_call_id and other.key <> f.key
            and other.finished_at > f.finished_at)) as "isOutdated"
      from call_functions f
      where organization_id = ${tx.organizationId} and integration_id = ${integrationId}
        and provider_call_id = ${providerCallId} and key = ${key}`,
  ])
  if (!row) throw new Error('The function that was just recorded is not there.')
  if (isToolCall || !row.isOutdated) return { startedAt: row.startedAt, answer: row.answer }
  const [again] = await tx.sql<[StartedFunction]>`
    update call_functions set started_at = clock_timestamp(), finished_at = null, answer = null
    where organization_id = ${tx.organizationId} and integration_id = ${integrationId}
      and provider_call_id = ${providerCallId} and key = ${key}
    returning started_at as "startedAt", answer`
  return again
}

/** The first answer stays; whoever comes second gets it. */
export async function finishFunction(
  tx: Tx,
  input: CallFunction & { answer: Record<string, unknown>; appointmentId: string | null },
): Promise<Record<string, unknown>> {
  const { integrationId, providerCallId, key, answer, appointmentId } = input
  const [row] = await tx.sql<{ answer: Record<string, unknown> }[]>`
    update call_functions set answer = coalesce(answer, ${JSON.stringify(answer)}::jsonb),
      finished_at = coalesce(finished_at, clock_timestamp()), appointment_id = coalesce(appointment_id, ${appointmentId}::uuid)
    where organization_id = ${tx.organizationId} and integration_id = ${integrationId}
      and provider_call_id = ${providerCallId} and key = ${key}
    returning answer`
  return row?.answer ?? answer
}

/** The appointments that were booked, moved or cancelled in a call. */
export async function listTouchedAppointments(
  tx: Tx,
  { integrationId, providerCallId }: Omit<CallFunction, 'key'>,
): Promise<string[]> {
  const rows = await tx.sql<{ id: string }[]>`
    select distinct appointment_id as id from call_functions
    where organization_id = ${tx.organizationId} and integration_id = ${integrationId}
      and provider_call_id = ${providerCallId} and appointment_id is not null`
  return rows.map(({ id }) => id)
}

const KEPT_DAYS = 30
const BATCH_LIMIT = 1000

/** Forgets functions of conversations that ended long ago, a bounded number a turn. Returns how many went. */
export async function pruneCallFunctions(db: Database): Promise<number> {
  const pruned = await asSystem(
    db,
    (tx) => tx.sql`
      delete from call_functions where (organization_id, integration_id, provider_call_id, key) in (
        select organization_id, integration_id, provider_call_id, key from call_functions
        where started_at < now() - make_interval(days => ${KEPT_DAYS}) limit ${BATCH_LIMIT})`,
  )
  return pruned.count
}

/** Taken by whoever starts a function, so that two starts of one function are one after the other. */
export function functionLock({ integrationId, providerCallId, key }: CallFunction): Lock {
  return namedLock('call function', integrationId, providerCallId, key)
}

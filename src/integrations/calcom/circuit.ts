// The circuit of each Cal.com account: opens after failures in a row, lets one attempt probe, keeps the pauses they ask for.
import type { Tx } from '../../db/transaction.ts'

export interface CircuitRules {
  /** Failures in a row. */
  openAfter: number
  /** The first time it opens; each failed probe doubles it. */
  openMs: number
}

export const CIRCUIT_RULES: CircuitRules = { openAfter: 5, openMs: 30_000 }

const LONGEST_OPEN_MS = 600_000
/** Longer than an attempt can take; one that dies with its gateway does not block the next for ever. */
const PROBE_MS = 60_000

/** Kept in PostgreSQL, so that all gateways open it together. Null: go on. Else the instant from which to try again. */
export async function enterCircuit(tx: Tx, integrationId: string): Promise<number | null> {
  await tx.sql`
    insert into calendar_syncs (organization_id, integration_id) values (${tx.organizationId}, ${integrationId})
    on conflict do nothing`
  const [closed] = await tx.sql`
    select from calendar_syncs
    where organization_id = ${tx.organizationId} and integration_id = ${integrationId} and open_until is null
      and (paused_until is null or paused_until <= clock_timestamp())`
  if (closed) return null
  const [probe] = await tx.sql`
    update calendar_syncs set probing_until = clock_timestamp() + ${`${PROBE_MS} milliseconds`}::text::interval
    where organization_id = ${tx.organizationId} and integration_id = ${integrationId}
      and (paused_until is null or paused_until <= clock_timestamp())
      and (open_until is null or open_until <= clock_timestamp())
      and (probing_until is null or probing_until <= clock_timestamp())
    returning 1`
  if (probe) return null
  const [row] = await tx.sql<[{ retryAt: number }]>`
    select greatest(paused_until, open_until, probing_until, clock_timestamp() + interval '1 second') as "retryAt"
    from calendar_syncs where organization_id = ${tx.organizationId} and integration_id = ${integrationId}`
  return row.retryAt
}

/** It answered, whatever it answered. */
export async function closeCircuit(tx: Tx, integrationId: string): Promise<void> {
  await tx.sql`
    update calendar_syncs set failures = 0, open_until = null, probing_until = null, last_error = null
    where organization_id = ${tx.organizationId} and integration_id = ${integrationId}
      and (failures > 0 or open_until is not null)`
}

export async function countFailure(
  tx: Tx,
  { integrationId, message, rules }: { integrationId: string; message: string; rules: CircuitRules },
): Promise<void> {
  await tx.sql`
    update calendar_syncs set failures = failures + 1, probing_until = null, last_error = ${message},
      open_until = case when failures + 1 >= ${rules.openAfter} then clock_timestamp() + (
        least(${rules.openMs} * power(2, least(failures + 1 - ${rules.openAfter}, 20)), ${LONGEST_OPEN_MS})
        * (1 + random() / 4)) * interval '1 millisecond' end
    where organization_id = ${tx.organizationId} and integration_id = ${integrationId}`
}

export async function pauseCircuit(
  tx: Tx,
  { integrationId, pauseMs }: { integrationId: string; pauseMs: number },
): Promise<void> {
  await tx.sql`
    update calendar_syncs set paused_until =
      greatest(paused_until, clock_timestamp() + ${pauseMs}::float8 * interval '1 millisecond'), probing_until = null
    where organization_id = ${tx.organizationId} and integration_id = ${integrationId}`
}

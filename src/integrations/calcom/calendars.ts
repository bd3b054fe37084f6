// What can be asked of a connected Cal.com account, and the turns that reconcile with all of them.
import type { Database } from '../../db/client.ts'
import { asSystem, inSnapshot, inTransaction } from '../../db/transaction.ts'
import type { Calendars, ReconciliationReport } from '../../domain/outside/calendars/calendars.ts'
import { syncTeam } from '../../domain/outside/calendars/team-sync.ts'
import { findIntegration } from '../../domain/outside/integrations.ts'
import { untilPresent } from '../../domain/vocabulary/outdated-attempt.ts'
import { BusyError, InvalidInputError, NotFoundError } from '../../domain/vocabulary/refusals.ts'
import type { Logger } from '../../runtime/logger.ts'
import { parsePayload } from '../webhooks/payloads.ts'
import { type CircuitRules, closeCircuit, countFailure, enterCircuit, pauseCircuit } from './circuit.ts'
import { createCalcomClient } from './client.ts'
import { type ChangeItem, receiveChanges } from './receive-changes.ts'
import { itemOfRead, READ_EVENT, reconcile } from './reconcile.ts'
import { type CalcomIntegration, calcomIntegration } from './settings.ts'
import { readTeam } from './team.ts'
import { itemOf } from './webhooks.ts'

export interface CalendarsContext {
  db: Database
  logger: Logger
  rules: { timeoutMs: number; allowsPrivate: boolean; circuit: CircuitRules; pollEveryMs: number }
}

/** One reconciliation of a calendar at a time; one that died is over after this. */
const POLL_LEASE_MS = 300_000
const REPLAY_LIMIT = 1000

export function createCalendars(ctx: CalendarsContext): Calendars {
  return {
    async reconcile({ organizationId, integrationId }) {
      const integration = await requireIntegration(ctx, organizationId, integrationId)
      const report = await reconcileOnce(ctx, integration)
      if (report === null) throw new BusyError()
      if ('kind' in report) throw unreachable(report.message)
      return report
    },
    async replay({ organizationId, integrationId }) {
      const integration = await requireIntegration(ctx, organizationId, integrationId)
      return replayFailed(ctx, integration)
    },
    syncTeam({ organizationId, integrationId, dryRun }) {
      return untilPresent(async () => {
        const integration = await requireIntegration(ctx, organizationId, integrationId)
        const team = await readTeam(createCalcomClient(integration, ctx.rules), integration)
        if ('kind' in team) throw unreachable(team.message)
        return syncTeam(ctx.db, { organizationId, integrationId, version: integration.version, team, dryRun })
      })
    },
  }
}

/** A turn of the worker: every active calendar whose time has come. */
export async function reconcileCalendars(ctx: CalendarsContext, closing?: AbortSignal): Promise<void> {
  const due = await asSystem(
    ctx.db,
    (tx) => tx.sql<{ id: string }[]>`
      select i.id from integrations i
      left join calendar_syncs s on s.organization_id = i.organization_id and s.integration_id = i.id
      where i.provider = 'CALCOM' and i.active
        and (s.polled_at is null or s.polled_at < clock_timestamp() - ${ctx.rules.pollEveryMs}::float8 * interval '1 millisecond')
      order by s.polled_at nulls first limit 100`,
  )
  for (const { id } of due) {
    if (closing?.aborted) return
    const found = await findIntegration(ctx.db, { id, provider: 'CALCOM' })
    if (!found) continue
    try {
      const report = await reconcileOnce(ctx, calcomIntegration(found), closing)
      if (report && 'kind' in report) {
        ctx.logger.warn({ integrationId: id, reason: report.message }, 'a calendar could not be reconciled')
      }
    } catch (err) {
      // One calendar must not keep the others waiting.
      ctx.logger.error({ err, integrationId: id }, 'the reconciliation with a calendar failed')
    }
  }
}

/** Null: it is being reconciled, or its circuit is open. */
async function reconcileOnce(
  { db, rules }: CalendarsContext,
  integration: CalcomIntegration,
  signal?: AbortSignal,
): Promise<ReconciliationReport | { kind: string; message: string } | null> {
  const { id, organizationId } = integration
  const inCalendar = <T>(work: Parameters<typeof inTransaction<T>>[2]) => inTransaction(db, organizationId, work)
  const isOurs = await inCalendar(async (tx) => {
    if ((await enterCircuit(tx, id)) !== null) return false
    const leased = await tx.sql`
      update calendar_syncs
      set poll_leased_until = clock_timestamp() + ${POLL_LEASE_MS}::float8 * interval '1 millisecond'
      where organization_id = ${tx.organizationId} and integration_id = ${id}
        and (poll_leased_until is null or poll_leased_until <= clock_timestamp())`
    return leased.count > 0
  })
  if (!isOurs) return null
  let pauseMs = 0
  const onPause = (asked: number) => {
    pauseMs = Math.max(pauseMs, asked)
  }
  const client = createCalcomClient(integration, {
    timeoutMs: rules.timeoutMs,
    allowsPrivate: rules.allowsPrivate,
    onPause,
    ...(signal && { signal }),
  })
  const release = (report: ReconciliationReport | null) =>
    inCalendar(async (tx) => {
      await tx.sql`
        update calendar_syncs set poll_leased_until = null,
          polled_at = case when ${report !== null} then clock_timestamp() else polled_at end,
          last_poll = coalesce(${report && JSON.stringify(report)}::jsonb, last_poll)
        where organization_id = ${tx.organizationId} and integration_id = ${id}`
      if (pauseMs > 0) await pauseCircuit(tx, { integrationId: id, pauseMs })
    })
  try {
    const result = await reconcile(db, client, integration)
    if (!('kind' in result)) {
      await release(result)
      await inCalendar((tx) => closeCircuit(tx, id))
      return result
    }
    await release(null)
    const { kind, message } = result
    if (kind === 'UNKNOWN') {
      await inCalendar((tx) => countFailure(tx, { integrationId: id, message, rules: rules.circuit }))
    }
    return result
  } catch (error) {
    await release(null)
    throw error
  }
}

/** What could not be applied is tried again, oldest first, under the settings of now. */
async function replayFailed(
  { db }: CalendarsContext,
  integration: CalcomIntegration,
): Promise<{ replayed: number; applied: number; failures: { key: string; reason: string }[] }> {
  const rows = await inSnapshot(
    db,
    integration.organizationId,
    (tx) => tx.sql<{ key: string; event: string; body: string; receivedAt: number }[]>`
      select key, event, body, received_at as "receivedAt" from inbox
      where organization_id = ${tx.organizationId} and integration_id = ${integration.id} and outcome = 'FAILED'
      order by received_at limit ${REPLAY_LIMIT}`,
  )
  const items: ChangeItem[] = rows.map(({ key, event, body, receivedAt }) => {
    const rawBody = Buffer.from(body)
    // Judged by when it came, not by when it is tried again.
    const item =
      event === READ_EVENT
        ? itemOfRead(JSON.parse(body), integration)
        : itemOf(parsePayload(rawBody), rawBody, receivedAt)
    return { key, event, body, read: item.read }
  })
  const received = await receiveChanges(db, integration, items)
  return {
    replayed: items.length,
    applied: received.filter(({ outcome }) => outcome !== 'FAILED').length,
    failures: received.flatMap(({ outcome, error }, index) =>
      outcome === 'FAILED' ? [{ key: items[index]?.key ?? '', reason: error ?? '' }] : [],
    ),
  }
}

async function requireIntegration(
  { db }: CalendarsContext,
  organizationId: string,
  integrationId: string,
): Promise<CalcomIntegration> {
  const found = await findIntegration(db, { id: integrationId, provider: 'CALCOM' })
  if (!found || found.organizationId !== organizationId) throw new NotFoundError('integration')
  return calcomIntegration(found)
}

function unreachable(message: string): InvalidInputError {
  return new InvalidInputError([
    { path: ['integrationId'], message: `Cal.com did not answer as it should: ${message}` },
  ])
}

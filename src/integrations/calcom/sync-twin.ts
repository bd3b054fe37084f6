// The job that makes Cal.com follow an appointment: reads the present state, takes one step after the other until both agree.
import type { Database } from '../../db/client.ts'
import { inTransaction, type Tx } from '../../db/transaction.ts'
import { reportConflict, resolveTwinConflicts } from '../../domain/outside/calendars/calendar-conflicts.ts'
import type { TwinName } from '../../domain/outside/calendars/external-bookings.ts'
import { findIntegration } from '../../domain/outside/integrations.ts'
import * as metrics from '../../metrics/series.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { JobContext, Task } from '../jobs/runner.ts'
import { type CircuitRules, closeCircuit, countFailure, enterCircuit, pauseCircuit } from './circuit.ts'
import { createCalcomClient } from './client.ts'
import { lookForTwin } from './look.ts'
import { nextStep } from './next-step.ts'
import type { RemoteBooking } from './remote-bookings.ts'
import { type CalcomIntegration, calcomIntegration, eventTypeFor } from './settings.ts'
import {
  type LeaseRules,
  LostLease,
  leaseTwin,
  noteExternalId,
  postponeTwin,
  readTwin,
  type Twin,
  type TwinChange,
  writeTwin,
} from './twins.ts'
import { type Outcome, takeStep } from './write-steps.ts'

export interface SyncRules extends LeaseRules {
  /** Of one request. */
  timeoutMs: number
  /** Http, and any address: for tests and development. */
  allowsPrivate: boolean
  circuit: CircuitRules
  /** The first pause after a failure; each further one doubles it. */
  backoffMs: number
}

export interface SyncContext {
  db: Database
  logger: Logger
  rules: SyncRules
}

const ROUNDS = 12
/** How often an unknown refusal is met with another attempt. */
const REFUSALS = 3
/** After so many failures in a row the twin is shown as failed; it is tried again all the same. */
const SHOWN_AS_FAILED = 8
const LONGEST_BACKOFF_MS = 600_000

/** What the steps of one job work with. */
export interface Syncing {
  name: TwinName
  workerId: string
  integration: CalcomIntegration
  client: ReturnType<typeof createCalcomClient>
  inTwin<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  write(change: TwinChange): Promise<void>
}

export function createSyncTask(ctx: SyncContext): Task {
  return async (payload, job) => {
    try {
      await syncTwin(ctx, payload as TwinName, job)
    } catch (error) {
      if (!(error instanceof LostLease)) throw error
      ctx.logger.debug({ payload }, 'another worker has the booking')
    }
  }
}

/** No transaction is open during a request: each step is written before the next one is asked for. */
async function syncTwin(ctx: SyncContext, name: TwinName, { workerId, signal }: JobContext): Promise<void> {
  const { db, rules } = ctx
  const found = await findIntegration(db, { id: name.integrationId, provider: 'CALCOM' })
  // Disconnected: when it is connected again, the poll finds what has to follow.
  if (!found || found.organizationId !== name.organizationId) return
  const integration = calcomIntegration(found)
  const inTwin = <T>(work: (tx: Tx) => Promise<T>) => inTransaction(db, name.organizationId, work)
  const entered = await inTwin(async (tx) => {
    const twin = await leaseTwin(tx, name, workerId, rules)
    if (!twin) {
      await postponeTwin(tx, name, null, { runAt: Date.now() + jittered(rules.backoffMs) })
      return null
    }
    if (nextStep(twin, eventTypeOf(integration, twin)).kind === 'NONE') return twin
    const retryAt = await enterCircuit(tx, name.integrationId)
    if (retryAt === null) return twin
    await postponeTwin(tx, name, workerId, { runAt: retryAt + jittered(rules.backoffMs) })
    return null
  })
  if (!entered) return
  let pauseMs = 0
  const client = createCalcomClient(integration, {
    timeoutMs: rules.timeoutMs,
    allowsPrivate: rules.allowsPrivate,
    signal,
    onPause: (asked) => {
      pauseMs = Math.max(pauseMs, asked)
    },
  })
  const write = async (change: TwinChange) => {
    await inTwin((tx) => writeTwin(tx, name, workerId, change))
  }
  const syncing: Syncing = { name, workerId, integration, client, inTwin, write }
  let twin: Twin = entered
  let hasAsked = false
  for (let round = 0; round < ROUNDS; round++) {
    const step = nextStep(twin, eventTypeOf(integration, twin))
    if (step.kind === 'NONE') {
      const { revision } = twin
      const isDone = await inTwin((tx) => finish(tx, syncing, revision, hasAsked, pauseMs))
      if (isDone) {
        metrics.syncOutcomes.inc({ outcome: 'synced' })
        return
      }
    } else {
      hasAsked = true
      const outcome = step.kind === 'LOOK' ? await look(syncing, twin) : await takeStep(syncing, twin, step)
      if (outcome.kind !== 'ON') return settle(ctx, syncing, twin, outcome, pauseMs)
    }
    const next = await inTwin((tx) => readTwin(tx, name))
    if (!next) return
    twin = next
  }
  await settle(ctx, syncing, twin, { kind: 'UNKNOWN', message: 'It did not settle.' }, pauseMs)
}

function eventTypeOf({ settings }: CalcomIntegration, { appointment }: Twin): number | null {
  const resourceIds = appointment.segments.flatMap((segment) => segment.resourceIds)
  return eventTypeFor(settings, { serviceId: appointment.serviceId, resourceIds })
}

/** False: a newer wish came meanwhile. */
async function finish(
  tx: Tx,
  { name, workerId }: Syncing,
  revision: number,
  hasAsked: boolean,
  pauseMs: number,
): Promise<boolean> {
  const change = { status: 'SYNCED', attempts: 0, lastError: null, leasedBy: null, leasedUntil: null } as const
  const lastSyncedAt = hasAsked ? { lastSyncedAt: Date.now() } : {}
  if (!(await writeTwin(tx, name, workerId, { ...change, ...lastSyncedAt }, revision))) return false
  await resolveTwinConflicts(tx, name)
  if (hasAsked) await closeCircuit(tx, name.integrationId)
  if (pauseMs > 0) await pauseCircuit(tx, { integrationId: name.integrationId, pauseMs })
  return true
}

/** Adopts what is found; what is there twice is called off but for one. */
async function look(syncing: Syncing, twin: Twin): Promise<Outcome> {
  const { client, name } = syncing
  const looked = await lookForTwin(client, twin)
  if (looked.kind !== 'FOUND') return looked
  const wished = twin.appointment.status === 'CONFIRMED' ? twin.appointment.startsAt : null
  const [kept, ...others] = looked.bookings.sort(
    (a, b) => Number(b.startsAt === wished) - Number(a.startsAt === wished) || (b.createdAt ?? 0) - (a.createdAt ?? 0),
  )
  for (const other of others) {
    const answer = await client.cancelBooking(other.uid, { reason: 'Booked twice.' })
    if (answer.kind !== 'DONE') return answer
    await syncing.inTwin((tx) => noteEnded(tx, syncing, other))
  }
  if (!kept && wished !== null && twin.externalStartsAt !== null && twin.unansweredStartsAt !== null) {
    await syncing.write({ externalStartsAt: null, unansweredSince: null, unansweredStartsAt: null })
    return {
      kind: 'CONFLICT',
      conflict: 'ENDED_THERE',
      message: 'It was called off in the calendar while it was moved here.',
    }
  }
  await syncing.inTwin(async (tx) => {
    if (kept) await noteExternalId(tx, name.integrationId, { ...known(kept), appointmentId: name.appointmentId })
    await writeTwin(tx, name, syncing.workerId, {
      ...(kept && { externalId: kept.uid, externalEventTypeId: kept.eventTypeId }),
      externalStartsAt: kept?.startsAt ?? null,
      unansweredSince: null,
      unansweredStartsAt: null,
    })
  })
  return { kind: 'ON' }
}

function known({ uid, startsAt, endsAt }: RemoteBooking) {
  return { externalId: uid, state: 'ACCEPTED' as const, ours: true, startsAt, endsAt }
}

async function noteEnded(tx: Tx, { name }: Syncing, booking: RemoteBooking): Promise<void> {
  const { integrationId, appointmentId } = name
  await noteExternalId(tx, integrationId, { ...known(booking), state: 'ENDED', appointmentId })
}

async function settle(
  ctx: SyncContext,
  syncing: Syncing,
  twin: Twin,
  outcome: Exclude<Outcome, { kind: 'ON' }>,
  pauseMs: number,
): Promise<void> {
  const { name, workerId, inTwin } = syncing
  const { integrationId } = name
  const { appointment } = twin
  const attempts = twin.attempts + 1
  metrics.syncOutcomes.inc({ outcome: outcome.kind.toLowerCase() })
  const lastError = outcome.message.slice(0, 1000)
  const isFinal = outcome.kind === 'CONFLICT' || (isRefusal(outcome) && attempts >= REFUSALS)
  await inTwin(async (tx) => {
    if (outcome.kind === 'UNKNOWN')
      await countFailure(tx, { integrationId, message: lastError, rules: ctx.rules.circuit })
    else await closeCircuit(tx, integrationId)
    if (pauseMs > 0) await pauseCircuit(tx, { integrationId, pauseMs })
    if (!isFinal) {
      const backoffMs = Math.max(backoff(ctx.rules, attempts), outcome.kind === 'LIMITED' ? outcome.retryAfterMs : 0)
      const status = attempts >= SHOWN_AS_FAILED ? 'FAILED' : 'PENDING'
      // A pause that they asked for is no failure.
      const counted = outcome.kind === 'LIMITED' ? {} : { attempts, status: status as Twin['status'] }
      return postponeTwin(tx, name, workerId, { runAt: Date.now() + jittered(backoffMs), lastError, ...counted })
    }
    const free = { leasedBy: null, leasedUntil: null, attempts, lastError }
    if (!(await writeTwin(tx, name, workerId, { ...free, status: 'FAILED' }, twin.revision))) {
      // A newer wish came meanwhile: it is tried, whatever the older one met.
      return postponeTwin(tx, name, workerId, { runAt: Date.now(), lastError })
    }
    if (outcome.kind !== 'CONFLICT') return
    const { startsAt, endsAt, serviceId } = appointment
    const { conflict: kind, message } = outcome
    const about = { integrationId, appointmentId: appointment.id, externalId: null, startsAt, endsAt }
    await reportConflict(tx, { ...about, kind, message }, serviceId)
  })
}

function isRefusal({ kind }: Exclude<Outcome, { kind: 'ON' }>): boolean {
  return kind === 'REFUSED' || kind === 'NOT_FOUND' || kind === 'TAKEN'
}

function backoff({ backoffMs }: SyncRules, attempts: number): number {
  return Math.min(backoffMs * 2 ** Math.min(attempts - 1, 20), LONGEST_BACKOFF_MS)
}

/** From the pause itself to half as long again: never earlier than asked. */
function jittered(pauseMs: number): number {
  return pauseMs * (1 + Math.random() / 2)
}

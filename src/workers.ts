// The complete list of background loops.
import type { Database } from './db/client.ts'
import { PRUNED, prune } from './db/pruning.ts'
import { expireHolds } from './domain/bookings/expired-holds.ts'
import { checkInvariants, countDueJobs } from './domain/checks/invariants.ts'
import { enqueueOverdueDeliveries } from './domain/outside/webhooks/webhook-attempts.ts'
import { removeDeletedEndpoints } from './domain/outside/webhooks/webhook-endpoints.ts'
import { reconcileCalendars } from './integrations/calcom/calendars.ts'
import { CALCOM_RULES } from './integrations/calcom/rules.ts'
import * as metrics from './metrics/series.ts'
import { pruneChanges } from './realtime/prune-changes.ts'
import type { Logger } from './runtime/logger.ts'
import { startLoop } from './runtime/loops.ts'
import type { Kept } from './runtime/retention.ts'

/** Each may run on several gateways at once. Closing waits for the turns that are under way. */
export function startWorkers(
  db: Database,
  logger: Logger,
  { kept, calcomRules = CALCOM_RULES }: { kept: Kept; calcomRules?: typeof CALCOM_RULES },
): AsyncDisposable {
  const loops = [
    // An expired hold is dead at its instant; this only writes it down.
    startLoop({ name: 'expire-holds', intervalMs: 1000, run: () => untilDone(() => expireHolds(db)), logger }),
    // Its job was lost, or whoever sent it died.
    startLoop({
      name: 'overdue-webhooks',
      intervalMs: 30_000,
      run: () => untilDone(() => enqueueOverdueDeliveries(db)),
      logger,
    }),
    startLoop({
      name: 'remove-deleted-endpoints',
      intervalMs: 60_000,
      run: () => untilDone(() => removeDeletedEndpoints(db)),
      logger,
    }),
    // Cal.com loses webhooks by design. Each calendar comes round by its own clock.
    startLoop({
      name: 'reconcile-calendars',
      intervalMs: 30_000,
      run: (closing) => reconcileCalendars({ db, logger, rules: calcomRules }, closing),
      logger,
    }),
    startLoop({ name: 'prune', intervalMs: 60_000, run: (closing) => pruneAll(db, kept, closing), logger }),
    startLoop({
      name: 'count-jobs',
      intervalMs: 15_000,
      run: async () => {
        const { waiting, oldestSeconds } = await countDueJobs(db)
        metrics.jobsWaiting.set(waiting)
        metrics.oldestJobSeconds.set(oldestSeconds)
      },
      logger,
    }),
    startLoop({
      name: 'check-invariants',
      intervalMs: 3_600_000,
      run: (signal) => observeInvariants(db, signal, logger),
      logger,
    }),
  ]
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(loops.map((loop) => loop[Symbol.asyncDispose]()))
    },
  }
}

/** What must stay 0 is looked at by every gateway; a violation is an error in the log, with some ids. */
async function observeInvariants(db: Database, signal: AbortSignal, logger: Logger): Promise<void> {
  for (const { kind, sentence, violations, samples } of await checkInvariants(db, { signal })) {
    metrics.inconsistencies.set({ kind }, violations)
    if (violations > 0) logger.error({ invariant: kind, violations, samples }, `an invariant is violated: ${sentence}`)
  }
  metrics.lastCheckAt.setToCurrentTime()
}

/** One table after the other, so that no more than one batch is under way. */
async function pruneAll(db: Database, kept: Kept, closing: AbortSignal): Promise<void> {
  for (const name of PRUNED) {
    await untilDone(async () => (closing.aborted ? 0 : prune(db, name, { keptSeconds: kept[name] })))
  }
  await untilDone(async () => (closing.aborted ? 0 : pruneChanges(db, { keepSeconds: kept.changes })))
}

const TURN_LIMIT = 20

/** A bounded number of bounded steps: a backlog is worked off without holding up the closing. */
async function untilDone(step: () => Promise<number>): Promise<void> {
  for (let turn = 0; turn < TURN_LIMIT; turn++) if ((await step()) === 0) return
}

// How patient a gateway is with Cal.com, and the jobs that it runs for it.
import type { Database } from '../../db/client.ts'
import { SYNC_TASK } from '../../domain/outside/calendars/external-bookings.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Tasks } from '../jobs/runner.ts'
import type { CalendarsContext } from './calendars.ts'
import { CIRCUIT_RULES } from './circuit.ts'
import { createSyncTask, type SyncRules } from './sync-twin.ts'

export const CALCOM_RULES: SyncRules & CalendarsContext['rules'] = {
  timeoutMs: 10_000,
  allowsPrivate: false,
  // Longer than all the requests that one job makes as a rule; it looks first if it takes over from a slower one.
  leaseMs: 180_000,
  deadAfterMs: 15_000,
  backoffMs: 2000,
  circuit: CIRCUIT_RULES,
  pollEveryMs: 300_000,
}

export function calcomTasks(ctx: { db: Database; logger: Logger; rules?: SyncRules }): Tasks {
  return { [SYNC_TASK]: createSyncTask({ ...ctx, rules: ctx.rules ?? CALCOM_RULES }) }
}

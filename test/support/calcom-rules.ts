// Rules for tests: everything that a gateway waits for comes soon.
import type { SyncRules } from '../../src/integrations/calcom/sync-twin.ts'

export const QUICK: SyncRules = {
  timeoutMs: 2000,
  allowsPrivate: true,
  leaseMs: 60_000,
  deadAfterMs: 1500,
  backoffMs: 10,
  circuit: { openAfter: 5, openMs: 50 },
}

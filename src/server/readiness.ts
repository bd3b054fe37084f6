// Whether the gateway can do its work now: what it depends on answers, and soon.

import { setTimeout as pause } from 'node:timers/promises'

export type Readiness = () => Promise<'ready' | 'unavailable'>

const DEADLINE_MS = 2000

/** Questions that come while one is being answered share its answer: a flood of them is one look. */
export function createReadiness(requireReady: () => Promise<unknown> = async () => {}): Readiness {
  let asking: ReturnType<Readiness> | null = null

  const ask: Readiness = async () => {
    const deadline = new AbortController()
    try {
      const late = pause(DEADLINE_MS, 'late' as const, { signal: deadline.signal }).catch(() => 'late' as const)
      return (await Promise.race([requireReady(), late])) === 'late' ? 'unavailable' : 'ready'
    } catch {
      // The reason is in the log of whoever met it; an orchestrator only needs the answer.
      return 'unavailable'
    } finally {
      deadline.abort()
      asking = null
    }
  }

  return () => {
    asking ??= ask()
    return asking
  }
}

// One event of a subscription, executed: a database that is away delays its result and does not break it.

import { setTimeout as pause } from 'node:timers/promises'
import type { ExecutionResult } from 'graphql'

const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 500

/**
 * A client cannot ask again for an event that could not be read: the change would be missing from what it knows. So it is
 * executed again until the database is back, or nobody wants it any more.
 */
export async function executeEvent(
  execute: () => Promise<ExecutionResult>,
  isWanted: () => boolean,
): Promise<ExecutionResult> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    const result = await execute()
    if (!isUnavailable(result) || !isWanted()) return result
    await pause(pauseMs * (0.75 + Math.random() / 2), undefined, { ref: false })
  }
}

function isUnavailable({ errors }: ExecutionResult): boolean {
  return errors?.some(({ extensions }) => extensions.code === 'UNAVAILABLE') ?? false
}

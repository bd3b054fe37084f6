// Messages that are not ours to read: each is counted, few are logged, and the log of changes is read instead.
import { busMisfits } from '../metrics/series.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Misfit } from './bus-messages.ts'

export interface MisfitWatch extends Disposable {
  note(misfit: Misfit, partition: number): void
  /** Calls `readLog` now, or soon after the last time: whoever floods a channel causes ten reads a second. */
  wake(): void
}

const WAKE_INTERVAL_MS = 100
const LOG_INTERVAL_MS = 60_000

export function createMisfitWatch({ logger, readLog }: { logger: Logger; readLog: () => void }): MisfitWatch {
  let resting: NodeJS.Timeout | undefined
  let isDue = false
  let loggedAtMs = Number.NEGATIVE_INFINITY
  let unlogged = 0

  const rested = () => {
    resting = undefined
    if (isDue) wake()
  }
  const wake = () => {
    // The last of a flood is never forgotten: it may stand for a commit.
    isDue = resting !== undefined
    if (isDue) return
    resting = setTimeout(rested, WAKE_INTERVAL_MS).unref()
    readLog()
  }
  return {
    note(cause, partition) {
      busMisfits.inc({ cause })
      unlogged++
      const now = performance.now()
      if (now - loggedAtMs >= LOG_INTERVAL_MS) {
        logger.warn(
          { cause, partition, messages: unlogged },
          'messages on Redis could not be read; the log is read instead',
        )
        loggedAtMs = now
        unlogged = 0
      }
      wake()
    },
    wake,
    [Symbol.dispose]: () => clearTimeout(resting),
  }
}

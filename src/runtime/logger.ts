// The log of the process: JSON lines on stderr, so that stdout carries results only.

import { destination, type Logger, pino } from 'pino'

export type { Logger }

export function createLogger(level: string): Logger {
  // Synchronous: the last line before an exit is the one that is needed.
  return pino(
    { level, base: null, timestamp: () => `,"at":"${new Date().toISOString()}"` },
    destination({ fd: 2, sync: true }),
  )
}

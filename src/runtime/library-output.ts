// What libraries write to the console becomes lines of the log: graphile-worker prints a page for each worker that loses PostgreSQL.

import { inspect } from 'node:util'
import type { Logger } from './logger.ts'

const LONGEST_LINE = 500

/** Stdout keeps carrying results only, and stderr one JSON object a line. */
export function logLibraryOutput(logger: Logger): void {
  const write =
    (level: 'debug' | 'warn') =>
    (...values: unknown[]) => {
      const text = values.map((value) => (typeof value === 'string' ? value : summarize(value))).join(' ')
      logger[level]({ by: 'a library' }, text.slice(0, LONGEST_LINE))
    }
  Object.assign(console, {
    log: write('debug'),
    info: write('debug'),
    debug: write('debug'),
    warn: write('warn'),
    error: write('warn'),
    trace: write('warn'),
  })
}

// An error's stack is that of the library.
function summarize(value: unknown): string {
  return value instanceof Error ? String(value) : inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY })
}

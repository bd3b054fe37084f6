// Runs what was opened until a signal asks it to stop, then closes it within one deadline.

import type { EventEmitter } from 'node:events'
import type { Logger } from './logger.ts'
import { OperatorError } from './operator-error.ts'

/** What an opening function may watch and tell. */
export interface Running {
  /** Aborts when the process is asked to stop; an opening function gives up at its next step. */
  stopping: AbortSignal
  /** Something the process cannot do without is lost: it closes the rest and ends with exit code 1. */
  fail: (error: Error) => void
}

interface Run {
  open: (running: Running) => Promise<AsyncDisposable>
  logger: Logger
  shutdownTimeoutSeconds: number
  /** `process` in the command. */
  signals: EventEmitter
  /** `process.exit` in the command. */
  exit: (code: number) => void
}

const INTERRUPTED = 130

/**
 * Opens, waits for SIGINT, SIGTERM or a failure, closes; answers the exit code.
 * A second signal or the deadline ends the process at once.
 */
export async function runUntilStopped(run: Run): Promise<number> {
  const stop = new AbortController()
  const failures: unknown[] = []
  const fail = (error: unknown) => {
    failures.push(error)
    stop.abort()
  }
  const onSignal = (signal: string) => {
    if (stop.signal.aborted) {
      run.logger.warn({ signal }, 'ended at once by a second signal')
      run.exit(INTERRUPTED)
      return
    }
    run.logger.info({ signal }, 'stopping')
    stop.abort()
  }
  run.signals.on('SIGINT', onSignal).on('SIGTERM', onSignal)
  try {
    const opened = await run.open({ stopping: stop.signal, fail }).catch((error: unknown) => {
      if (!stop.signal.aborted || error !== stop.signal.reason) fail(error)
      return null
    })
    if (opened) {
      await aborted(stop.signal)
      await closeWithin(opened, run).catch(fail)
    }
  } finally {
    run.signals.off('SIGINT', onSignal).off('SIGTERM', onSignal)
  }
  for (const failure of failures) reportFailure(run.logger, failure)
  return failures.length > 0 ? 1 : 0
}

/** Every single error behind one: closing collects them in a chain of SuppressedErrors. */
export function errorsWithin(error: unknown): unknown[] {
  if (error instanceof SuppressedError) return [...errorsWithin(error.suppressed), ...errorsWithin(error.error)]
  if (error instanceof AggregateError) return error.errors.flatMap(errorsWithin)
  return [error]
}

/** An operator's fault is one plain sentence on stderr; anything else is a bug and is logged with its stack. */
export function reportFailure(logger: Logger, failure: unknown): void {
  for (const error of errorsWithin(failure)) {
    if (error instanceof OperatorError) process.stderr.write(`${error.message}\n`)
    else logger.fatal({ err: error }, 'failed')
  }
}

async function closeWithin(opened: AsyncDisposable, run: Run): Promise<void> {
  const deadline = setTimeout(() => {
    run.logger.fatal(`not closed within ${run.shutdownTimeoutSeconds} seconds, ended at once`)
    run.exit(1)
  }, run.shutdownTimeoutSeconds * 1000)
  try {
    await opened[Symbol.asyncDispose]()
    run.logger.info('stopped')
  } finally {
    clearTimeout(deadline)
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

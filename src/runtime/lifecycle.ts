// Runs what was opened until a signal asks it to stop, then closes it within one deadline.

import type { EventEmitter } from 'node:events'
import type { Logger } from './logger.ts'
import { OperatorError } from './operator-error.ts'

/** What an opening function may watch and tell. */
export interface Running {
  /** Aborts when the process is asked to stop; an opening function gives up at its next step. */
  stopping: AbortSignal
  /** Asks the process to stop: the work is done, or something it cannot do without is lost (exit code 1). */
  stop: (error?: Error) => void
}

interface Run {
  /** Answers what has to be closed in the end. */
  open: (running: Running) => Promise<AsyncDisposable>
  logger: Logger
  shutdownTimeoutSeconds: number
  /** `process` in the command. */
  signals: EventEmitter
  /** `process.exit` in the command. */
  exit: (code: number) => void
  /** Milliseconds of a clock that only goes forward. */
  now?: () => number
}

const INTERRUPTED = 130

// One Ctrl-C arrives twice where npm stands in between: the terminal signals the whole group, and npm passes it on.
const SAME_SIGNAL_MS = 500

/**
 * Opens, waits for SIGINT, SIGTERM or a failure, closes; answers the exit code.
 * A second signal or the deadline ends the process at once.
 *
 * An error that nobody caught is a failure like any other: it is logged once, and everything is closed in order. Only a lost
 * connection of the database is logged and lived with.
 */
export async function runUntilStopped(run: Run): Promise<number> {
  const now = run.now ?? (() => performance.now())
  const stop = new AbortController()
  let signalledAt: number | undefined
  const failures: unknown[] = []
  const fail = (error: unknown) => {
    failures.push(error)
    stop.abort()
  }
  const onUncaught = (error: unknown) => {
    // Whatever is asked of the lost connection fails as well and is answered for there: one that nobody asks is no reason to stop.
    if (isLostConnection(error)) run.logger.error({ err: error }, 'a connection was lost and nobody was told')
    else fail(error)
  }
  const onSignal = (signal: string) => {
    if (signalledAt === undefined) {
      signalledAt = now()
      run.logger.info({ signal }, 'stopping')
      stop.abort()
    } else if (now() - signalledAt > SAME_SIGNAL_MS) {
      run.logger.warn({ signal }, 'ended at once by a second signal')
      run.exit(INTERRUPTED)
    }
  }
  run.signals.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('uncaughtException', onUncaught)
  try {
    const opened = await run
      .open({ stopping: stop.signal, stop: (error) => (error ? fail(error) : stop.abort()) })
      .catch((error: unknown) => {
        if (error !== stop.signal.reason) fail(error)
        return null
      })
    if (opened) {
      await aborted(stop.signal)
      await closeWithin(opened, run).catch(fail)
    }
  } finally {
    run.signals.off('SIGINT', onSignal).off('SIGTERM', onSignal).off('uncaughtException', onUncaught)
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
    run.logger.debug('closed')
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

/** As the driver of PostgreSQL and Node name it. */
function isLostConnection(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return ['CONNECTION_CLOSED', 'CONNECTION_ENDED', 'CONNECTION_DESTROYED', '57P01', '57P02'].includes(code)
}

// Runs the jobs that transactions enqueue: graphile-worker on the same PostgreSQL, started again for as long as the gateway runs.
import { EventEmitter } from 'node:events'
import { Logger as JobLogger, type LogLevel, type Runner, run, type WorkerEvents } from 'graphile-worker'
import type { Database } from '../../db/client.ts'
import { type JobPool, openJobPool } from '../../db/job-pool.ts'
import type { Logger } from '../../runtime/logger.ts'
import { startLoop } from '../../runtime/loops.ts'
import { beatAndFreeTheDead } from './dead-workers.ts'

export interface JobContext {
  /** Who runs it: leases are given to workers, and end with them. */
  workerId: string
  /** Aborts when the gateway closes and has waited long enough. */
  signal: AbortSignal
}

/** A job that throws is tried again with growing pauses, 25 times. */
export type Task = (payload: unknown, job: JobContext) => Promise<void>

/** By the name under which jobs are enqueued. */
export type Tasks = Readonly<Record<string, Task>>

interface RunnerInput {
  url: string
  db: Database
  tasks: Tasks
  logger: Logger
  concurrency?: number
  /** A worker that has not been seen for so long is dead, and what it was at is begun again. */
  deadAfterMs?: number
}

const RESTART_PAUSE_MS = 1000
const CLOSE_WITHIN_MS = 5000

/** Never waits for the database: until it answers, jobs wait in it. Disposing lets running jobs end. */
export function startJobs(input: RunnerInput): AsyncDisposable {
  const { url, db, tasks, logger, concurrency = 4, deadAfterMs = 15_000 } = input
  const workerIds = new Set<string>()
  const closing = Promise.withResolvers<void>()
  let isClosing = false
  let runner: Runner | null = null

  // graphile-worker gives up after some failures in a row, as when PostgreSQL restarts. It is started again.
  const supervising = (async () => {
    while (!isClosing) {
      try {
        await using pool = openJobPool({ url, size: concurrency + 2, logger })
        runner = await openRunner(input, pool, workerIds)
        if (isClosing) await runner.stop().catch(() => {})
        await runner.promise
      } catch (err) {
        if (!isClosing) logger.warn({ err }, 'jobs are not being run; trying again')
      }
      runner = null
      workerIds.clear()
      if (!isClosing) await Promise.race([closing.promise, pause(RESTART_PAUSE_MS)])
    }
  })()

  const heart = startLoop({
    name: 'job-workers',
    intervalMs: deadAfterMs / 5,
    run: () => beatAndFreeTheDead(db, { workerIds: [...workerIds], deadAfterMs, tasks: Object.keys(tasks) }),
    logger,
  })

  return {
    async [Symbol.asyncDispose]() {
      isClosing = true
      closing.resolve()
      await runner?.stop().catch((err: unknown) => logger.warn({ err }, 'the jobs did not end in good order'))
      await supervising
      await heart[Symbol.asyncDispose]()
    },
  }
}

async function openRunner({ tasks, logger, concurrency = 4 }: RunnerInput, pool: JobPool, workerIds: Set<string>) {
  const events: WorkerEvents = new EventEmitter()
  events.on('worker:create', ({ worker }) => workerIds.add(worker.workerId))
  events.on('worker:stop', ({ worker }) => workerIds.delete(worker.workerId))
  return run({
    pgPool: pool.pool,
    concurrency,
    pollInterval: 1000,
    gracefulShutdownAbortTimeout: CLOSE_WITHIN_MS,
    // The process has one place that hears signals.
    noHandleSignals: true,
    // Without a batch the end of a job is written down behind everybody's back: if the connection is lost at that moment, the
    // rejection is handled by nobody and ends the process. In a batch it ends this runner, and the next one takes over.
    preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
    // Their statements survive a transaction pooler.
    noPreparedStatements: true,
    logger: new JobLogger(() => (level, message, meta) => log(logger, level, message, meta)),
    events,
    taskList: Object.fromEntries(
      Object.entries(tasks).map(([name, task]) => [
        name,
        (payload, { job, abortSignal }) =>
          task(payload, { workerId: job.locked_by ?? '', signal: abortSignal ?? new AbortController().signal }),
      ]),
    ),
  })
}

function log(logger: Logger, level: `${LogLevel}`, message: string, meta?: object): void {
  if (level === 'error') logger.error({ ...meta }, message)
  else if (level === 'warning') logger.warn({ ...meta }, message)
  else logger.debug({ ...meta }, message)
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref())
}

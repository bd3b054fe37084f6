// Follows the change log: one turn at a time reads, in one snapshot, all that the last turn's snapshot did not see.
import type { Database } from '../db/client.ts'
import { isDatabaseAway } from '../db/errors.ts'
import { type LogPosition, readLogPosition, startEpoch } from '../db/log-positions.ts'
import { asSystem, type Tx } from '../db/transaction.ts'
import type { Logger } from '../runtime/logger.ts'
import { startLoop } from '../runtime/loops.ts'
import type { Arrivals } from './arrivals.ts'
import type { DatabaseClock } from './database-clock.ts'
import { emptySnapshot, includes, parseSnapshot, type Snapshot } from './snapshots.ts'

/** Where a turn's transaction stands. */
export interface TailPosition extends Omit<LogPosition, 'snapshot'> {
  snapshot: Snapshot
  /** False: what was read before cannot be carried on (another epoch, or the log was pruned beyond it). Read all anew. */
  continues: boolean
}

export interface TailTurn {
  tx: Tx
  /** Where the last turn stood. */
  last: TailPosition
  /** Sent with the first statements; it need not be awaited before the next ones. */
  position: Promise<TailPosition>
}

/** One reader of the log. */
export interface TailReader {
  /** Nobody watches: no need for a turn, unless somebody waits. */
  isIdle(): boolean
  /** Reads what it needs; the returned step is run after the transaction, together with those of the other readers. */
  read(turn: TailTurn): Promise<(position: TailPosition) => void>
  /** The turn came to nothing, e.g. because the database is away. It is tried again. */
  failed?(): void
}

export interface LogTail extends AsyncDisposable {
  /** Begins a turn now, or right after the one that runs. */
  wake(): void
  /**
   * Runs `apply` now, or after the turn that is reading: what it applies is then either seen by the turn's snapshot or
   * newer than it. A commit that was acknowledged before a turn began to read is seen by that turn.
   */
  whenNotReading(apply: () => void): void
  /** All readers' states are those of this snapshot, and of what they applied ahead of it. */
  position(): TailPosition
  isAway(): boolean
}

const TURN_DEADLINE_MS = 10_000
const AWAY_INTERVAL_MS = 100

interface TailInput {
  db: Database
  clock: DatabaseClock
  logger: Logger
  readers: TailReader[]
  /** Who waits for a turn of any reader. */
  arrivals: Arrivals
  intervalMs: () => number
}

export function startLogTail({ db, clock, logger, readers, arrivals, intervalMs }: TailInput): LogTail {
  let present: TailPosition = { snapshot: emptySnapshot, epoch: '', prunedBelow: 0, now: 0, continues: false }
  let reading = false
  let held: (() => void)[] = []
  let away = false

  const turn = async () => {
    if (arrivals.size() === 0 && readers.every((reader) => reader.isIdle())) return
    try {
      const { position, steps } = await withinDeadline((isLate) => read(isLate))
      if (position.epoch === '') {
        await startEpoch(db)
        tail.wake()
        return fail(new Error('A new epoch of the change log begins.'), true)
      }
      present = position
      away = false
      for (const step of steps) step(position)
      if (arrivals.size() > 0) tail.wake()
    } catch (error) {
      const isAway = isDatabaseAway(error) || error instanceof DeadlineError
      if (!away || !isAway) logger[isAway ? 'warn' : 'error']({ err: error }, 'the change log could not be read')
      away = isAway
      // Whoever waits may be why a turn takes so long; else they are found innocent at the next ones.
      fail(error, isAway && !(error instanceof DeadlineError))
    } finally {
      release()
    }
  }
  const read = (isLate: () => boolean) =>
    asSystem(
      db,
      async (tx) => {
        // From here on: before, the turn may have waited long for a connection. By then another may have taken its place.
        if (isLate()) throw new DeadlineError('The turn was given up before it could begin.')
        reading = true
        arrivals.begin()
        const askedAtMs = clock.steadyMs()
        const located = readLogPosition(tx).then((position) => {
          if (!isLate()) clock.measured(position.now, askedAtMs)
          return toTailPosition(position, present)
        })
        const steps = await settledAll(readers.map((reader) => reader.read({ tx, last: present, position: located })))
        return { position: await located, steps }
      },
      { snapshot: true },
    )
  const fail = (error: unknown, isAway: boolean) => {
    for (const reader of readers) reader.failed?.()
    arrivals.failed(error, isAway)
    if (!isAway && arrivals.size() > 0) tail.wake()
  }
  const release = () => {
    reading = false
    for (const apply of held.splice(0)) apply()
  }
  const loop = startLoop({
    name: 'change log',
    intervalMs: () => (away ? AWAY_INTERVAL_MS : intervalMs()),
    run: turn,
    logger,
  })
  const tail: LogTail = {
    wake: () => loop.wake(),
    whenNotReading(apply) {
      if (reading) held.push(apply)
      else apply()
    },
    position: () => present,
    isAway: () => away,
    async [Symbol.asyncDispose]() {
      await loop[Symbol.asyncDispose]()
      held = []
    },
  }
  return tail
}

function toTailPosition(read: LogPosition, present: TailPosition): TailPosition {
  const snapshot = parseSnapshot(read.snapshot) ?? emptySnapshot
  const continues =
    read.epoch === present.epoch && present.snapshot.xmin >= read.prunedBelow && includes(snapshot, present.snapshot)
  return { ...read, snapshot, continues }
}

// A statement must not be left running when the transaction is rolled back.
async function settledAll<T>(promises: Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises)
  return Promise.all(promises)
}

class DeadlineError extends Error {
  override readonly name = 'DeadlineError'
}

/** A connection that died without a word must not stop all updates: the turn is given up, and another connection used. */
async function withinDeadline<T>(run: (isLate: () => boolean) => Promise<T>): Promise<T> {
  let late = false
  const { promise: deadline, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    late = true
    reject(new DeadlineError(`The change log was not read within ${TURN_DEADLINE_MS} ms.`))
  }, TURN_DEADLINE_MS)
  const running = run(() => late)
  running.catch(() => {})
  try {
    return await Promise.race([running, deadline])
  } finally {
    clearTimeout(timer)
  }
}

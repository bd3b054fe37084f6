// Ends what runs on behalf of a caller whose key was revoked: one question for all distinct callers, twice a second.

import type { Caller } from '../domain/people/callers.ts'
import type { Logger } from '../runtime/logger.ts'
import { startLoop } from '../runtime/loops.ts'
import type { ResultStream } from './fan-out/result-stream.ts'

/** The ids of those callers whose key is in force no more. */
export type FindRevoked = (callers: Caller[]) => Promise<string[]>

/** Something that runs on behalf of a caller. */
export interface Watcher {
  /** Called once, when the caller's key is revoked. */
  revoked(): void
}

export interface Revocations extends AsyncDisposable {
  watch: (caller: Caller, watcher: Watcher) => void
  unwatch: (caller: Caller, watcher: Watcher) => void
  /** The same stream, which ends when the caller's key is revoked. */
  guard: (caller: Caller | null, stream: ResultStream) => ResultStream
  /** How many callers are watched. */
  size: () => number
}

interface RevocationsInput {
  findRevoked: FindRevoked
  logger: Logger
  intervalMs?: number
}

/** With the query and the jitter of the loop below the promised second. */
const INTERVAL_MS = 400

export function createRevocations({ findRevoked, logger, intervalMs = INTERVAL_MS }: RevocationsInput): Revocations {
  const watched = new Map<string, { caller: Caller; watchers: Set<Watcher> }>()
  let isFailing = false

  const check = async () => {
    if (watched.size === 0) return
    try {
      const revoked = await findRevoked([...watched.values()].map(({ caller }) => caller))
      isFailing = false
      for (const id of revoked) {
        const watchers = watched.get(id)?.watchers ?? []
        watched.delete(id)
        for (const watcher of [...watchers]) watcher.revoked()
      }
    } catch (error) {
      // Whoever is let in stays while nobody can tell; once is enough to say so.
      if (!isFailing) logger.warn({ err: error }, 'revoked keys could not be looked up')
      isFailing = true
    }
  }
  const loop = startLoop({ name: 'revoked keys', intervalMs, run: check, logger })

  const watch = (caller: Caller, watcher: Watcher) => {
    const entry = watched.get(caller.id) ?? { caller, watchers: new Set() }
    watched.set(caller.id, entry)
    entry.watchers.add(watcher)
  }
  const unwatch = ({ id }: Caller, watcher: Watcher) => {
    const entry = watched.get(id)
    entry?.watchers.delete(watcher)
    if (entry?.watchers.size === 0) watched.delete(id)
  }

  return {
    watch,
    unwatch,
    guard(caller, stream) {
      if (!caller) return stream
      const watcher = { revoked: () => void stream.return(undefined) }
      const release = () => unwatch(caller, watcher)
      watch(caller, watcher)
      const guarded: ResultStream = {
        async next() {
          const next = await stream.next()
          if (next.done) release()
          return next
        },
        return(value) {
          release()
          return stream.return(value)
        },
        throw(error) {
          release()
          return stream.throw(error)
        },
        [Symbol.asyncIterator]: () => guarded,
        async [Symbol.asyncDispose]() {
          release()
          await stream.return(undefined)
        },
      }
      return guarded
    },
    size: () => watched.size,
    [Symbol.asyncDispose]: () => loop[Symbol.asyncDispose](),
  }
}

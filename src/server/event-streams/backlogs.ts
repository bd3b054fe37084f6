// What one event stream carries for several operations and has not sent yet: bounded, by letting them wait.

import type { ResultStream } from '../fan-out/result-stream.ts'

export interface Backlog {
  /** Operations that run, and results that wait to be sent. */
  size: () => number
  added: () => void
  taken: () => void
  /** The same stream, asked for its next result only while there is room. */
  pace: (stream: ResultStream, ended: () => void) => ResultStream
  /** The stream is over: nobody waits for room any more. */
  dissolve: () => void
}

/** More would be read ahead of the client; what its source brings meanwhile is conflated there. */
const UNSENT_LIMIT = 16

export function createBacklog(): Backlog {
  let unsent = 0
  let running = 0
  let isDissolved = false
  let waiting: (() => void)[] = []

  const release = () => {
    const released = waiting
    waiting = []
    for (const proceed of released) proceed()
  }
  const hasRoom = async () => {
    while (unsent >= UNSENT_LIMIT && !isDissolved) await new Promise<void>((resolve) => waiting.push(resolve))
  }

  return {
    size: () => unsent + running,
    added() {
      unsent++
    },
    taken() {
      unsent--
      if (unsent < UNSENT_LIMIT) release()
    },
    pace(stream, ended) {
      let isRunning = true
      running++
      const end = () => {
        if (!isRunning) return
        isRunning = false
        running--
        ended()
      }
      const paced: ResultStream = {
        async next() {
          await hasRoom()
          const next = await stream.next()
          if (next.done) end()
          return next
        },
        return(value) {
          end()
          return stream.return(value)
        },
        throw(error) {
          end()
          return stream.throw(error)
        },
        [Symbol.asyncIterator]: () => paced,
        async [Symbol.asyncDispose]() {
          await paced.return(undefined)
        },
      }
      return paced
    },
    dissolve() {
      isDissolved = true
      release()
    },
  }
}

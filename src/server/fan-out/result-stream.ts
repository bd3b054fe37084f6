// The results of a subscription: one execution per event of its source, ended at once by whoever reads it.

import type { ExecutionResult } from 'graphql'
import { resumePointOf, setResumePoint } from '../../realtime/resume-points.ts'

export type ResultStream = AsyncGenerator<ExecutionResult, undefined, undefined>

interface ResultStreamInput {
  source: AsyncIterator<unknown>
  execute: (event: unknown, isWanted: () => boolean) => Promise<ExecutionResult>
  /** The last result of a source that fails. */
  describeFailure: (error: unknown) => ExecutionResult
}

const DONE = { done: true, value: undefined } as const

/**
 * Not an async generator function: the `return` of one waits behind a pending `next`, so a client that leaves would
 * keep its source until the next event. Here `return` settles the pending `next` and returns the source at once.
 */
export function createResultStream({ source, execute, describeFailure }: ResultStreamInput): ResultStream {
  type Next = IteratorResult<ExecutionResult, undefined>
  // Not a race against one long-lived promise: that would keep a reaction of every event until the end.
  const waiting = new Set<(next: Next) => void>()
  let isEnded = false

  const end = () => {
    if (isEnded) return
    isEnded = true
  }

  const returnSource = () => {
    // A source that cannot be returned ends with its last event; nobody waits for it.
    Promise.resolve(source.return?.()).catch(() => {})
  }

  const read = async (): Promise<Next> => {
    try {
      const event = await source.next()
      if (isEnded) return DONE
      if (event.done) {
        end()
        return DONE
      }
      const result = await execute(event.value, () => !isEnded)
      const id = resumePointOf(event.value)
      if (id !== null && !result.errors) setResumePoint(result, id)
      return { done: false, value: result }
    } catch (error) {
      if (isEnded) return DONE
      end()
      returnSource()
      return { done: false, value: describeFailure(error) }
    }
  }

  const stop = () => {
    if (!isEnded) {
      end()
      for (const resolve of waiting) resolve(DONE)
      waiting.clear()
      returnSource()
    }
    return Promise.resolve(DONE)
  }

  const stream: ResultStream = {
    next: () =>
      new Promise((resolve) => {
        if (isEnded) return resolve(DONE)
        waiting.add(resolve)
        void read().then((next) => {
          waiting.delete(resolve)
          resolve(next)
        })
      }),
    return: stop,
    throw: stop,
    [Symbol.asyncIterator]: () => stream,
    async [Symbol.asyncDispose]() {
      await stop()
    },
  }
  return stream
}

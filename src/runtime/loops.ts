// A background loop: one turn after another, never two at once, and closing waits for the turn that runs.

import type { Logger } from './logger.ts'

export interface Loop extends AsyncDisposable {
  /** Begins the next turn now, or right after the one that runs. */
  wake: () => void
}

interface LoopInput {
  name: string
  /** The pause between two turns; a function is asked before each. */
  intervalMs: number | (() => number)
  /** `closing` aborts when the loop is told to close, so that a long turn can end early. */
  run: (closing: AbortSignal) => Promise<void>
  logger: Logger
}

// Gateways that started together drift apart instead of asking the database in step.
const JITTER = 0.2

export function startLoop(input: LoopInput): Loop {
  const closing = new AbortController()
  let woken = false
  let endPause = () => {}

  const pause = async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const interval = typeof input.intervalMs === 'function' ? input.intervalMs() : input.intervalMs
    const timer = setTimeout(resolve, interval * (1 - JITTER / 2 + Math.random() * JITTER))
    endPause = resolve
    if (woken || closing.signal.aborted) resolve()
    await promise
    clearTimeout(timer)
    woken = false
  }

  const turns = (async () => {
    for (;;) {
      await pause()
      if (closing.signal.aborted) return
      try {
        await input.run(closing.signal)
      } catch (error) {
        if (!closing.signal.aborted) input.logger.error({ err: error, loop: input.name }, 'a turn failed')
      }
    }
  })()

  return {
    wake() {
      woken = true
      endPause()
    },
    async [Symbol.asyncDispose]() {
      closing.abort()
      endPause()
      await turns
    },
  }
}

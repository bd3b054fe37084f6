// The one way a test waits: for a condition, with a deadline.

import { setTimeout as pause } from 'node:timers/promises'

interface UntilOptions {
  deadlineMs?: number
  intervalMs?: number
  /** What is waited for, told when the deadline passes. */
  what?: string
}

/** Answers the first truthy value of the condition. One that throws counts as not yet true. */
export async function until<Value>(
  condition: () => Value | Promise<Value>,
  { deadlineMs = 10_000, intervalMs = 10, what = 'the condition' }: UntilOptions = {},
): Promise<Exclude<Awaited<Value>, null | undefined | false | 0 | ''>> {
  const deadline = performance.now() + deadlineMs
  let last: unknown
  for (;;) {
    try {
      const value = await condition()
      if (value) return value as Exclude<Awaited<Value>, null | undefined | false | 0 | ''>
      last = value
    } catch (error) {
      last = error
    }
    if (performance.now() > deadline) {
      throw new Error(`${what} did not come true within ${deadlineMs} ms; last: ${String(last)}`, { cause: last })
    }
    await pause(intervalMs)
  }
}

// What ends an attempt that was judged by something which changed before it was written, and the one way to start over.
import { isLockTimeout, isOutdated } from '../../db/errors.ts'
import { BusyError } from './refusals.ts'

export interface ResourceDay {
  resourceId: string
  day: string
}

export class OutdatedAttempt extends Error {
  /** Locks that turned out to be needed. */
  resourceDays: ResourceDay[]

  constructor(resourceDays: ResourceDay[] = []) {
    super('The attempt was judged by something outdated.')
    this.resourceDays = resourceDays
  }
}

const ATTEMPTS = 8

/**
 * Starts over, with the locks that turned out to be needed, until an attempt was judged by what is in force. Throws BusyError
 * when that does not come about, or the wait for a lock ran out.
 */
export async function untilPresent<T>(attempt: (extraDays: ResourceDay[], number: number) => Promise<T>): Promise<T> {
  const extraDays: ResourceDay[] = []
  for (let number = 1; number <= ATTEMPTS; number++) {
    try {
      return await attempt(extraDays, number)
    } catch (error) {
      if (isLockTimeout(error)) throw new BusyError()
      if (error instanceof OutdatedAttempt) extraDays.push(...error.resourceDays)
      // With the locks off a constraint may have refused what the read had not seen, or two such waits met: look again.
      else if (!isOutdated(error)) throw error
    }
  }
  throw new BusyError()
}

// What ends an attempt that was judged by something which changed before it was written: whoever started it starts over.

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

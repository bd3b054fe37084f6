// Who waits for a turn of the log: a bounded number at a time, and whoever breaks a turn breaks it alone.

export interface Arriving {
  fail(error: unknown): void
}

/** Those of one reader of the log. */
export interface ArrivalQueue<Waiting extends Arriving> {
  add(waiting: Waiting): void
  /** Whom the turn that has begun reads for. */
  present(): readonly Waiting[]
  /** The same, once: from here on the caller answers each of them. */
  serve(): Waiting[]
}

export interface Arrivals {
  queue<Waiting extends Arriving>(): ArrivalQueue<Waiting>
  size(): number
  /** A turn begins, for all readers. */
  begin(): void
  /**
   * The turn came to nothing. If the database is away, all wait on. Else the log is read without them next, and then with
   * one of them at a time: who breaks a turn alone is refused, and nobody else waits for it again.
   */
  failed(error: unknown, isAway: boolean): void
  close(error: unknown): void
}

interface Entry {
  one: Arriving
  /** Has been in a turn that came to nothing. */
  isSuspect: boolean
  enter(): void
}

/** More wait for the next turn: each may need hundreds of resource-days. */
const TAKEN_LIMIT = 64

export function createArrivals(): Arrivals {
  const waiting: Entry[] = []
  const suspects: Entry[] = []
  const leaveTurn: (() => void)[] = []
  /** Whom the present turn reads for; served ones are taken out. */
  const taken = new Set<Entry>()
  let isResting = false
  let isTrialDue = false
  const leave = () => {
    const rest = [...taken]
    taken.clear()
    for (const step of leaveTurn) step()
    return rest
  }
  const choose = (): Entry[] => {
    if (isResting) return []
    // In turns: neither do those who arrive wait for a trial that takes long, nor the suspects for a crowd.
    const isTrial = suspects.length > 0 && (isTrialDue || waiting.length === 0)
    isTrialDue = !isTrial
    return isTrial ? suspects.splice(0, 1) : waiting.splice(0, TAKEN_LIMIT)
  }
  return {
    queue<Waiting extends Arriving>() {
      const present = new Map<Entry, Waiting>()
      leaveTurn.push(() => present.clear())
      return {
        add(one: Waiting) {
          const entry = { one, isSuspect: false, enter: () => void present.set(entry, one) }
          waiting.push(entry)
        },
        present: () => [...present.values()],
        serve() {
          const served = [...present.values()]
          for (const entry of present.keys()) taken.delete(entry)
          present.clear()
          return served
        },
      }
    },
    size: () => waiting.length + suspects.length + taken.size,
    begin() {
      for (const entry of choose()) {
        taken.add(entry)
        entry.enter()
      }
      isResting = false
    },
    failed(error, isAway) {
      const rest = leave()
      if (isAway) {
        waiting.unshift(...rest.filter(({ isSuspect }) => !isSuspect))
        suspects.unshift(...rest.filter(({ isSuspect }) => isSuspect))
        return
      }
      isResting = rest.length > 0
      for (const entry of rest) {
        if (entry.isSuspect) entry.one.fail(error)
        else suspects.push(Object.assign(entry, { isSuspect: true }))
      }
    },
    close(error) {
      for (const { one } of [...waiting.splice(0), ...suspects.splice(0), ...leave()]) one.fail(error)
    },
  }
}

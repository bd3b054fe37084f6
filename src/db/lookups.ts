// Looks up by name what many ask for at once: one read at a time takes all of them along, and what it found is remembered.

export interface Lookups<Value> {
  /** Null: there is none. Throws what the read throws. */
  find(name: string): Promise<Value | null>
}

interface LookupsInput<Value> {
  read: (names: string[]) => Promise<Map<string, Value>>
  /** How long an answer may be used after its read began. */
  trustedForMs: number
  /** What was found once is never read again. */
  staysTrue?: boolean
  keptLimit?: number
  /** A monotonic clock in milliseconds. */
  now?: () => number
}

interface Kept<Value> {
  value: Value | null
  readAt: number
}

const BATCH_LIMIT = 1000

/** What is not there is remembered too, apart from what is: inventing names costs one query after another and pushes nobody out. */
export function createLookups<Value>(input: LookupsInput<Value>): Lookups<Value> {
  const { read, trustedForMs, staysTrue = false, keptLimit = 10_000, now = () => performance.now() } = input
  const found = new Map<string, Kept<Value>>()
  const missing = new Map<string, Kept<Value>>()
  const waiting = new Map<string, PromiseWithResolvers<Value | null>>()
  let isReading = false

  const keep = (name: string, kept: Kept<Value>) => {
    const [into, outOf] = kept.value === null ? [missing, found] : [found, missing]
    outOf.delete(name)
    into.delete(name)
    if (into.size >= keptLimit) into.delete(into.keys().next().value as string)
    into.set(name, kept)
  }
  const readWaiting = async () => {
    isReading = true
    while (waiting.size > 0) {
      const batch = [...waiting].slice(0, BATCH_LIMIT)
      for (const [name] of batch) waiting.delete(name)
      const readAt = now()
      try {
        const values = await read(batch.map(([name]) => name))
        for (const [name, asked] of batch) {
          const value = values.get(name) ?? null
          keep(name, { value, readAt })
          asked.resolve(value)
        }
      } catch (error) {
        for (const [, asked] of batch) asked.reject(error)
      }
    }
    isReading = false
  }

  return {
    async find(name) {
      const kept = found.get(name) ?? missing.get(name)
      if (kept && ((staysTrue && kept.value !== null) || now() - kept.readAt < trustedForMs)) return kept.value
      const asked = waiting.get(name) ?? Promise.withResolvers<Value | null>()
      waiting.set(name, asked)
      if (!isReading) void readWaiting()
      return asked.promise
    },
  }
}

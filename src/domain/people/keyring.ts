// Lets callers in by their API key without a query on the hot path; a revoked key is dead within one second.
import type { Database } from '../../db/client.ts'
import { type ApiKeyRecord, findApiKeysByHash, findRevokedApiKeys, hashApiKey, looksLikeApiKey } from './api-keys.ts'
import type { Caller } from './callers.ts'

export interface Keyring {
  /** The caller of a key; null: unknown or revoked. Throws when the database is needed and away. */
  authenticate(key: string): Promise<Caller | null>
}

interface Kept {
  caller: Caller | null
  /** When the read began that says so; what was committed before is in it. */
  readAt: number
}

export interface KeyringOptions {
  /** A monotonic clock in milliseconds. */
  now?: () => number
  /** How many known keys are kept, and how many unknown ones. */
  keptLimit?: number
}

/** An answer older than this is read again in the background while it still serves. */
const REFRESH_AFTER_MS = 400
/** An answer older than this is not used: the promised second less the time it takes to answer. */
const TRUSTED_FOR_MS = 800
const BATCH_LIMIT = 1000

/**
 * One look-up is under way at a time and takes along everything that was asked meanwhile: callers of one key share one
 * read, and a flood of invented keys costs one query after another, never many at once. Unknown keys are kept
 * apart from the known ones, so that inventing keys pushes nobody out. Keys are kept as hashes only.
 */
export function createKeyring(db: Database, options: KeyringOptions = {}): Keyring {
  const { now = () => performance.now(), keptLimit = 10_000 } = options
  const known = new Map<string, Kept>()
  const unknown = new Map<string, Kept>()
  let waiting = new Map<string, PromiseWithResolvers<Kept>>()
  let reading = new Map<string, PromiseWithResolvers<Kept>>()
  let readingSince = 0

  async function authenticate(key: string): Promise<Caller | null> {
    if (!looksLikeApiKey(key)) return null
    const hash = hashApiKey(key)
    const kept = known.get(hash) ?? unknown.get(hash)
    const age = kept ? now() - kept.readAt : Number.POSITIVE_INFINITY
    if (kept && age < REFRESH_AFTER_MS) return kept.caller
    const read = lookUp(hash)
    if (!kept || age >= TRUSTED_FOR_MS) return (await read).caller
    // Whoever comes after the trusted time asks again and gets the error.
    read.catch(() => {})
    return kept.caller
  }

  /** A read under way will do unless it began so long ago that its answer would not be trusted. */
  function lookUp(hash: string): Promise<Kept> {
    const underWay = (now() - readingSince < TRUSTED_FOR_MS ? reading.get(hash) : undefined) ?? waiting.get(hash)
    if (underWay) return underWay.promise
    const asked = Promise.withResolvers<Kept>()
    waiting.set(hash, asked)
    if (reading.size === 0) void readWaiting()
    return asked.promise
  }

  async function readWaiting(): Promise<void> {
    while (waiting.size > 0) {
      const batch = [...waiting]
      reading = new Map(batch.slice(0, BATCH_LIMIT))
      waiting = new Map(batch.slice(BATCH_LIMIT))
      try {
        const readAt = now()
        readingSince = readAt
        const found = await findApiKeysByHash(db, [...reading.keys()])
        for (const [hash, asked] of reading) {
          const apiKey = found.get(hash)
          const kept = { caller: apiKey ? callerOf(apiKey) : null, readAt }
          keep(hash, kept)
          asked.resolve(kept)
        }
      } catch (error) {
        for (const asked of reading.values()) asked.reject(error)
      }
      reading = new Map()
    }
  }

  function keep(hash: string, kept: Kept): void {
    const [into, outOf] = kept.caller ? [known, unknown] : [unknown, known]
    outOf.delete(hash)
    into.delete(hash)
    if (into.size >= keptLimit) into.delete(into.keys().next().value as string)
    into.set(hash, kept)
  }

  return { authenticate }
}

/** The ids of those callers whose key is in force no more; a caller without a key is never among them. */
export async function findRevokedCallers(db: Database, callers: Caller[]): Promise<string[]> {
  const keys = callers.flatMap(({ organizationId, id }) =>
    id.startsWith(KEY) ? [{ organizationId, id: id.slice(KEY.length) }] : [],
  )
  return keys.length === 0 ? [] : (await findRevokedApiKeys(db, keys)).map((id) => KEY + id)
}

const KEY = 'key:'

function callerOf({ id, organizationId, kind }: ApiKeyRecord): Caller {
  return {
    organizationId,
    kind,
    id: KEY + id,
    appointmentId: null,
    actor: `${kind === 'SECRET' ? 'secret' : 'publishable'} key ${id}`,
    origin: 'API',
  }
}

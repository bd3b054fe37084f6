// Transactions shared by what is asked at the same time: while some are under way further work waits, and goes together as the next.
import type { Database } from './client.ts'
import { isDatabaseAway, isLockTimeout } from './errors.ts'
import type { Lock } from './locks.ts'
import { inSnapshot, inTransaction, type Tx } from './transaction.ts'

/** What several of one moment ask for in the same words is read once. */
export type Once = <T>(question: string, read: () => Promise<T>) => Promise<T>

/** Reads in a snapshot that begins after this call. */
export type SharedRead = <T>(organizationId: string, work: (tx: Tx, once: Once) => Promise<T>) => Promise<T>

/** Commits what several of one moment write as one set. Where they fail together each is tried alone, unless the database is away. */
export type SharedWrite<Input, Output> = (organizationId: string, input: Input) => Promise<Output>

export interface SetToWrite<Input, Output> {
  /** Taken before anything else in the transaction. */
  locks: (input: Input) => Lock[]
  /** One output for each input, in order. The same input may be among them twice, and come again: it must bear being done twice. */
  write: (tx: Tx, inputs: Input[]) => Promise<Output[]>
}

const MEMBER_LIMIT = 32
const UNDER_WAY_LIMIT = 2
const SHORT_WAIT_MS = 100

/** A hundred callers of one moment cost a few snapshots, not hundreds: BEGIN, tenant and COMMIT are shared. */
export function createSharedRead(db: Database): SharedRead {
  const submit = createCrowds<Reader>((organizationId, readers) => readTogether(db, organizationId, readers))
  return <T>(organizationId: string, work: (tx: Tx, once: Once) => Promise<T>) =>
    new Promise<T>((resolve, reject) => submit(organizationId, { work, resolve, reject }))
}

/** The same for writers, whose locks, statements and flush are shared too. */
export function createSharedWrite<Input, Output>(
  db: Database,
  { locks, write }: SetToWrite<Input, Output>,
): SharedWrite<Input, Output> {
  const commit = async (on: Database, organizationId: string, writers: Writer<Input, Output>[]) => {
    const inputs = writers.map(({ input }) => input)
    const outputs = await inTransaction(on, organizationId, (tx) => write(tx, inputs), { locks: inputs.flatMap(locks) })
    for (const [index, { resolve }] of writers.entries()) resolve(outputs[index] as Output)
  }
  const submit = createCrowds<Writer<Input, Output>>(async (organizationId, writers) => {
    await commit(db, organizationId, writers).catch(async (error: unknown) => {
      const alone = writers.length > 1 ? forEachAlone(db, error) : null
      if (alone) for (const writer of writers) await commit(alone, organizationId, [writer]).catch(writer.reject)
      else for (const { reject } of writers) reject(error)
    })
  })
  return (organizationId, input) => new Promise((resolve, reject) => submit(organizationId, { input, resolve, reject }))
}

interface Reader {
  work: (tx: Tx, once: Once) => Promise<unknown>
  resolve: (value: never) => void
  reject: (error: unknown) => void
}

interface Writer<Input, Output> {
  input: Input
  resolve: (output: Output) => void
  reject: (error: unknown) => void
}

interface Crowd<Member> {
  waiting: Member[]
  underWay: number
}

/** By organization. `run` settles all its members and never throws. */
function createCrowds<Member>(run: (organizationId: string, members: Member[]) => Promise<void>) {
  const crowds = new Map<string, Crowd<Member>>()

  const advance = (organizationId: string, crowd: Crowd<Member>) => {
    while (crowd.waiting.length > 0 && crowd.underWay < UNDER_WAY_LIMIT) {
      crowd.underWay++
      void run(organizationId, crowd.waiting.splice(0, MEMBER_LIMIT)).finally(() => {
        crowd.underWay--
        if (crowd.waiting.length > 0) advance(organizationId, crowd)
        else if (crowd.underWay === 0) crowds.delete(organizationId)
      })
    }
  }

  return (organizationId: string, member: Member) => {
    const crowd = crowds.get(organizationId) ?? { waiting: [], underWay: 0 }
    crowds.set(organizationId, crowd)
    crowd.waiting.push(member)
    // After the turn of the event loop: what arrived in one read of the sockets goes together.
    if (crowd.waiting.length === 1) setImmediate(() => advance(organizationId, crowd))
  }
}

async function readTogether(db: Database, organizationId: string, readers: Reader[]): Promise<void> {
  const readAlone = ({ work, resolve, reject }: Reader) =>
    inSnapshot(db, organizationId, (tx) => work(tx, createOnce())).then((value) => resolve(value as never), reject)
  if (readers.length === 1) return readAlone(readers[0] as Reader)
  try {
    const once = createOnce()
    const results = await inSnapshot(db, organizationId, (tx) =>
      Promise.allSettled(readers.map(async ({ work }) => work(tx, once))),
    )
    for (const [index, result] of results.entries()) {
      const { resolve, reject } = readers[index] as Reader
      if (result.status === 'fulfilled') resolve(result.value as never)
      // The snapshot ended well: no statement failed, and what the reader says is its own.
      else reject(result.reason)
    }
  } catch (error) {
    // Somebody's statement failed, and with it all that came after.
    if (isDatabaseAway(error)) for (const { reject } of readers) reject(error)
    else await Promise.all(readers.map(readAlone))
  }
}

/**
 * What the members of a group that failed are tried on, one after the other. They have waited for the locks together: alone they
 * must not wait as long again each. Null: nothing is gained, or nobody knows whether it was committed.
 */
export function forEachAlone(db: Database, error: unknown): Database | null {
  if (isDatabaseAway(error)) return null
  return isLockTimeout(error) ? { ...db, lockTimeoutMs: Math.min(db.lockTimeoutMs, SHORT_WAIT_MS) } : db
}

function createOnce(): Once {
  const asked = new Map<string, Promise<unknown>>()
  return <T>(question: string, read: () => Promise<T>) => {
    const known = asked.get(question) ?? read()
    asked.set(question, known)
    return known as Promise<T>
  }
}

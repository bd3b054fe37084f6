// Transactions shared by what is asked at the same time: while one is under way further work waits, and goes together as the next.
import type { Database } from './client.ts'
import type { Lock } from './locks.ts'
import { inSnapshot, inTransaction, type Tx } from './transaction.ts'

/** What several of one moment ask for in the same words is read once. */
export type Once = <T>(question: string, read: () => Promise<T>) => Promise<T>

export interface SharedTransactions {
  /** In a snapshot that begins after this call. */
  read<T>(organizationId: string, work: (tx: Tx, once: Once) => Promise<T>): Promise<T>
  /**
   * Commits with the others; where they fail together each is tried alone, so `work` must bear being done twice. Works with a
   * lock in common are never together.
   */
  write<T>(organizationId: string, work: (tx: Tx) => Promise<T>, locks: Lock[]): Promise<T>
}

interface Member {
  work: (tx: Tx, once: Once) => Promise<unknown>
  locks: Lock[]
  resolve: (value: never) => void
  reject: (error: unknown) => void
}

interface Queue {
  waiting: Member[]
  underWay: number
}

type Run = (db: Database, organizationId: string, members: Member[]) => Promise<void>

const MEMBER_LIMIT = 32
const UNDER_WAY_LIMIT = 2

/** A hundred callers of one moment cost a few transactions, not hundreds: BEGIN, tenant, locks, COMMIT and its flush are shared. */
export function createSharedTransactions(db: Database): SharedTransactions {
  const reads = new Map<string, Queue>()
  const writes = new Map<string, Queue>()

  const submit = (queues: Map<string, Queue>, run: Run, organizationId: string, member: Member) => {
    const queue = queues.get(organizationId) ?? { waiting: [], underWay: 0 }
    queues.set(organizationId, queue)
    queue.waiting.push(member)
    // After the turn of the event loop: what arrived in one read of the sockets goes together.
    if (queue.waiting.length === 1) setImmediate(() => advance(queues, run, organizationId, queue))
  }

  const advance = (queues: Map<string, Queue>, run: Run, organizationId: string, queue: Queue) => {
    while (queue.waiting.length > 0 && queue.underWay < UNDER_WAY_LIMIT) {
      queue.underWay++
      void run(db, organizationId, takeMembers(queue)).finally(() => {
        queue.underWay--
        if (queue.waiting.length > 0) advance(queues, run, organizationId, queue)
        else if (queue.underWay === 0) queues.delete(organizationId)
      })
    }
  }

  return {
    read: <T>(organizationId: string, work: (tx: Tx, once: Once) => Promise<T>) =>
      new Promise<T>((resolve, reject) =>
        submit(reads, readTogether, organizationId, { work, locks: [], resolve, reject }),
      ),
    write: <T>(organizationId: string, work: (tx: Tx) => Promise<T>, locks: Lock[]) =>
      new Promise<T>((resolve, reject) =>
        submit(writes, writeTogether, organizationId, { work, locks, resolve, reject }),
      ),
  }
}

/** In order; who excludes somebody before them waits. */
function takeMembers(queue: Queue): Member[] {
  const taken: Member[] = []
  const left: Member[] = []
  const excluded = new Set<bigint>()
  for (const member of queue.waiting) {
    const isFree = member.locks.every(({ key }) => !excluded.has(key))
    for (const { key } of member.locks) excluded.add(key)
    if (isFree && taken.length < MEMBER_LIMIT) taken.push(member)
    else left.push(member)
  }
  queue.waiting = left
  return taken
}

async function readTogether(db: Database, organizationId: string, members: Member[]): Promise<void> {
  const once = createOnce()
  const results = await inSnapshot(db, organizationId, (tx) =>
    Promise.allSettled(members.map(async ({ work }) => work(tx, once))),
  ).catch((reason: unknown) => members.map(() => ({ status: 'rejected' as const, reason })))
  await Promise.all(
    results.map(async (result, index) => {
      const { work, resolve, reject } = members[index] as Member
      if (result.status === 'fulfilled') resolve(result.value as never)
      // Perhaps it was somebody else's statement that failed.
      else if (members.length === 1) reject(result.reason)
      else
        await inSnapshot(db, organizationId, (tx) => work(tx, createOnce())).then(
          (value) => resolve(value as never),
          reject,
        )
    }),
  )
}

async function writeTogether(db: Database, organizationId: string, members: Member[]): Promise<void> {
  const write = (group: Member[]) =>
    inTransaction(db, organizationId, (tx) => Promise.all(group.map(async ({ work }) => work(tx, createOnce()))), {
      locks: group.flatMap(({ locks }) => locks),
    })
  const settle = async (group: Member[]) => {
    const values = await write(group)
    for (const [index, { resolve }] of group.entries()) resolve(values[index] as never)
  }
  await settle(members).catch(async (error: unknown) => {
    if (members.length === 1) members[0]?.reject(error)
    else for (const member of members) await settle([member]).catch(member.reject)
  })
}

function createOnce(): Once {
  const asked = new Map<string, Promise<unknown>>()
  return <T>(question: string, read: () => Promise<T>) => {
    const known = asked.get(question) ?? read()
    asked.set(question, known)
    return known as Promise<T>
  }
}

// Random committed changes of claims, schedules and busy intervals, from several connections with unequal pauses.

import { randomUUIDv7 } from 'node:crypto'
import { claimDeltas, recordChanges, redefined } from '../../src/db/change-log.ts'
import type { Database } from '../../src/db/client.ts'
import { isRetriableConflict, violatedConstraint } from '../../src/db/errors.ts'
import { inTransaction, type Tx } from '../../src/db/transaction.ts'
import type { Claim } from '../../src/domain/vocabulary/types.ts'

const MINUTE = 60_000

export type Random = () => number

/** Mulberry32: a seed that failed can be played again. */
export function seededRandom(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

interface ChangesInput {
  db: Database
  organizationId: string
  resourceIds: string[]
  from: number
  to: number
  random: Random
}

class Undone extends Error {}

/** One writer: it knows its own claims and moves them about. */
export function createWriter({ db, organizationId, resourceIds, from, to, random }: ChangesInput) {
  const own: Claim[] = []
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
  const newClaim = (): Claim => {
    const start = from + Math.floor((random() * (to - from)) / (15 * MINUTE)) * 15 * MINUTE
    const expiresAt = random() < 0.4 ? Date.now() + Math.floor(random() * 2500) : null
    const end = start + (1 + Math.floor(random() * 8)) * 15 * MINUTE
    return {
      id: randomUUIDv7(),
      resourceId: pick(resourceIds),
      start,
      end,
      holdId: randomUUIDv7(),
      appointmentId: null,
      expiresAt,
    }
  }
  const write = async (added: Claim[], removed: Claim[], extra: (tx: Tx) => Promise<void> = async () => {}) => {
    await inTransaction(db, organizationId, async (tx) => {
      if (removed.length > 0)
        await tx.sql`update claims set active = false where id = any(${removed.map(({ id }) => id)})`
      for (const claim of added) await insert(tx, claim)
      await extra(tx)
      if (added.length + removed.length > 0) await recordChanges(tx, claimDeltas({ added, removed }))
      // The transaction has its id by now: others that begin later commit earlier.
      await tx.sql`select pg_sleep(${random() < 0.3 ? random() * 0.2 : 0})`
      if (random() < 0.1) throw new Undone()
    })
    for (const claim of removed) own.splice(own.indexOf(claim), 1)
    own.push(...added)
  }
  const one = () => (own.length > 0 ? [pick(own)] : [])
  const claims = [
    () => write([newClaim()], []),
    () => write([newClaim(), newClaim()], []),
    () => write([], one()),
    () => write([newClaim()], one()),
  ]
  const busy = () =>
    write([], [], async (tx) => {
      const { resourceId, start } = newClaim()
      await tx.sql`
        insert into busy_intervals (organization_id, id, resource_id, during, source, external_id)
        values (${organizationId}, ${randomUUIDv7()}, ${resourceId},
          tstzrange(${start}::timestamptz, ${start + 30 * MINUTE}::timestamptz), 'test', ${randomUUIDv7()})`
      const day = new Date(start).toISOString().slice(0, 10)
      await recordChanges(tx, [{ subjectId: resourceId, day, delta: { busy: true } }])
    })
  const hours = () =>
    write([], [], async (tx) => {
      const resourceId = pick(resourceIds)
      await tx.sql`update weekly_hours set opens_at_minute = ${Math.floor(random() * 8) * 60}
                   where organization_id = ${organizationId} and resource_id = ${resourceId} and weekday = ${1 + Math.floor(random() * 7)}`
      await recordChanges(tx, [redefined(resourceId)])
    })
  return {
    /** Tries one change; one that is in the way of another is not made. */
    async step(): Promise<void> {
      try {
        await (random() < 0.05 ? pick([busy, hours])() : pick(claims)())
      } catch (error) {
        // Without locks two writers can also block each other for good: one of them is chosen to give way.
        const isInTheWay = violatedConstraint(error) !== undefined || isRetriableConflict(error)
        if (!(error instanceof Undone) && !isInTheWay) throw error
      }
    },
  }
}

async function insert(tx: Tx, { id, resourceId, start, end, holdId, expiresAt }: Claim): Promise<void> {
  await tx.sql`
    insert into claims (organization_id, id, resource_id, during, segment_position, group_position, hold_id, expires_at)
    values (${tx.organizationId}, ${id}, ${resourceId}, tstzrange(${start}::timestamptz, ${end}::timestamptz), 0, 0,
      ${holdId}, ${expiresAt}::timestamptz)`
}

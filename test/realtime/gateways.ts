// A gateway's live part on a database, and clients that judge every message they get.

import { type Database, openDatabase } from '../../src/db/client.ts'
import { inSnapshot } from '../../src/db/transaction.ts'
import { findAvailability } from '../../src/domain/availability/availability.ts'
import type { Instant, Slot } from '../../src/domain/vocabulary/types.ts'
import { type Bus, createLocalBus } from '../../src/realtime/bus.ts'
import type { AvailabilityQuestion } from '../../src/realtime/cursors.ts'
import { type AvailabilityUpdate, createLive, type Live } from '../../src/realtime/live.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { CURSOR_SECRET } from '../support/cursor-secret.ts'

export interface TestGateway extends AsyncDisposable {
  db: Database
  live: Live
}

/** What is committed through its `db` is told to `live`, unless `isDeaf`: then only the log tells. */
export function openGateway(
  url: string,
  { bus = createLocalBus(), isDeaf = false, poolSize = 4 }: { bus?: Bus; isDeaf?: boolean; poolSize?: number } = {},
): TestGateway {
  const db = openDatabase({ url, poolSize })
  const own = openDatabase({ url, poolSize: 2 })
  const live = createLive({ cursorSecret: CURSOR_SECRET, db: own, bus, logger: createLogger('silent') })
  if (!isDeaf) db.onCommitted = (transaction) => live.onCommitted(transaction)
  return {
    db,
    live,
    async [Symbol.asyncDispose]() {
      await live[Symbol.asyncDispose]()
      await bus[Symbol.asyncDispose]()
      await own[Symbol.asyncDispose]()
      await db[Symbol.asyncDispose]()
    },
  }
}

export interface LiveClient {
  updates: AvailabilityUpdate[]
  /** Every breach of the contract seen so far. */
  faults: string[]
  /** Start and candidates of what is open, as known from the messages alone. */
  slots(): Slot[]
  cursor(): string | null
  close(): Promise<void>
  finished: Promise<void>
}

/**
 * `known` is what a client that comes back with a cursor knows already. Its first change names all that was touched since,
 * as it is now: some of that it may know.
 */
export function follow(
  stream: AsyncIterableIterator<AvailabilityUpdate>,
  known: readonly Slot[] | null = null,
): LiveClient {
  const open = new Map<Instant, Slot>(known?.map((slot) => [slot.startsAt, slot]))
  const client: LiveClient = {
    updates: [],
    faults: [],
    slots: () => [...open.values()].sort((a, b) => a.startsAt - b.startsAt),
    cursor: () => client.updates.at(-1)?.cursor ?? null,
    close: async () => {
      await stream.return?.()
    },
    finished: Promise.resolve(),
  }
  client.finished = (async () => {
    for await (const update of stream) {
      const isFirst = client.updates.length === 0
      client.faults.push(
        ...faultsOf(update, open, { isFirst: isFirst && known === null, isBack: isFirst && known !== null }),
      )
      client.updates.push(update)
      if (update.kind === 'SNAPSHOT') open.clear()
      for (const { startsAt } of update.closed) open.delete(startsAt)
      for (const slot of update.opened) open.set(slot.startsAt, slot)
    }
  })()
  return client
}

function faultsOf(
  { kind, opened, closed }: AvailabilityUpdate,
  open: Map<Instant, Slot>,
  { isFirst, isBack }: { isFirst: boolean; isBack: boolean },
): string[] {
  if (kind === 'SNAPSHOT') return closed.length > 0 ? ['a snapshot that closes'] : []
  const faults: string[] = []
  if (isFirst) faults.push('a change of nothing')
  if (opened.length + closed.length === 0) faults.push('a change without any')
  for (const slot of closed)
    if (!isBack && !open.has(slot.startsAt)) faults.push(`closed what was not open: ${slot.startsAt}`)
  for (const slot of opened) {
    if (!isBack && JSON.stringify(open.get(slot.startsAt)) === JSON.stringify(slot))
      faults.push(`opened twice: ${slot.startsAt}`)
    if (closed.some(({ startsAt }) => startsAt === slot.startsAt)) faults.push(`opened and closed: ${slot.startsAt}`)
  }
  return faults
}

/** The query's answer, from a pool that shares nothing with the gateways. */
export async function answerOf(db: Database, question: AvailabilityQuestion): Promise<Slot[]> {
  const { organizationId, serviceId, from, to, resourceIds } = question
  const wish = { serviceId, from, to, resourceIds: resourceIds as string[] | null }
  return (await inSnapshot(db, organizationId, (tx) => findAvailability(tx, wish))).slots
}

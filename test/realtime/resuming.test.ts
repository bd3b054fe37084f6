// Coming back with a cursor: exactly what was missed, or one snapshot; never a part.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inSnapshot, inTransaction } from '../../src/db/transaction.ts'
import { findAvailability } from '../../src/domain/availability/availability.ts'
import { releaseHold } from '../../src/domain/bookings/release-hold.ts'
import { setWeeklyHours } from '../../src/domain/catalogue/working-schedules.ts'
import { type BookingLane, createBookingLane } from '../../src/domain/claims/booking-lane.ts'
import { type AvailabilityQuestion, availabilityScope, type Cursor, createCursors } from '../../src/realtime/cursors.ts'
import { InvalidCursorError } from '../../src/realtime/invalid-cursor-error.ts'
import { pruneChanges } from '../../src/realtime/prune-changes.ts'
import { parseSnapshot } from '../../src/realtime/snapshots.ts'
import { CURSOR_SECRET } from '../support/cursor-secret.ts'
import { ALWAYS_OPEN, book, hold, hourAhead, openSalon, type Salon } from '../support/salon.ts'
import { until } from '../support/until.ts'
import { answerOf, follow, openGateway, type TestGateway } from './gateways.ts'

const HOUR = 3_600_000
const cursors = createCursors(CURSOR_SECRET)
let salon: Salon
let gateway: TestGateway
let lane: BookingLane
let offset = 0
beforeAll(async () => {
  salon = await openSalon({ people: 1 })
  gateway = openGateway(salon.url)
  lane = createBookingLane(gateway.db)
})
afterAll(async () => {
  await lane[Symbol.asyncDispose]()
  await gateway[Symbol.asyncDispose]()
  await salon[Symbol.asyncDispose]()
})

/** A range of its own for each test. */
function question(hours = 4): AvailabilityQuestion {
  const from = hourAhead(offset)
  offset += hours
  return {
    organizationId: salon.organizationId,
    serviceId: salon.cutId,
    from,
    to: from + hours * HOUR,
    resourceIds: null,
  }
}

async function query(asked: AvailabilityQuestion) {
  return inSnapshot(salon.db, salon.organizationId, async (tx) => {
    const { from, to, serviceId, resourceIds } = asked
    const answer = await findAvailability(tx, { serviceId, from, to, resourceIds: resourceIds as string[] | null })
    const { epoch, now, ...position } = answer.position
    const snapshot = parseSnapshot(position.snapshot)
    if (!snapshot) throw new Error('no snapshot')
    const cursor = cursors.encode({ epoch, snapshot, ahead: [], at: now, scope: availabilityScope(asked) })
    return { slots: answer.slots, cursor }
  })
}

const booking = (startsAt: number) => book({ ...salon, lane }, startsAt)

describe('a subscriber with the cursor of a query', () => {
  it('is told nothing when nothing was missed, and then every change', async () => {
    const asked = question()
    const { slots, cursor } = await query(asked)
    const client = follow(await gateway.live.availability({ ...asked, after: cursor }), slots)
    await booking(asked.from)
    await until(() => client.updates.length === 1)
    expect(client.updates[0]?.kind).toBe('CHANGE')
    expect(client.slots()).toEqual(await answerOf(salon.db, asked))
    expect(client.faults).toEqual([])
  })

  it('is told as one change what was touched in between, open or closed as it is now', async () => {
    const asked = question()
    const { slots, cursor } = await query(asked)
    await booking(asked.from)
    const held = await hold({ ...salon, lane }, asked.from + HOUR, { ttlSeconds: 1 })
    await booking(asked.from + 2 * HOUR)
    await until(async () => (await answerOf(salon.db, asked)).some(({ startsAt }) => startsAt === held.startsAt))
    const client = follow(await gateway.live.availability({ ...asked, after: cursor }), slots)
    await until(() => client.updates.length === 1)
    const [update] = client.updates
    expect(update?.kind).toBe('CHANGE')
    expect(update?.closed.map(({ startsAt }) => startsAt)).toContain(asked.from)
    // It was held and is open again: whoever saw it closed meanwhile has to hear of it.
    expect(update?.opened.map(({ startsAt }) => startsAt)).toContain(held.startsAt)
    expect(client.slots()).toEqual(await answerOf(salon.db, asked))
    expect(client.faults).toEqual([])
  })
})

describe('a subscriber with the cursor of a message', () => {
  it('goes on at another gateway where it left off, also ahead of what that one has read', async () => {
    await using other = openGateway(salon.url, { isDeaf: true })
    const asked = question()
    const first = follow(await gateway.live.availability({ ...asked, after: null }))
    const elsewhere = follow(await other.live.availability({ ...asked, after: null }))
    await until(() => first.updates.length === 1 && elsewhere.updates.length === 1)
    await booking(asked.from)
    await until(() => first.updates.length === 2)
    await first.close()
    const known = first.slots()
    const client = follow(await other.live.availability({ ...asked, after: first.cursor() }), known)
    await booking(asked.from + HOUR)
    await until(() => client.updates.length === 1)
    expect(client.updates[0]?.kind).toBe('CHANGE')
    expect(client.slots()).toEqual(await answerOf(salon.db, asked))
    expect(client.faults).toEqual([])
    await elsewhere.close()
  })

  it('is one of many that were cut together: all are told the same shared update', async () => {
    const asked = question()
    const first = follow(await gateway.live.availability({ ...asked, after: null }))
    await until(() => first.updates.length === 1)
    await booking(asked.from)
    await until(() => first.updates.length === 2)
    const after = first.updates[0]?.cursor ?? null
    const streams = await Promise.all([...Array(20)].map(() => gateway.live.availability({ ...asked, after })))
    const updates = await Promise.all(streams.map(async (stream) => (await stream.next()).value))
    expect(updates[0]).toMatchObject({ kind: 'CHANGE' })
    expect(new Set(updates.map((update) => JSON.stringify([update.opened, update.closed]))).size).toBe(1)
    for (const stream of [...streams, first]) await ('close' in stream ? stream.close() : stream.return())
  })
})

describe('a subscriber whose library comes back with the cursor that it began with', () => {
  it('is right, though what it knows has moved on since: taken and given back, given back and taken', async () => {
    const asked = question(6)
    const taken = await hold({ ...salon, lane }, asked.from + HOUR)
    const { slots, cursor } = await query(asked)
    const first = follow(await gateway.live.availability({ ...asked, after: cursor }), slots)
    const given = await hold({ ...salon, lane }, asked.from + 4 * HOUR)
    await releaseHold(lane, { caller: salon.caller, holdId: taken.id })
    await until(() => first.updates.length === 2)
    await first.close()
    await releaseHold(lane, { caller: salon.caller, holdId: given.id })
    await booking(asked.from + HOUR)
    const again = follow(await gateway.live.availability({ ...asked, after: cursor }), first.slots())
    await until(() => again.updates.length === 1)
    expect(again.updates[0]?.kind).toBe('CHANGE')
    expect(again.slots()).toEqual(await answerOf(salon.db, asked))
    await again.close()
  })

  it('is right, though a hold has expired in between and the start was booked', async () => {
    const asked = question()
    const { slots, cursor } = await query(asked)
    const first = follow(await gateway.live.availability({ ...asked, after: cursor }), slots)
    const held = await hold({ ...salon, lane }, asked.from, { ttlSeconds: 1 })
    await until(() => first.updates.length === 2)
    expect(first.slots().map(({ startsAt }) => startsAt)).toContain(held.startsAt)
    await first.close()
    await booking(asked.from)
    const again = follow(await gateway.live.availability({ ...asked, after: cursor }), first.slots())
    await until(() => again.updates.length === 1)
    expect(again.slots()).toEqual(await answerOf(salon.db, asked))
    await again.close()
  })
})

describe('one snapshot is the answer', () => {
  const firstKind = async (asked: AvailabilityQuestion, after: string, { live } = gateway) => {
    const client = follow(await live.availability({ ...asked, after }))
    await until(() => client.updates.length > 0)
    expect(client.slots()).toEqual(await answerOf(salon.db, asked))
    await client.close()
    return client.updates[0]?.kind
  }
  const changed = (text: string, change: object) => cursors.encode({ ...cursors.decode(text), ...change } as never)

  it('to a cursor of another question', async () => {
    const asked = question()
    const { cursor } = await query({ ...asked, resourceIds: [...salon.people] })
    expect(await firstKind(asked, cursor)).toBe('SNAPSHOT')
  })

  it('to a cursor of another epoch, from the future, or from another database', async () => {
    const asked = question()
    const { cursor } = await query(asked)
    const snapshot = parseSnapshot('1000000:1000000:')
    expect(await firstKind(asked, changed(cursor, { epoch: 'ffffffffffff' }))).toBe('SNAPSHOT')
    expect(await firstKind(asked, changed(cursor, { epoch: '' }))).toBe('SNAPSHOT')
    expect(await firstKind(asked, changed(cursor, { snapshot }))).toBe('SNAPSHOT')
    expect(await firstKind(asked, changed(cursor, { ahead: [1_000_000] }))).toBe('SNAPSHOT')
    expect(await firstKind(asked, changed(cursor, { at: Date.now() + 60_000 }))).toBe('SNAPSHOT')
  })

  it('when hours have changed in between', async () => {
    const asked = question()
    const { cursor } = await query(asked)
    await inTransaction(salon.db, salon.organizationId, (tx) =>
      setWeeklyHours(tx, { resourceId: salon.people[0] ?? '', expectedVersion: 1, weeklyHours: ALWAYS_OPEN }),
    )
    // One that has just begun to watch: another may be told of it, as a change, after the subscriber has come back.
    await using other = openGateway(salon.url)
    expect(await firstKind(asked, cursor, other)).toBe('SNAPSHOT')
  })

  it('when the log was pruned in between', async () => {
    const asked = question()
    const { cursor } = await query(asked)
    await booking(asked.from)
    await pruneEverything()
    expect(await firstKind(asked, cursor)).toBe('SNAPSHOT')
    const fresh = await query(asked)
    await booking(asked.from + HOUR)
    expect(await pruneChanges(salon.db)).toBe(0)
    const client = follow(await gateway.live.availability({ ...asked, after: fresh.cursor }), fresh.slots)
    await until(() => client.updates.length > 0)
    expect(client.updates[0]?.kind).toBe('CHANGE')
  })
})

/** A transaction that runs in another database of the server keeps what it might not have seen. */
async function pruneEverything(): Promise<void> {
  await until(async () => {
    await pruneChanges(salon.db, { keepSeconds: 0 })
    const [{ count }] = await salon.db.sql<[{ count: number }]>`select count(*)::int from availability_changes`
    return count === 0
  })
}

it('what is no cursor is refused', async () => {
  const { cursor } = await query(question())
  const forged = createCursors('another secret').encode(cursors.decode(cursor) as Cursor)
  const broken = cursor.replace(/^.{20}/, (start) => [...start].reverse().join(''))
  for (const after of ['', 'nonsense', 'Zm9v', `${cursor}A`, broken, forged, 'A'.repeat(98_000)]) {
    await expect(gateway.live.availability({ ...question(), after })).rejects.toBeInstanceOf(InvalidCursorError)
  }
})

it('what does not exist is refused, and so is what is somebody else’s', async () => {
  const asked = question()
  const nobody = '01900000-0000-7000-8000-000000000000'
  const ask = (change: Partial<AvailabilityQuestion>) => gateway.live.availability({ ...asked, ...change, after: null })
  await expect(ask({ serviceId: nobody })).rejects.toThrow('no service')
  await expect(ask({ resourceIds: [nobody] })).rejects.toThrow('no resource')
  await expect(ask({ organizationId: nobody })).rejects.toThrow('no service')
})

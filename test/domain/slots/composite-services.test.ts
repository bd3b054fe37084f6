import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inSnapshot } from '../../../src/db/transaction.ts'
import { findAvailability } from '../../../src/domain/availability/availability.ts'
import { loadServiceRecords, updateService } from '../../../src/domain/catalogue/services.ts'
import { SlotUnavailableError } from '../../../src/domain/vocabulary/refusals.ts'
import { claimsOf, move, refusalOf } from '../../support/appointment-changes.ts'
import {
  ALWAYS_OPEN,
  book,
  countOverlaps,
  hold,
  hourAhead,
  openSalon,
  type Salon,
  segment,
} from '../../support/salon.ts'
import { addResource, addService } from '../../support/tenant.ts'

/** Two people, a room. A perm: applied in the room by a person, left alone for half an hour, rinsed by the same person. */
let salon: Salon
let roomId: string
let permId: string
let cutId: string
beforeAll(async () => {
  salon = await openSalon({ people: 2 })
  roomId = (await addResource(salon, { kind: 'ROOM', name: 'Room', weeklyHours: ALWAYS_OPEN })).id
  permId = (await addService(salon, perm())).id
  cutId = salon.cutId
})
afterAll(() => salon[Symbol.asyncDispose]())

const minute = 60_000

function perm() {
  const staff = { kind: 'STAFF' as const, candidateIds: salon.people }
  const room = { kind: 'ROOM' as const, candidateIds: [roomId] }
  return [
    segment({ candidateIds: [], name: 'Apply', resourceGroups: [room, staff], bufferBeforeMinutes: 15 }),
    segment({ candidateIds: [], name: 'Wait', resourceGroups: [] }),
    segment({
      candidateIds: [],
      name: 'Rinse',
      resourceGroups: [staff],
      sameStaffAsPrevious: true,
      bufferAfterMinutes: 15,
    }),
  ]
}

const bookPerm = (startsAt: number, resourceIds: (string | null)[] = []) =>
  book(salon, startsAt, { slot: { serviceId: permId, startsAt, resourceIds } })
const bookCut = (startsAt: number, person: string) =>
  book(salon, startsAt, { slot: { serviceId: cutId, startsAt, resourceIds: [person] } })

describe('a service of several segments', () => {
  it('claims each resource for its own segment and buffers, and the same person where it says so', async () => {
    const startsAt = hourAhead(0)
    const { appointment } = await bookPerm(startsAt)
    const [apply, wait, rinse] = appointment.segments
    expect(apply?.resourceIds).toHaveLength(2)
    expect(wait?.resourceIds).toEqual([])
    expect(rinse?.resourceIds).toEqual([apply?.resourceIds[1]])
    const person = apply?.resourceIds[1] as string
    const claims = (await claimsOf(salon.db, appointment.id)).map((claim) => ({
      ...claim,
      start: (claim.start - startsAt) / minute,
      end: (claim.end - startsAt) / minute,
    }))
    expect(claims).toHaveLength(3)
    expect(claims).toEqual(
      expect.arrayContaining([
        { resourceId: roomId, start: -15, end: 30 },
        { resourceId: person, start: -15, end: 30 },
        { resourceId: person, start: 60, end: 105 },
      ]),
    )
  })

  it('leaves its person free for others while it waits', async () => {
    const startsAt = hourAhead(4)
    const { appointment } = await bookPerm(startsAt)
    const person = appointment.segments[0]?.resourceIds[1] as string
    await bookCut(startsAt + 30 * minute, person)
    expect(await refusalOf(bookCut(startsAt + 45 * minute, person))).toBeInstanceOf(SlotUnavailableError)
    expect(await refusalOf(bookCut(startsAt + 90 * minute, person))).toBeInstanceOf(SlotUnavailableError)
    await bookCut(startsAt + 105 * minute, person)
  })

  it('is booked whole or not at all', async () => {
    const startsAt = hourAhead(8)
    // Everybody is free to apply, and nobody to rinse.
    for (const person of salon.people) await bookCut(startsAt + 60 * minute, person)
    const before = await salon.db.sql`select count(*) from claims`
    const refusal = (await refusalOf(bookPerm(startsAt))) as SlotUnavailableError
    expect(refusal.reasons.map(({ resourceId }) => resourceId).sort()).toEqual([...salon.people].sort())
    expect(await salon.db.sql`select count(*) from claims`).toEqual(before)
  })

  it('is refused when its parts are free, but not with one person', async () => {
    const startsAt = hourAhead(12)
    const [first, second] = salon.people as [string, string]
    await bookCut(startsAt, first)
    await bookCut(startsAt + 60 * minute, second)
    expect(await refusalOf(bookPerm(startsAt))).toBeInstanceOf(SlotUnavailableError)
  })

  it('is refused when the room is taken, whoever is free', async () => {
    const startsAt = hourAhead(16)
    await bookPerm(startsAt)
    const refusal = (await refusalOf(bookPerm(startsAt))) as SlotUnavailableError
    expect(refusal.reasons).toMatchObject([{ reason: 'ALREADY_BOOKED', resourceId: roomId }])
  })

  it('is held and booked as one', async () => {
    const startsAt = hourAhead(20)
    const held = await hold(salon, startsAt, { slot: { serviceId: permId, startsAt, resourceIds: [] } })
    const claimed = await salon.db.sql`select id from claims where hold_id = ${held.id} and active`
    expect(claimed).toHaveLength(3)
    const { appointment } = await book(salon, null, { holdId: held.id })
    expect(appointment.segments).toEqual(held.segments)
    expect(await claimsOf(salon.db, appointment.id)).toHaveLength(3)
  })

  it('moves by less than its own length, with the same person', async () => {
    const startsAt = hourAhead(24)
    const { appointment } = await bookPerm(startsAt, [roomId, salon.people[1] ?? null])
    const moved = await move(salon, appointment, startsAt + 15 * minute)
    expect(moved.segments.map(({ resourceIds }) => resourceIds)).toEqual(
      appointment.segments.map(({ resourceIds }) => resourceIds),
    )
    expect(await countOverlaps(salon.db)).toBe(0)
  })

  it('keeps who serves which part when it moves', async () => {
    const [first, second] = salon.people as [string, string]
    const relay = await addService(salon, [
      segment({ candidateIds: [first, second] }),
      segment({ candidateIds: [first, second] }),
    ])
    const slot = { serviceId: relay.id, startsAt: hourAhead(28), resourceIds: [second, first] }
    const { appointment } = await book(salon, slot.startsAt, { slot })
    const moved = await move(salon, appointment, hourAhead(30))
    expect(moved.segments.map(({ resourceIds }) => resourceIds)).toEqual([[second], [first]])
  })

  it('is offered exactly where it can be booked', async () => {
    const from = hourAhead(4)
    const { slots } = await inSnapshot(salon.db, salon.organizationId, (tx) =>
      findAvailability(tx, { serviceId: permId, from, to: from + 12 * 60 * minute, resourceIds: null }),
    )
    const offered = new Set(slots.map((slot) => slot.startsAt))
    expect(offered.size).toBeGreaterThan(5)
    for (let startsAt = from; startsAt < from + 12 * 60 * minute; startsAt += 15 * minute) {
      const held = await hold(salon, startsAt, {
        slot: { serviceId: permId, startsAt, resourceIds: [] },
        sessionKey: 'trying',
        replace: true,
      }).catch(() => null)
      expect(held !== null).toBe(offered.has(startsAt))
      // Nothing may be in the way of the next start.
      if (held) await salon.db.sql`update claims set active = false where hold_id = ${held.id}`
      if (held) await salon.db.sql`update holds set status = 'RELEASED' where id = ${held.id}`
    }
  })
})

describe('a changed service', () => {
  it('leaves appointments as they were booked, also when they move', async () => {
    const startsAt = hourAhead(72)
    const service = await addService(salon, perm())
    const slot = { serviceId: service.id, startsAt, resourceIds: [] }
    const { appointment } = await book(salon, startsAt, { slot })
    await salon.write(async (tx) => {
      const version = (await loadServiceRecords(tx, [service.id])).get(service.id)?.version ?? 0
      const segments = [segment({ candidateIds: salon.people, durationMinutes: 60 })]
      await updateService(tx, { serviceId: service.id, expectedVersion: version, segments, active: false })
    })
    expect(await claimsOf(salon.db, appointment.id)).toHaveLength(3)
    const moved = await move(salon, appointment, startsAt + 15 * minute)
    expect(moved.endsAt - moved.startsAt).toBe(90 * minute)
    expect(moved.segments.map(({ name }) => name)).toEqual(['Apply', 'Wait', 'Rinse'])
    expect(moved.segments.map(({ resourceIds }) => resourceIds)).toEqual(
      appointment.segments.map(({ resourceIds }) => resourceIds),
    )
  })

  it('never puts a person where an appointment has its room', async () => {
    const startsAt = hourAhead(76)
    const service = await addService(salon, perm())
    const slot = { serviceId: service.id, startsAt, resourceIds: [] }
    const { appointment } = await book(salon, startsAt, { slot })
    // The same groups in another order.
    const [apply, wait, rinse] = perm() as [
      ReturnType<typeof segment>,
      ReturnType<typeof segment>,
      ReturnType<typeof segment>,
    ]
    const turned = [{ ...apply, resourceGroups: apply.resourceGroups.toReversed() }, wait, rinse]
    await salon.write(async (tx) => {
      const version = (await loadServiceRecords(tx, [service.id])).get(service.id)?.version ?? 0
      await updateService(tx, { serviceId: service.id, expectedVersion: version, segments: turned })
    })
    const person = appointment.segments[0]?.resourceIds[1] as string
    await bookCut(hourAhead(78), person)
    // The person is taken, and nobody can stand in for a room.
    const attempt = await move(salon, appointment, hourAhead(78)).catch((error: unknown) => error)
    if (attempt instanceof Error) expect(attempt).toBeInstanceOf(SlotUnavailableError)
    else {
      const moved = attempt as Awaited<ReturnType<typeof move>>
      expect(moved.segments[0]?.resourceIds[0]).toBe(roomId)
      expect(moved.segments[2]?.resourceIds).toEqual([moved.segments[0]?.resourceIds[1]])
    }
  })
})

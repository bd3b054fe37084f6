import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inSnapshot } from '../../../src/db/transaction.ts'
import { completeAppointment, markNoShow } from '../../../src/domain/bookings/close-appointment.ts'
import { loadHolds } from '../../../src/domain/bookings/holds.ts'
import { releaseHold } from '../../../src/domain/bookings/release-hold.ts'
import { loadResources, updateResource } from '../../../src/domain/catalogue/resources.ts'
import { addTimeOff, loadTimeOffConflicts } from '../../../src/domain/catalogue/time-off.ts'
import { loadCustomers, upsertCustomer } from '../../../src/domain/people/customers.ts'
import {
  IdempotencyKeyReusedError,
  InvalidInputError,
  InvalidTransitionError,
  NotFoundError,
  SlotUnavailableError,
  VersionConflictError,
} from '../../../src/domain/vocabulary/refusals.ts'
import { cancel, claimsOf, committedBy, historyOf, move, refusalOf } from '../../support/appointment-changes.ts'
import {
  book,
  countOverlaps,
  guestCaller,
  hold,
  hourAhead,
  openSalon,
  outcomes,
  publishableCaller,
  type Salon,
} from '../../support/salon.ts'

let salon: Salon
beforeAll(async () => {
  salon = await openSalon({ people: 2 })
})
afterAll(() => salon[Symbol.asyncDispose]())

const minute = 60_000

function withPerson(index: number, startsAt: number) {
  return { slot: { serviceId: salon.cutId, startsAt, resourceIds: [salon.people[index] ?? null] } }
}

describe('booking a slot', () => {
  it('takes it, begins a history and answers with a manage token', async () => {
    const startsAt = hourAhead(0)
    const { appointment, usedAlternative, manageToken } = await book(salon, startsAt, { notes: ' with care ' })
    expect(appointment).toMatchObject({ status: 'CONFIRMED', version: 1, startsAt, endsAt: startsAt + 30 * minute })
    expect(appointment.notes).toBe('with care')
    expect(usedAlternative).toBe(false)
    expect(manageToken).toMatch(/^mt_/)
    expect(await claimsOf(salon.db, appointment.id)).toMatchObject([{ start: startsAt, end: startsAt + 30 * minute }])
    expect(await historyOf(salon, appointment.id)).toMatchObject([
      { kind: 'BOOKED', version: 1, startsAt, actor: 'secret key', origin: 'API' },
    ])
  })

  it('is announced as one transaction', async () => {
    const committed = await committedBy(salon.db, () => book(salon, hourAhead(1)))
    expect(committed).toMatchObject([{ organizationId: salon.organizationId, appointments: [{ version: 1 }] }])
    expect(committed[0]?.changes).toHaveLength(1)
  })

  it('is refused with every reason and three alternatives when everybody is taken', async () => {
    // In the middle of a day: alternatives of the same local day go before nearer ones of another.
    const day = 24 * 60 * minute
    const startsAt = Math.ceil(hourAhead(0) / day) * day + 20 * day + 10 * 60 * minute
    await book(salon, startsAt)
    await hold(salon, startsAt)
    const refusal = (await refusalOf(book(salon, startsAt))) as SlotUnavailableError
    expect(refusal).toBeInstanceOf(SlotUnavailableError)
    expect(new Set(refusal.reasons.map(({ reason }) => reason))).toEqual(new Set(['ALREADY_BOOKED', 'HELD']))
    expect(refusal.alternatives.map((slot) => slot.startsAt)).toEqual([
      startsAt + 30 * minute,
      startsAt - 30 * minute,
      startsAt + 45 * minute,
    ])
  })

  it.each([
    ['IN_THE_PAST', -24 * 365],
    ['TOO_FAR', 24 * 365],
  ])('is refused as %s', async (reason, hours) => {
    const refusal = (await refusalOf(book(salon, hourAhead(hours)))) as SlotUnavailableError
    expect(refusal.reasons.map((block) => block.reason)).toContain(reason)
  })

  it('is refused as OFF_GRID and changes nothing', async () => {
    const startsAt = hourAhead(3) + minute
    const refusal = (await refusalOf(book(salon, startsAt))) as SlotUnavailableError
    expect(refusal.reasons).toMatchObject([{ reason: 'OFF_GRID' }])
    expect(await salon.db.sql`select from appointments where starts_at = ${new Date(startsAt)}`).toHaveLength(0)
  })

  it('is refused for an unknown service, an unknown customer and a malformed phone', async () => {
    const nobody = '019a0000-0000-7000-8000-000000000000'
    expect(await refusalOf(book({ ...salon, cutId: nobody }, hourAhead(3)))).toBeInstanceOf(NotFoundError)
    const unknown = book(salon, hourAhead(3), { customer: null, customerId: nobody })
    expect(await refusalOf(unknown)).toBeInstanceOf(NotFoundError)
    const customer = { name: 'Ada', phone: 'call me', email: null }
    expect(await refusalOf(book(salon, hourAhead(3), { customer }))).toMatchObject({
      issues: [{ path: ['customer', 'phone'] }],
    })
    const both = book(salon, hourAhead(3), { holdId: nobody })
    expect(await refusalOf(both)).toBeInstanceOf(InvalidInputError)
  })

  it('keeps the resource that was asked for, and offers its other times when it is taken', async () => {
    const startsAt = hourAhead(4)
    const { appointment } = await book(salon, startsAt, withPerson(1, startsAt))
    expect(appointment.segments[0]?.resourceIds).toEqual([salon.people[1]])
    const refusal = (await refusalOf(book(salon, startsAt, withPerson(1, startsAt)))) as SlotUnavailableError
    expect(refusal.reasons).toMatchObject([{ resourceId: salon.people[1] }])
    for (const slot of refusal.alternatives) {
      expect(slot.startsAt).not.toBe(startsAt)
      expect(slot.segments[0]?.candidateIds).toEqual([salon.people[1]])
    }
  })

  it('falls through to the best alternative when asked, and keeps the resource that was asked for', async () => {
    const startsAt = hourAhead(5)
    await book(salon, startsAt, withPerson(0, startsAt))
    const wish = { ...withPerson(0, startsAt), onUnavailable: 'BOOK_ALTERNATIVE' as const }
    const { appointment, usedAlternative } = await book(salon, startsAt, wish)
    expect(usedAlternative).toBe(true)
    expect(appointment.startsAt).toBe(startsAt + 30 * minute)
    expect(appointment.segments[0]?.resourceIds).toEqual([salon.people[0]])
  })

  it('falls through no further than asked', async () => {
    const startsAt = hourAhead(8)
    for (const start of [startsAt - 30 * minute, startsAt, startsAt + 30 * minute]) {
      await book(salon, start)
      await book(salon, start)
    }
    const wish = { onUnavailable: 'BOOK_ALTERNATIVE' as const, alternativeWithinMinutes: 45 }
    expect(await refusalOf(book(salon, startsAt, wish))).toBeInstanceOf(SlotUnavailableError)
    const { appointment } = await book(salon, startsAt, { ...wish, alternativeWithinMinutes: 60 })
    expect(Math.abs(appointment.startsAt - startsAt)).toBe(60 * minute)
  })
})

describe('a customer', () => {
  it('is known by phone: one row, and a booking never overwrites what is stored', async () => {
    const phone = '+49 30 23125001'
    const known = await salon.write((tx) =>
      upsertCustomer(tx, { name: 'Ada Lovelace', phone, email: 'ada@example.com' }),
    )
    const customer = { name: 'Somebody', phone: '030 23125001', email: 'other@example.com' }
    const { appointment } = await book(salon, hourAhead(10), { customer })
    expect(appointment.customerId).toBe(known.id)
    expect(appointment.guest).toMatchObject({ name: 'Somebody' })
    const stored = (await salon.read((tx) => loadCustomers(tx, [known.id]))).get(known.id)
    expect(stored).toMatchObject({ name: 'Ada Lovelace', email: 'ada@example.com' })
  })

  it('with a withheld number is a customer of their own', async () => {
    const numbers = [null, '', 'anonymous', 'Anonymous', 'unknown']
    const booked = []
    for (const [index, phone] of numbers.entries()) {
      const customer = { name: 'Somebody', phone, email: null }
      booked.push(await book(salon, hourAhead(11 + index), { customer }))
    }
    expect(new Set(booked.map(({ appointment }) => appointment.customerId)).size).toBe(numbers.length)
    const ids = booked.map(({ appointment }) => appointment.customerId)
    const stored = await salon.read((tx) => loadCustomers(tx, ids))
    expect([...stored.values()].map((customer) => customer.phone)).toEqual(numbers.map(() => null))
  })

  it('is not offered alternatives that clash with their own appointments', async () => {
    // At noon: both neighbours are on the same day.
    const startsAt = hourAhead(102)
    const customer = { name: 'Ada', phone: '+49 30 23125002', email: null }
    await book(salon, startsAt + 30 * minute, { customer })
    await book(salon, startsAt)
    await book(salon, startsAt)
    const refusal = (await refusalOf(book(salon, startsAt, { customer }))) as SlotUnavailableError
    expect(refusal.alternatives[0]?.startsAt).toBe(startsAt - 30 * minute)
    // A stranger who gives the same number learns nothing from what is left out.
    const stranger = { ...salon, caller: publishableCaller(salon.organizationId) }
    const told = (await refusalOf(book(stranger, startsAt, { customer }))) as SlotUnavailableError
    expect(told.alternatives[0]?.startsAt).toBe(startsAt + 30 * minute)
  })

  it('cannot be named by a publishable key', async () => {
    const known = await salon.write((tx) => upsertCustomer(tx, { name: 'Ada', phone: '+49 30 23125003' }))
    const stranger = { ...salon, caller: publishableCaller(salon.organizationId) }
    const attempt = book(stranger, hourAhead(19), { customer: null, customerId: known.id })
    expect(await refusalOf(attempt)).toBeInstanceOf(NotFoundError)
    expect((await book(salon, hourAhead(19), { customer: null, customerId: known.id })).appointment.customerId).toBe(
      known.id,
    )
  })
})

describe('the server picks', () => {
  it('whoever is least booked that day, then whoever waits longest', async () => {
    await using three = await openSalon({ people: 3 })
    const [first, second, third] = three.people as [string, string, string]
    const day = hourAhead(24 * 3)
    const pick = async (hours: number) => {
      const { appointment } = await book(three, day + hours * 60 * minute)
      return appointment.segments[0]?.resourceIds[0]
    }
    const pin = (hours: number, person: string) => {
      const startsAt = day + hours * 60 * minute
      return book(three, startsAt, { slot: { serviceId: three.cutId, startsAt, resourceIds: [person] } })
    }
    // Hours of one local date, whatever the hour of the run.
    const base = -new Date(day).getUTCHours() + 6
    await pin(base, third)
    await pin(base + 1, first)
    await pin(base + 2, first)
    expect(await pick(base + 3)).toBe(second)
    // Two are booked once; the third person's booking is the older one.
    expect(await pick(base + 4)).toBe(third)
    expect(await pick(base + 5)).toBe(second)
  })
})

describe('an appointment', () => {
  it('moves under its id, with its history, as one change', async () => {
    const { appointment } = await book(salon, hourAhead(24), withPerson(1, hourAhead(24)))
    const to = hourAhead(25)
    const committed = await committedBy(salon.db, () => move(salon, appointment, to, { reason: 'a train' }))
    expect(committed).toHaveLength(1)
    const deltas = committed[0]?.changes.map(({ delta }) => delta) ?? []
    expect(deltas.flatMap((delta) => delta.removed ?? [])).toMatchObject([{ start: appointment.startsAt }])
    expect(deltas.flatMap((delta) => delta.added ?? [])).toMatchObject([{ start: to }])
    expect(await historyOf(salon, appointment.id)).toMatchObject([
      { kind: 'BOOKED', version: 1 },
      { kind: 'RESCHEDULED', version: 2, previousStartsAt: appointment.startsAt, startsAt: to, reason: 'a train' },
    ])
    const claims = await claimsOf(salon.db, appointment.id)
    expect(claims).toEqual([{ resourceId: salon.people[1], start: to, end: to + 30 * minute }])
    // The old time is open again.
    await book(salon, appointment.startsAt, withPerson(1, appointment.startsAt))
  })

  it('can move onto a time that overlaps its own', async () => {
    const { appointment } = await book(salon, hourAhead(26), withPerson(0, hourAhead(26)))
    const moved = await move(salon, appointment, hourAhead(26) + 15 * minute)
    expect(moved).toMatchObject({ id: appointment.id, version: 2, startsAt: hourAhead(26) + 15 * minute })
    expect(moved.segments[0]?.resourceIds).toEqual([salon.people[0]])
    const again = await move(salon, moved, moved.startsAt)
    expect(again).toMatchObject({ version: 3, startsAt: moved.startsAt })
  })

  it('keeps its person when free, takes another when not, and the one that is asked for', async () => {
    const { appointment } = await book(salon, hourAhead(27), withPerson(1, hourAhead(27)))
    const kept = await move(salon, appointment, hourAhead(28))
    expect(kept.segments[0]?.resourceIds).toEqual([salon.people[1]])
    await book(salon, hourAhead(29), withPerson(1, hourAhead(29)))
    const other = await move(salon, kept, hourAhead(29))
    expect(other.segments[0]?.resourceIds).toEqual([salon.people[0]])
    const asked = await move(salon, other, hourAhead(30), { resourceIds: [salon.people[1] ?? null] })
    expect(asked.segments[0]?.resourceIds).toEqual([salon.people[1]])
  })

  it('keeps its old time when the new one is taken, and is told alternatives', async () => {
    const { appointment } = await book(salon, hourAhead(31), withPerson(0, hourAhead(31)))
    await book(salon, hourAhead(32))
    await book(salon, hourAhead(32))
    const refusal = (await refusalOf(move(salon, appointment, hourAhead(32)))) as SlotUnavailableError
    expect(refusal.reasons.map(({ reason }) => reason)).toEqual(['ALREADY_BOOKED', 'ALREADY_BOOKED'])
    expect(refusal.alternatives).toHaveLength(3)
    expect(await claimsOf(salon.db, appointment.id)).toMatchObject([{ start: hourAhead(31) }])
    expect(await historyOf(salon, appointment.id)).toHaveLength(1)
  })

  it('moves onto what is held for it, to whom it is held with, and the hold ends in the same change', async () => {
    const { appointment } = await book(salon, hourAhead(90), withPerson(0, hourAhead(90)))
    const held = await hold(salon, hourAhead(91), withPerson(1, hourAhead(91)))
    await book(salon, hourAhead(91))
    const committed = await committedBy(salon.db, async () => {
      const moved = await move(salon, appointment, hourAhead(91), { holdId: held.id })
      expect(moved.segments[0]?.resourceIds).toEqual([salon.people[1]])
    })
    expect(committed).toHaveLength(1)
    expect(await claimsOf(salon.db, appointment.id)).toMatchObject([{ start: hourAhead(91) }])
    const holds = await inSnapshot(salon.db, salon.organizationId, (tx) => loadHolds(tx, [held.id]))
    expect(holds.get(held.id)?.status).toBe('BOOKED')
    expect(await countOverlaps(salon.db)).toBe(0)
  })

  it('is not helped by a hold that has ended, that is unknown, or that another key placed', async () => {
    const { appointment } = await book(salon, hourAhead(92))
    const released = await hold(salon, hourAhead(93))
    await releaseHold(salon.lane, { caller: salon.caller, holdId: released.id })
    await book(salon, hourAhead(93))
    await book(salon, hourAhead(93))
    const refusal = await refusalOf(move(salon, appointment, hourAhead(93), { holdId: released.id }))
    expect(refusal).toBeInstanceOf(SlotUnavailableError)
    const unknown = move(salon, appointment, hourAhead(94), { holdId: appointment.id })
    expect(await refusalOf(unknown)).toBeInstanceOf(NotFoundError)
    const held = await hold(salon, hourAhead(95))
    const caller = publishableCaller(salon.organizationId)
    const stranger = move(salon, appointment, hourAhead(95), { holdId: held.id, caller })
    expect(await refusalOf(stranger)).toBeInstanceOf(NotFoundError)
  })

  it('takes the place of a hold that is dead, although no sweeper has run', async () => {
    const { appointment } = await book(salon, hourAhead(33), withPerson(0, hourAhead(33)))
    const held = await hold(salon, hourAhead(34), withPerson(0, hourAhead(34)))
    await salon.db.sql.begin((sql) => [
      sql`update holds set expires_at = clock_timestamp() where id = ${held.id}`,
      sql`update claims set expires_at = clock_timestamp() where hold_id = ${held.id}`,
    ])
    const moved = await move(salon, appointment, hourAhead(34), { resourceIds: [salon.people[0] ?? null] })
    expect(moved.startsAt).toBe(hourAhead(34))
    expect(await countOverlaps(salon.db)).toBe(0)
  })

  it('opens its time when cancelled, as one change', async () => {
    const { appointment } = await book(salon, hourAhead(35), withPerson(0, hourAhead(35)))
    const committed = await committedBy(salon.db, () => cancel(salon, appointment, { reason: 'ill' }))
    expect(committed).toMatchObject([{ appointments: [{ appointmentId: appointment.id, version: 2 }] }])
    expect(await claimsOf(salon.db, appointment.id)).toEqual([])
    expect((await historyOf(salon, appointment.id)).at(-1)).toMatchObject({ kind: 'CANCELLED', reason: 'ill' })
    await book(salon, hourAhead(35), withPerson(0, hourAhead(35)))
  })

  it('refuses a change that expects another version, and says which is true', async () => {
    const { appointment } = await book(salon, hourAhead(36))
    await move(salon, appointment, hourAhead(37))
    for (const attempt of [() => move(salon, appointment, hourAhead(38)), () => cancel(salon, appointment)]) {
      const refusal = await refusalOf(attempt())
      expect(refusal).toBeInstanceOf(VersionConflictError)
      expect(refusal).toMatchObject({ currentVersion: 2 })
    }
  })

  it.each(['CANCELLED', 'COMPLETED', 'NO_SHOW'] as const)('that is %s stays so', async (status) => {
    const { appointment } = await book(salon, hourAhead(39))
    const { caller } = salon
    const close = { caller, appointmentId: appointment.id, expectedVersion: 1, now: appointment.startsAt }
    const committed = await committedBy(salon.db, () =>
      status === 'CANCELLED'
        ? cancel(salon, appointment)
        : status === 'COMPLETED'
          ? completeAppointment(salon.lane, close)
          : markNoShow(salon.lane, close),
    )
    expect(committed).toMatchObject([{ appointments: [{ appointmentId: appointment.id, version: 2 }] }])
    const closed = { id: appointment.id, version: 2 }
    for (const attempt of [
      () => move(salon, closed, hourAhead(40)),
      () => cancel(salon, closed),
      ...(status !== 'NO_SHOW' ? [() => completeAppointment(salon.lane, { ...close, expectedVersion: 2 })] : []),
      ...(status !== 'COMPLETED' ? [() => markNoShow(salon.lane, { ...close, expectedVersion: 2 })] : []),
    ]) {
      const refusal = await refusalOf(attempt())
      expect(refusal).toBeInstanceOf(InvalidTransitionError)
      expect(refusal).toMatchObject({ currentStatus: status })
    }
    expect((await historyOf(salon, appointment.id)).map(({ kind }) => kind)).toEqual(['BOOKED', status])
  })

  it('is not closed before it began: its time would stay taken for good', async () => {
    const { appointment } = await book(salon, hourAhead(45))
    const close = { caller: salon.caller, appointmentId: appointment.id, expectedVersion: 1 }
    for (const work of [completeAppointment, markNoShow]) {
      for (const now of [null, appointment.startsAt - 1]) {
        const refusal = await refusalOf(work(salon.lane, { ...close, now }))
        expect(refusal).toBeInstanceOf(InvalidTransitionError)
        expect(refusal).toMatchObject({ currentStatus: 'CONFIRMED', message: expect.stringContaining('not begun') })
      }
    }
    expect(await cancel(salon, appointment)).toMatchObject({ status: 'CANCELLED' })
  })

  it('that was closed as what it was not is corrected, and both are in its history', async () => {
    const { appointment } = await book(salon, hourAhead(46))
    const close = { caller: salon.caller, appointmentId: appointment.id, now: appointment.startsAt }
    await completeAppointment(salon.lane, { ...close, expectedVersion: 1 })
    expect(await markNoShow(salon.lane, { ...close, expectedVersion: 2 })).toMatchObject({ status: 'NO_SHOW' })
    expect(await completeAppointment(salon.lane, { ...close, expectedVersion: 3 })).toMatchObject({ version: 4 })
    const history = await historyOf(salon, appointment.id)
    expect(history.map(({ kind }) => kind)).toEqual(['BOOKED', 'COMPLETED', 'NO_SHOW', 'COMPLETED'])
  })

  it('is another’s to a manage token of another', async () => {
    const mine = await book(salon, hourAhead(42))
    const other = await book(salon, hourAhead(43))
    const guest = { ...salon, caller: guestCaller(salon.organizationId, mine.appointment.id) }
    expect(await refusalOf(cancel(guest, other.appointment))).toBeInstanceOf(NotFoundError)
    expect(await refusalOf(move(guest, other.appointment, hourAhead(44)))).toBeInstanceOf(NotFoundError)
    expect(await cancel(guest, mine.appointment)).toMatchObject({ status: 'CANCELLED' })
  })
})

describe('an idempotency key', () => {
  it('books once, and a different request under it is refused', async () => {
    const first = await book(salon, hourAhead(48), { idempotencyKey: 'book' })
    expect(await book(salon, hourAhead(48), { idempotencyKey: 'book' })).toMatchObject(first)
    for (const other of [
      () => book(salon, hourAhead(49), { idempotencyKey: 'book' }),
      () => book(salon, hourAhead(48), { idempotencyKey: 'book', notes: 'other' }),
      () => hold(salon, hourAhead(48), { idempotencyKey: 'book' }),
      () => cancel(salon, first.appointment, { idempotencyKey: 'book' }),
    ]) {
      expect(await refusalOf(other())).toBeInstanceOf(IdempotencyKeyReusedError)
    }
  })

  it('books a hold once', async () => {
    const held = await hold(salon, hourAhead(50))
    const first = await book(salon, null, { holdId: held.id, idempotencyKey: 'book hold' })
    expect(await book(salon, null, { holdId: held.id, idempotencyKey: 'book hold' })).toMatchObject(first)
  })

  it('gives the same alternative again', async () => {
    const startsAt = hourAhead(51)
    await book(salon, startsAt)
    await book(salon, startsAt)
    const wish = { onUnavailable: 'BOOK_ALTERNATIVE' as const, idempotencyKey: 'alternative' }
    const first = await book(salon, startsAt, wish)
    expect(first.usedAlternative).toBe(true)
    expect(await book(salon, startsAt, wish)).toMatchObject(first)
  })

  it('moves and cancels once', async () => {
    const { appointment } = await book(salon, hourAhead(53))
    const moved = await move(salon, appointment, hourAhead(54), { idempotencyKey: 'move' })
    expect(await move(salon, appointment, hourAhead(54), { idempotencyKey: 'move' })).toEqual(moved)
    const other = move(salon, appointment, hourAhead(55), { idempotencyKey: 'move' })
    expect(await refusalOf(other)).toBeInstanceOf(IdempotencyKeyReusedError)
    const cancelled = await cancel(salon, moved, { idempotencyKey: 'cancel' })
    expect(await cancel(salon, moved, { idempotencyKey: 'cancel' })).toEqual(cancelled)
    expect(await historyOf(salon, appointment.id)).toHaveLength(3)
  })

  it('is not kept by a refusal', async () => {
    const startsAt = hourAhead(56)
    const taken = [await book(salon, startsAt), await book(salon, startsAt)]
    const wish = { idempotencyKey: 'refused' }
    expect(await refusalOf(book(salon, startsAt, wish))).toBeInstanceOf(SlotUnavailableError)
    const { appointment } = await book(salon, hourAhead(57), wish)
    const stale = { id: appointment.id, version: 9 }
    expect(await refusalOf(cancel(salon, stale, { idempotencyKey: 'stale' }))).toBeInstanceOf(VersionConflictError)
    expect(await cancel(salon, appointment, { idempotencyKey: 'stale' })).toMatchObject({ status: 'CANCELLED' })
    for (const each of taken) await cancel(salon, each.appointment)
  })

  it('belongs to its caller', async () => {
    const stranger = { ...salon, caller: publishableCaller(salon.organizationId) }
    const mine = await book(salon, hourAhead(58), { idempotencyKey: 'shared name' })
    const theirs = await book(stranger, hourAhead(58), { idempotencyKey: 'shared name' })
    expect(theirs.appointment.id).not.toBe(mine.appointment.id)
  })
})

describe('a resource', () => {
  it('that is inactive takes no new claims and keeps the ones it has', async () => {
    await using small = await openSalon({ people: 1 })
    const [personId] = small.people as [string]
    const held = await hold(small, hourAhead(0))
    const { appointment } = await book(small, hourAhead(1))
    await small.write(async (tx) => {
      const version = (await loadResources(tx, [personId])).get(personId)?.version ?? 0
      await updateResource(tx, { resourceId: personId, expectedVersion: version, active: false })
    })
    const refusal = (await refusalOf(book(small, hourAhead(2)))) as SlotUnavailableError
    expect(refusal.reasons).toMatchObject([{ reason: 'INACTIVE', resourceId: personId }])
    expect(await refusalOf(move(small, appointment, hourAhead(3)))).toBeInstanceOf(SlotUnavailableError)
    expect((await book(small, null, { holdId: held.id })).appointment.startsAt).toBe(held.startsAt)
    expect(await cancel(small, appointment)).toMatchObject({ status: 'CANCELLED' })
  })

  it('that takes time off while it is being booked: refused, or named among the conflicts', async () => {
    const [personId] = salon.people as [string]
    for (let round = 0; round < 12; round++) {
      const startsAt = hourAhead(24 * 7 + round)
      const [booking, timeOff] = await Promise.all([
        outcomes([book(salon, startsAt, withPerson(0, startsAt))]),
        salon.write((tx) => addTimeOff(tx, { resourceId: personId, startsAt, endsAt: startsAt + 60 * minute })),
      ])
      const conflicts = await inSnapshot(salon.db, salon.organizationId, (tx) => loadTimeOffConflicts(tx, [timeOff.id]))
      expect(conflicts.get(timeOff.id)).toEqual(booking.won.map(({ appointment }) => appointment.id))
      expect(Object.keys(booking.refusals)).toEqual(booking.won.length === 1 ? [] : ['SlotUnavailableError'])
    }
  })
})

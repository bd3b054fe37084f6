import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inTransaction } from '../../src/db/transaction.ts'
import { updatePolicy } from '../../src/domain/catalogue/policies.ts'
import { PolicyViolationError, type VersionConflictError } from '../../src/domain/vocabulary/refusals.ts'
import { cancel, historyOf, move } from '../support/appointment-changes.ts'
import { countDeadlocks, expectIntact } from '../support/database-checks.ts'
import { type Door, type Doors, openDoors } from '../support/lanes.ts'
import { book, guestCaller, hold, hourAhead, openSalon, outcomes, type Salon, segment } from '../support/salon.ts'
import { addService } from '../support/tenant.ts'

const minute = 60_000

describe.each([{ advisoryLocks: true }, { advisoryLocks: false }])(
  'with $advisoryLocks for advisory locks',
  (options) => {
    let salon: Salon
    let doors: Doors
    beforeAll(async () => {
      salon = await openSalon({ people: 2 })
      doors = openDoors(salon, options)
    })
    afterAll(async () => {
      await doors[Symbol.asyncDispose]()
      await salon[Symbol.asyncDispose]()
    })

    it('of many moves and cancellations of one version one wins and all others learn what is true', async () => {
      for (let round = 0; round < 3; round++) {
        const { appointment } = await book(salon, hourAhead(round))
        const attempts = Array.from({ length: 30 }, (_, index) =>
          index % 3 === round
            ? cancel(doors.next(), appointment)
            : move(doors.next(), appointment, hourAhead(20 + round * 31 + index)),
        )
        const { won, refusals, errors } = await outcomes(attempts)
        expect(refusals).toEqual({ VersionConflictError: 29 })
        for (const error of errors) expect((error as VersionConflictError).currentVersion).toBe(2)
        expect(won).toMatchObject([{ id: appointment.id, version: 2 }])
        expect(await historyOf(salon, appointment.id)).toHaveLength(2)
      }
      await expectIntact(salon.db)
    })

    it('moves of two appointments into each other’s time, in opposite order, never overlap', async () => {
      const before = await countDeadlocks(salon.db)
      const [person] = salon.people as [string]
      for (let round = 0; round < 8; round++) {
        const [early, late] = [hourAhead(24 * 10 + 2 * round), hourAhead(24 * 10 + 2 * round + 1)]
        const pin = (startsAt: number) => ({ slot: { serviceId: salon.cutId, startsAt, resourceIds: [person] } })
        const first = (await book(salon, early, pin(early))).appointment
        const second = (await book(salon, late, pin(late))).appointment
        const [one, other] = doors.all
        const { refusals } = await outcomes([
          move(one, first, late, { resourceIds: [person] }),
          move(other, second, early, { resourceIds: [person] }),
          move(other, first, late + 15 * minute, { resourceIds: [person] }),
          move(one, second, early - 15 * minute, { resourceIds: [person] }),
        ])
        for (const name of Object.keys(refusals)) expect(name).toMatch(/^(SlotUnavailable|VersionConflict)Error$/)
      }
      if (options.advisoryLocks) expect(await countDeadlocks(salon.db)).toBe(before)
      await expectIntact(salon.db)
    })

    it('what is held for a move is not lost in it, however many others want it', async () => {
      for (let round = 0; round < 4; round++) {
        const at = hourAhead(24 * 14 + 3 * round)
        const to = at + 60 * minute
        const { appointment } = await book(salon, at)
        await book(salon, to)
        const { id: holdId } = await hold(salon, to)
        const others = () => Array.from({ length: 10 }, () => book(doors.next(), to))
        const attempts = [...others(), move(doors.next(), appointment, to, { holdId }), ...others()]
        const { won, refusals } = await outcomes<unknown>(attempts)
        expect(won).toMatchObject([{ id: appointment.id, startsAt: to }])
        expect(refusals).toEqual({ SlotUnavailableError: 20 })
      }
      await expectIntact(salon.db)
    })

    it('50 duplicates of one idempotency key are done once and get one answer', async () => {
      const wish = () => ({ startsAt: hourAhead(24 * 12), idempotencyKey: 'fifty' })
      const { won, refusals } = await outcomes(
        Array.from({ length: 50 }, () => book(doors.next(), wish().startsAt, wish())),
      )
      expect(refusals).toEqual({})
      for (const answer of won) {
        expect(answer).toMatchObject({ manageToken: won[0]?.manageToken, appointment: { id: won[0]?.appointment.id } })
      }
      const [{ appointment }] = won as [(typeof won)[0]]
      const moves = await outcomes(
        Array.from({ length: 50 }, () =>
          move(doors.next(), appointment, hourAhead(24 * 13), { idempotencyKey: 'move' }),
        ),
      )
      expect(moves.refusals).toEqual({})
      for (const answer of moves.won) expect(answer).toEqual(moves.won[0])
      expect(await historyOf(salon, appointment.id)).toHaveLength(2)
      const alternative = { onUnavailable: 'BOOK_ALTERNATIVE' as const, idempotencyKey: 'fifty alternatives' }
      await book(salon, hourAhead(24 * 13))
      const fallen = await outcomes(
        Array.from({ length: 50 }, () => book(doors.next(), hourAhead(24 * 13), alternative)),
      )
      expect(fallen.refusals).toEqual({})
      expect(new Set(fallen.won.map((answer) => answer.appointment.id)).size).toBe(1)
      expect(fallen.won.every((answer) => answer.usedAlternative)).toBe(true)
    })
  },
)

describe('composite bookings', () => {
  const seconds = Number(process.env.COMPOSITE_SECONDS ?? 2)

  it('over the same people in opposite orders never deadlock', { timeout: (seconds + 30) * 1000 }, async () => {
    await using salon = await openSalon({ people: 3 })
    const orders = [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
      [0, 2, 1],
    ]
    const services: string[] = []
    for (const order of orders) {
      const segments = order.map((index) =>
        segment({ candidateIds: [salon.people[index] as string], durationMinutes: 15 }),
      )
      services.push((await addService(salon, segments)).id)
    }
    await using doors = openDoors(salon)
    const before = await countDeadlocks(salon.db)
    const deadline = performance.now() + seconds * 1000
    let booked = 0
    let attempts = 0
    const client = async (index: number) => {
      for (let round = 0; performance.now() < deadline || attempts < 100; round++) {
        const startsAt = hourAhead(0) + ((round * 7 + index * 3) % 10) * 15 * minute
        const slot = { serviceId: services[(index + round) % 4] as string, startsAt, resourceIds: [] }
        attempts++
        const wish = { slot, alternativeWithinMinutes: 15 }
        const answer = await book(doors.all[index % 2] as Door, startsAt, wish).catch((error: unknown) => {
          expect(error).toHaveProperty('code', 'SLOT_UNAVAILABLE')
          return null
        })
        if (!answer) continue
        booked++
        await cancel(doors.all[(index + 1) % 2] as Door, answer.appointment)
      }
    }
    await Promise.all(Array.from({ length: 16 }, (_, index) => client(index)))
    expect(booked).toBeGreaterThan(10)
    expect(attempts).toBeGreaterThan(booked)
    expect(await countDeadlocks(salon.db)).toBe(before)
    await expectIntact(salon.db)
  })

  it('would deadlock if their locks were not taken in one order: the counter sees it', async () => {
    await using salon = await openSalon({ people: 1 })
    const before = await countDeadlocks(salon.db)
    const take = (keys: number[]) =>
      salon.db.sql.begin(async (sql) => {
        for (const key of keys) await sql`select pg_advisory_xact_lock(${key}::bigint)`
      })
    let met = 0
    for (let round = 0; round < 50 && met === 0; round++) {
      const attempts = Array.from({ length: 4 }, (_, index) => take(index % 2 === 0 ? [1, 2] : [2, 1]))
      met += (await outcomes(attempts)).errors.length
    }
    expect(await countDeadlocks(salon.db)).toBeGreaterThan(before)
  })
})

describe('a policy that changes while it is being applied', () => {
  it('judges each change under one version, and the history names it', async () => {
    await using salon = await openSalon({ people: 2 })
    await using doors = openDoors(salon)
    const week = 7 * 24 * 60
    for (let round = 0; round < 15; round++) {
      // Odd versions forbid what even ones allow.
      const version = round
      const { appointment } = await book(salon, hourAhead(round))
      const guest = { ...doors.all[0], caller: guestCaller(salon.organizationId, appointment.id) }
      const [changed] = await Promise.allSettled([
        cancel(guest, appointment),
        inTransaction(doors.all[1].db, salon.organizationId, (tx) =>
          updatePolicy(tx, {
            scope: 'SERVICE',
            scopeId: salon.cutId,
            expectedVersion: version,
            cancelNoticeMinutes: version % 2 === 0 ? week : 0,
            rescheduleNoticeMinutes: 0,
          }),
        ),
      ])
      const judgedBy =
        changed.status === 'fulfilled'
          ? (await historyOf(salon, appointment.id)).at(-1)?.policyVersion
          : (changed.reason as PolicyViolationError).policy.version
      expect([version, version + 1]).toContain(judgedBy)
      expect(changed.status).toBe((judgedBy ?? 0) % 2 === 0 ? 'fulfilled' : 'rejected')
      if (changed.status === 'rejected') expect(changed.reason).toBeInstanceOf(PolicyViolationError)
    }
  })
})

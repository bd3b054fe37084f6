// An alternative that is claimed along with the wish is the one that the search over all days finds, and costs no second transaction.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findAlternatives } from '../../../src/domain/availability/alternatives.ts'
import { SlotUnavailableError } from '../../../src/domain/vocabulary/refusals.ts'
import type { Slot } from '../../../src/domain/vocabulary/types.ts'
import { ALWAYS_OPEN, book, hold, hourAhead, openSalon, type Salon, segment } from '../../support/salon.ts'
import { addResource, addService } from '../../support/tenant.ts'

const DAY = 24 * 3_600_000
const MINUTE = 60_000

let salon: Salon
beforeAll(async () => {
  salon = await openSalon({ people: 1 })
})
afterAll(() => salon[Symbol.asyncDispose]())

/** A salon that is open for so many hours each day, so that its days are soon full. */
async function openHours({ people, hours }: { people: number; hours: number }): Promise<Salon> {
  const weeklyHours = ALWAYS_OPEN.map((day) => ({ ...day, opensAt: 540, closesAt: 540 + hours * 60 }))
  const ids: string[] = []
  for (let index = 0; index < people; index++) {
    ids.push((await addResource(salon, { name: `Person ${index}`, weeklyHours })).id)
  }
  const { id } = await addService(salon, [segment({ candidateIds: ids })])
  return { ...salon, people: ids, cutId: id }
}

async function nearestTo(opened: Salon, near: number): Promise<Slot[]> {
  const wish = { serviceId: opened.cutId, near, withinMinutes: null, resourceIds: null, customerId: null, first: 4 }
  return (await salon.read((tx) => findAlternatives(tx, wish))).filter(({ startsAt }) => startsAt !== near).slice(0, 3)
}

async function refusalOf(attempt: Promise<unknown>): Promise<SlotUnavailableError | null> {
  return attempt.then(
    () => null,
    (error: unknown) => {
      if (error instanceof SlotUnavailableError) return error
      throw error
    },
  )
}

/** How often the booking lane is asked. */
async function countBatches(work: () => Promise<unknown>): Promise<number> {
  let batches = 0
  const submit = salon.lane.submit
  salon.lane.submit = (request) => {
    batches++
    return submit(request)
  }
  try {
    await work()
  } finally {
    salon.lane.submit = submit
  }
  return batches
}

describe('the alternative that is held along with the wish', () => {
  it.each([
    { people: 1, hours: 3 },
    { people: 3, hours: 6 },
    { people: 2, hours: 15 },
  ])('is the nearest of all days, until none is left: %o', async ({ people, hours }) => {
    const opened = await openHours({ people, hours })
    const wished = Math.floor(hourAhead(0) / DAY) * DAY + 3 * DAY + 10 * 60 * MINUTE
    const rounds = { atOnce: 0, later: 0 }
    for (let index = 0; index < 60; index++) {
      // Wishes of three neighbouring days, at any time of day, most of them taken already.
      const near = wished + ((index % 3) - 1) * DAY + ((index * 37) % 9) * 15 * MINUTE
      const expected = await nearestTo(opened, near)
      let refusal: SlotUnavailableError | null = null
      const batches = await countBatches(async () => {
        refusal = await refusalOf(hold(opened, near, { holdAlternative: true, sessionKey: `session ${index}` }))
      })
      if (!refusal) continue
      const { alternatives, heldAlternative } = refusal as SlotUnavailableError
      expect(alternatives).toEqual(expected)
      expect(heldAlternative?.startsAt).toBe(expected[0]?.startsAt)
      if (batches === 1) rounds.atOnce++
      else rounds.later++
    }
    expect(rounds.atOnce).toBeGreaterThan(10)
    // The short days are full in the end; then the search goes further, and takes a second transaction.
    if (hours === 3) expect(rounds.later).toBeGreaterThan(0)
  })

  it('is of a day further off where that is nearer than what is left of the days around', async () => {
    const opened = await openHours({ people: 1, hours: 10 })
    const wished = Math.floor(hourAhead(0) / DAY) * DAY + 6 * DAY + 9 * 60 * MINUTE
    // Of three days nothing is left but the last three half hours of the next.
    const taken = [-1, 0, 1].flatMap((day) =>
      Array.from({ length: 20 }, (_, half) => ({ start: wished + day * DAY + (half - 2) * 30 * MINUTE, day, half })),
    )
    for (const { start, day, half } of taken) {
      if (day < 1 || half < 17) await refusalOf(hold(opened, start, { sessionKey: `taken ${start}` }))
    }
    const expected = await nearestTo(opened, wished)
    expect(expected[0]?.startsAt).toBe(wished + 2 * DAY)
    const refusal = await refusalOf(hold(opened, wished, { holdAlternative: true }))
    expect(refusal?.heldAlternative?.startsAt).toBe(wished + 2 * DAY)
    expect(refusal?.alternatives).toEqual(expected)
  })

  it('is another one for each of a crowd', async () => {
    const opened = await openHours({ people: 2, hours: 8 })
    const wished = Math.floor(hourAhead(0) / DAY) * DAY + 4 * DAY + 10 * 60 * MINUTE
    const holds = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        hold(opened, wished, { holdAlternative: true, sessionKey: `crowd ${index}` }).then(
          (held) => held,
          (error: unknown) => (error instanceof SlotUnavailableError ? error.heldAlternative : null),
        ),
      ),
    )
    const claimed = holds.map((held) => `${held?.startsAt} ${held?.segments[0]?.resourceIds[0]}`)
    expect(new Set(claimed).size).toBe(60)
    // Nobody is sent further off while one of the two is free nearby.
    expect(new Set(holds.map((held) => held?.startsAt)).size).toBe(30)
  })

  it("leaves out what clashes with the customer's own appointments", async () => {
    const opened = await openHours({ people: 1, hours: 8 })
    const elsewhere = await openHours({ people: 1, hours: 8 })
    const wished = Math.floor(hourAhead(0) / DAY) * DAY + 5 * DAY + 10 * 60 * MINUTE
    const customer = { name: 'Ada', phone: '+49 30 23125004', email: null }
    await book(elsewhere, wished + 30 * MINUTE, { customer })
    await book(opened, wished)
    const { appointment } = await book(opened, wished, { customer, onUnavailable: 'BOOK_ALTERNATIVE' })
    expect(appointment.startsAt).toBe(wished - 30 * MINUTE)
  })
})

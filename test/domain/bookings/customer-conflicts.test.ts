// One customer has one appointment at a time, unless it is said that more are meant.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { upsertCustomer } from '../../../src/domain/people/customers.ts'
import { HoldLimitReachedError, SlotUnavailableError } from '../../../src/domain/vocabulary/refusals.ts'
import { cancel, move, refusalOf } from '../../support/appointment-changes.ts'
import { book, hold, hourAhead, openSalon, publishableCaller, type Salon } from '../../support/salon.ts'

const MINUTE = 60_000

let salon: Salon
let hours = 0
let phones = 0
beforeAll(async () => {
  salon = await openSalon({ people: 3 })
})
afterAll(() => salon[Symbol.asyncDispose]())

const next = () => hourAhead(24 * hours++)
const newPhone = () => `+4930231260${String(phones++).padStart(2, '0')}`
const guest = (phone: string, name = 'Ada') => ({ customer: { name, phone, email: null } })

async function conflictOf(attempt: Promise<unknown>): Promise<SlotUnavailableError> {
  const refusal = await refusalOf(attempt)
  expect(refusal).toBeInstanceOf(SlotUnavailableError)
  const { reasons } = refusal as SlotUnavailableError
  expect(reasons.map(({ reason }) => reason)).toEqual(['CUSTOMER_CONFLICT'])
  return refusal as SlotUnavailableError
}

describe('a customer who has an appointment', () => {
  it('is refused another one at the same time, by number and by id, with others that do not clash', async () => {
    const at = next()
    const phone = newPhone()
    const { appointment } = await book(salon, at, guest(phone))
    const { alternatives } = await conflictOf(book(salon, at + 15 * MINUTE, guest(phone, 'Bob')))
    expect(alternatives.map(({ startsAt }) => startsAt)).toEqual([at + 30 * MINUTE, at + 45 * MINUTE, at + 60 * MINUTE])
    const { customerId } = appointment
    await conflictOf(book(salon, at - 15 * MINUTE, { customer: null, customerId }))
    await conflictOf(hold(salon, at, { customerId }))
    await book(salon, at + 30 * MINUTE, guest(phone))
  })

  it('is booked twice if it is said to be meant', async () => {
    const at = next()
    const phone = newPhone()
    const first = await book(salon, at, guest(phone))
    const second = await book(salon, at, { ...guest(phone, 'Bob'), allowsCustomerConflict: true })
    expect(second.appointment.customerId).toBe(first.appointment.customerId)
    const { customerId } = first.appointment
    expect(await hold(salon, at, { customerId, allowsCustomerConflict: true })).toMatchObject({ startsAt: at })
  })

  it('is refused the booking of a hold, which stays, and gets an alternative booked if that is wished', async () => {
    const at = next()
    const phone = newPhone()
    await book(salon, at, guest(phone))
    const held = await hold(salon, at)
    await conflictOf(book(salon, null, { holdId: held.id, ...guest(phone) }))
    const other = await book(salon, null, { holdId: held.id, ...guest(newPhone()) })
    expect(other.appointment.startsAt).toBe(at)
    const instead = await book(salon, at, { ...guest(phone), onUnavailable: 'BOOK_ALTERNATIVE' })
    expect(instead).toMatchObject({ usedAlternative: true, appointment: { startsAt: at + 30 * MINUTE } })
  })

  it('is not moved onto another of theirs unless it is meant', async () => {
    const at = next()
    const phone = newPhone()
    const first = await book(salon, at, guest(phone))
    const { appointment } = await book(salon, at + 60 * MINUTE, guest(phone))
    const { alternatives } = await conflictOf(move(salon, appointment, at + 15 * MINUTE))
    expect(alternatives[0]?.startsAt).toBe(at + 30 * MINUTE)
    // Its own time is never in its way.
    const moved = await move(salon, appointment, at + 45 * MINUTE)
    await move(salon, moved, at, { allowsCustomerConflict: true })
    await cancel(salon, first.appointment)
  })

  it('is free again at the time of what was cancelled', async () => {
    const at = next()
    const phone = newPhone()
    await cancel(salon, (await book(salon, at, guest(phone))).appointment)
    await book(salon, at, guest(phone))
  })

  it('is not betrayed to a stranger who tries their number', async () => {
    const at = next()
    const phone = newPhone()
    await book(salon, at, guest(phone))
    const stranger = { ...salon, caller: publishableCaller(salon.organizationId) }
    expect((await book(stranger, at, guest(phone, 'Mallory'))).appointment.startsAt).toBe(at)
  })

  it('is one in one batch too, new or known', async () => {
    const known = newPhone()
    await salon.write((tx) => upsertCustomer(tx, { name: 'Ada', phone: known, locationId: salon.locationId }))
    for (const phone of [known, newPhone()]) {
      const at = next()
      const settled = await Promise.allSettled([0, 1, 2].map(() => book(salon, at, guest(phone))))
      expect(settled.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected'])
    }
  })
})

describe('what a session holds already', () => {
  it('is no alternative to its own wish, held or shown', async () => {
    const at = next()
    const [anna, ben, clara] = salon.people as [string, string, string]
    const withPerson = (id: string, startsAt: number) => ({
      slot: { serviceId: salon.cutId, startsAt, resourceIds: [id] },
    })
    // The nearest alternatives to `at` are a quarter and half an hour later; of the first the session holds one of three people.
    for (const id of [anna, ben, clara]) await hold(salon, at, withPerson(id, at))
    const own = await hold(salon, at + 30 * MINUTE, { ...withPerson(anna, at + 30 * MINUTE), sessionKey: 'own' })
    const refusal = await refusalOf(hold(salon, at, { sessionKey: 'own' }))
    const starts = (refusal as SlotUnavailableError).alternatives.map(({ startsAt }) => startsAt)
    expect(starts).not.toContain(own.startsAt)
    expect(starts).toHaveLength(3)
    const instead = (await refusalOf(
      hold(salon, at, { sessionKey: 'own', holdAlternative: true }),
    )) as SlotUnavailableError
    expect(instead).not.toBeInstanceOf(HoldLimitReachedError)
    expect(instead.alternatives.map(({ startsAt }) => startsAt)).toEqual(starts)
    expect(instead.heldAlternative?.startsAt).toBe(starts[0])
    expect(instead.heldAlternative?.id).not.toBe(own.id)
  })
})

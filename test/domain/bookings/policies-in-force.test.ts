import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inTransaction } from '../../../src/db/transaction.ts'
import { updatePolicy } from '../../../src/domain/catalogue/policies.ts'
import { type Policy, PolicyViolationError } from '../../../src/domain/vocabulary/refusals.ts'
import { cancel, claimsOf, historyOf, move, refusalOf } from '../../support/appointment-changes.ts'
import { book, guestCaller, hourAhead, openSalon, publishableCaller, type Salon } from '../../support/salon.ts'

let salon: Salon
beforeAll(async () => {
  salon = await openSalon({ people: 2 })
})
afterAll(() => salon[Symbol.asyncDispose]())

const minute = 60_000
const week = 7 * 24 * 60

async function setPolicy(policy: Partial<Policy> & { expectedVersion: number }): Promise<Policy> {
  return inTransaction(salon.db, salon.organizationId, (tx) =>
    updatePolicy(tx, {
      scope: 'SERVICE',
      scopeId: salon.cutId,
      cancelNoticeMinutes: 0,
      rescheduleNoticeMinutes: 0,
      maxReschedules: null,
      ...policy,
    }),
  )
}

describe('a policy', () => {
  it('that nobody has set allows changes, and is named as version 0', async () => {
    const { appointment } = await book(salon, hourAhead(0))
    const guest = { ...salon, caller: guestCaller(salon.organizationId, appointment.id) }
    await move(guest, appointment, hourAhead(1))
    expect((await historyOf(salon, appointment.id)).at(-1)).toMatchObject({ policyVersion: 0, policyOverridden: false })
  })

  it('is told to whom it forbids: which, why, and until when it would have been allowed', async () => {
    const { appointment } = await book(salon, hourAhead(2))
    const guest = { ...salon, caller: guestCaller(salon.organizationId, appointment.id) }
    const policy = await setPolicy({ expectedVersion: 0, cancelNoticeMinutes: week })
    const refusal = (await refusalOf(cancel(guest, appointment))) as PolicyViolationError
    expect(refusal).toBeInstanceOf(PolicyViolationError)
    expect(refusal.policy).toEqual(policy)
    expect(refusal.allowedUntil).toBe(appointment.startsAt - week * minute)
    expect(await claimsOf(salon.db, appointment.id)).toHaveLength(1)
    expect(await historyOf(salon, appointment.id)).toHaveLength(1)
    // To move is another rule than to cancel.
    const moved = await move(guest, appointment, hourAhead(3))
    expect((await historyOf(salon, appointment.id)).at(-1)).toMatchObject({ policyVersion: 1, policyOverridden: false })
    const anyone = { ...salon, caller: publishableCaller(salon.organizationId) }
    expect(await refusalOf(cancel(anyone, moved))).toBeInstanceOf(PolicyViolationError)
  })

  it('can be overridden by a secret key, and the history says so', async () => {
    const { appointment } = await book(salon, hourAhead(4))
    await cancel(salon, appointment)
    expect((await historyOf(salon, appointment.id)).at(-1)).toMatchObject({
      kind: 'CANCELLED',
      policyVersion: 1,
      policyOverridden: true,
    })
  })

  it('limits how often an appointment is moved', async () => {
    await setPolicy({ expectedVersion: 1, maxReschedules: 1 })
    const { appointment } = await book(salon, hourAhead(6))
    const guest = { ...salon, caller: guestCaller(salon.organizationId, appointment.id) }
    const moved = await move(guest, appointment, hourAhead(7))
    const refusal = (await refusalOf(move(guest, moved, hourAhead(8)))) as PolicyViolationError
    expect(refusal).toBeInstanceOf(PolicyViolationError)
    expect(refusal.allowedUntil).toBeNull()
    const overridden = await move(salon, moved, hourAhead(8))
    expect((await historyOf(salon, appointment.id)).map((event) => event.policyOverridden)).toEqual([
      false,
      false,
      true,
    ])
    expect((await cancel(guest, overridden)).status).toBe('CANCELLED')
  })

  it('keeps its notice counted to the present start, not to an earlier one', async () => {
    await setPolicy({ expectedVersion: 2, rescheduleNoticeMinutes: 60 })
    const { appointment } = await book(salon, hourAhead(10))
    const guest = { ...salon, caller: guestCaller(salon.organizationId, appointment.id) }
    const moved = await move(guest, appointment, hourAhead(12))
    await setPolicy({ expectedVersion: 3, rescheduleNoticeMinutes: week })
    const refusal = (await refusalOf(move(guest, moved, hourAhead(11)))) as PolicyViolationError
    expect(refusal.allowedUntil).toBe(hourAhead(12) - week * minute)
  })
})

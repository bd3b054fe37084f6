// What counts as the same request under one key, also while gateways of two versions run.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { idempotencyFor } from '../../../src/domain/claims/idempotency.ts'
import { IdempotencyKeyReusedError } from '../../../src/domain/vocabulary/refusals.ts'
import { cancel, refusalOf } from '../../support/appointment-changes.ts'
import { book, hold, hourAhead, openSalon, type Salon } from '../../support/salon.ts'

let salon: Salon
beforeAll(async () => {
  salon = await openSalon({ people: 2 })
})
afterAll(() => salon[Symbol.asyncDispose]())

const fingerprintOf = (input: object) => idempotencyFor('key', 'book', input)?.fingerprint

describe('a fingerprint', () => {
  it('stays as it is when an input gets a field that the request does not use, whatever the order', () => {
    const before = fingerprintOf({ slot: { startsAt: 1, resourceIds: [null, 'a'] }, notes: null })
    for (const more of [
      { added: null },
      { added: undefined },
      { added: false },
      { added: [] },
      { added: { of: null } },
    ]) {
      expect(fingerprintOf({ ...more, notes: null, slot: { resourceIds: [null, 'a'], startsAt: 1 } })).toBe(before)
    }
  })

  it.each([
    { slot: { startsAt: 2, resourceIds: [null, 'a'] } },
    { slot: { startsAt: 1, resourceIds: ['a', null] } },
    { slot: { startsAt: 1, resourceIds: ['a'] } },
    { slot: { startsAt: 1, resourceIds: [null, 'a'] }, notes: '' },
    { slot: { startsAt: 1, resourceIds: [null, 'a'] }, replace: true },
  ])('is another one for another request: %o', (other) => {
    expect(fingerprintOf(other)).not.toBe(fingerprintOf({ slot: { startsAt: 1, resourceIds: [null, 'a'] } }))
  })
})

describe('a key that was used by a gateway of another version', () => {
  it('leads to what it led to, for a booking, a hold and a cancellation', async () => {
    const booked = await book(salon, hourAhead(1), { idempotencyKey: 'book' })
    const held = await hold(salon, hourAhead(2), { idempotencyKey: 'hold' })
    const cancelled = await cancel(salon, booked.appointment, { idempotencyKey: 'cancel' })
    await salon.db.sql`update idempotency_keys set request_hash = '1:of another kind'`
    expect(await book(salon, hourAhead(1), { idempotencyKey: 'book' })).toMatchObject({
      appointment: { id: booked.appointment.id },
    })
    expect((await hold(salon, hourAhead(2), { idempotencyKey: 'hold' })).id).toBe(held.id)
    const again = await cancel(salon, booked.appointment, { idempotencyKey: 'cancel' })
    expect(again).toMatchObject({ id: cancelled.id, version: cancelled.version })
  })

  it('is refused where the versions are the same and the requests are not', async () => {
    await book(salon, hourAhead(3), { idempotencyKey: 'same version' })
    const other = book(salon, hourAhead(4), { idempotencyKey: 'same version' })
    expect(await refusalOf(other)).toBeInstanceOf(IdempotencyKeyReusedError)
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectIntact } from '../support/database-checks.ts'
import { hourAhead } from '../support/salon.ts'
import { type Answer, countTypes, openTwoGateways, type TwoGateways } from '../support/two-gateways.ts'

const BOOK = `mutation Book($input: BookAppointmentInput!) {
  bookAppointment(input: $input) {
    __typename
    ... on BookedAppointment { usedAlternative manageToken appointment { id version startsAt customer { id } } }
    ... on SlotUnavailableError { code reasons { reason } alternatives { startsAt } }
    ... on Error { message }
  }
}`
const MOVE = `mutation Move($input: RescheduleAppointmentInput!) {
  rescheduleAppointment(input: $input) {
    __typename
    ... on Appointment { id version }
    ... on VersionConflictError { currentVersion }
    ... on Error { message }
  }
}`
const CANCEL = MOVE.replaceAll('Move', 'Cancel')
  .replace('RescheduleAppointmentInput', 'CancelAppointmentInput')
  .replace('rescheduleAppointment', 'cancelAppointment')

const instant = (at: number) => new Date(at).toISOString()
const many = (count: number, attempt: (index: number) => Promise<Answer>) =>
  Promise.all(Array.from({ length: count }, (_, index) => attempt(index)))

describe.each([{ advisoryLocks: true }, { advisoryLocks: false }])(
  'two gateways, $advisoryLocks for locks',
  (options) => {
    let two: TwoGateways
    beforeAll(async () => {
      two = await openTwoGateways({ people: 1, ...options })
    })
    afterAll(async () => {
      await two?.[Symbol.asyncDispose]()
    })

    function wish(startsAt: number, given: Record<string, unknown> = {}) {
      return { slot: { serviceId: two.serviceId, startsAt: instant(startsAt) }, customer: { name: 'Ada' }, ...given }
    }

    it.each([10, 50, 100, 200, 500])('of %i bookings of one slot exactly one succeeds', async (count) => {
      const startsAt = hourAhead(count)
      const answers = await many(count, () => two.mutate(BOOK, wish(startsAt)))
      expect(countTypes(answers)).toEqual({ BookedAppointment: 1, SlotUnavailableError: count - 1 })
      for (const { __typename, alternatives, reasons } of answers) {
        if (__typename !== 'SlotUnavailableError') continue
        expect(alternatives).toHaveLength(3)
        expect(reasons).toEqual([{ reason: 'ALREADY_BOOKED' }])
      }
    })

    it('of 200 callers with one wish each is booked, where 200 slots are free nearby', async () => {
      const startsAt = hourAhead(24 * 40)
      const answers = await many(200, () => two.mutate(BOOK, wish(startsAt, { onUnavailable: 'BOOK_ALTERNATIVE' })))
      expect(countTypes(answers)).toEqual({ BookedAppointment: 200 })
    })

    it('50 duplicates of one idempotency key are done once and get one answer', async () => {
      const input = wish(hourAhead(0), { idempotencyKey: 'fifty' })
      const answers = await many(50, () => two.mutate(BOOK, input))
      expect(answers[0]).toMatchObject({ __typename: 'BookedAppointment' })
      for (const answer of answers) expect(answer).toEqual(answers[0])
    })

    it('of many moves and cancellations of one version one wins', async () => {
      const booked = await two.mutate(BOOK, wish(hourAhead(2)))
      const { id, version } = booked.appointment as { id: string; version: number }
      const input = { appointmentId: id, expectedVersion: version }
      const answers = await many(40, (index) =>
        index % 2 === 0
          ? two.mutate(CANCEL, input)
          : two.mutate(MOVE, { ...input, startsAt: instant(hourAhead(24 * 20 + index)) }),
      )
      expect(countTypes(answers)).toEqual({ Appointment: 1, VersionConflictError: 39 })
      for (const { __typename, currentVersion } of answers) {
        if (__typename === 'VersionConflictError') expect(currentVersion).toBe(2)
      }
    })

    it('bookings with one phone in six notations are one customer’s', async () => {
      const notations = [
        '+49 30 23125000',
        '+493023125000',
        '0049 30 23125000',
        '030 23125000',
        '(030) 2312-5000',
        '030/23125000',
      ]
      const answers = await many(100, (index) =>
        two.mutate(
          BOOK,
          wish(hourAhead(24 * 25 + index), { customer: { name: `Ada ${index}`, phone: notations[index % 6] } }),
        ),
      )
      expect(countTypes(answers)).toEqual({ BookedAppointment: 100 })
      const customers = answers.map(({ appointment }) => (appointment as { customer: { id: string } }).customer.id)
      expect(new Set(customers).size).toBe(1)
    })

    it('all of it left no overlap, no broken history and no gap in the change log', async () => {
      await expectIntact(two.salon.db)
    })
  },
)

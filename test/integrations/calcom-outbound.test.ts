import { afterAll, beforeAll, expect, it } from 'vitest'
import { retryExternalBooking } from '../../src/domain/outside/calendars/external-bookings.ts'
import { cancel, move } from '../support/appointment-changes.ts'
import { type CalcomGateway, CUT_TYPE, openCalcomGateway } from '../support/calcom-gateway.ts'
import { book, hourAhead } from '../support/salon.ts'
import { until } from '../support/until.ts'

let gateway: CalcomGateway
beforeAll(async () => {
  gateway = await openCalcomGateway({ rules: { timeoutMs: 400 } })
})
afterAll(() => gateway[Symbol.asyncDispose]())

let hours = 0
function next() {
  hours += 3
  return hourAhead(hours)
}

async function bookAt(startsAt: number, person = 0) {
  const { appointment } = await book(gateway, null, {
    slot: { serviceId: gateway.cutId, startsAt, resourceIds: [gateway.people[person] as string] },
  })
  return appointment
}

const activeOf = (id: string) =>
  gateway.calcom.active().filter(({ metadata }) => metadata.slotwireAppointmentId === `appointment_${id}`)

it('an appointment is created, moved and cancelled there, with our id and the version of the resource', async () => {
  const startsAt = next()
  const appointment = await bookAt(startsAt)
  const first = await gateway.settled(appointment.id)
  expect(activeOf(appointment.id)).toMatchObject([{ uid: first.externalId, start: startsAt, eventTypeId: CUT_TYPE }])
  expect(gateway.calcom.requests.every(({ version }) => version === '2024-08-13')).toBe(true)

  const moved = await move(gateway, appointment, startsAt + 3_600_000)
  await until(() => activeOf(appointment.id)[0]?.start === startsAt + 3_600_000)
  const second = await gateway.settled(appointment.id)
  expect(second.externalId).not.toBe(first.externalId)

  await cancel(gateway, moved)
  await until(() => activeOf(appointment.id).length === 0)
  await gateway.settled(appointment.id)
  const ids = await gateway.db.sql`
    select external_id as id, state, ours, successor_id as successor from external_ids where appointment_id = ${appointment.id}`
  expect(ids.map((row) => ({ ...row }))).toEqual([
    { id: first.externalId, state: 'ENDED', ours: true, successor: second.externalId },
    { id: second.externalId, state: 'ENDED', ours: true, successor: null },
  ])
  expect(gateway.calcom.counts).toMatchObject({ create: 1, reschedule: 1, cancel: 1 })
})

it('what is booked and cancelled at once leaves nothing there', async () => {
  const appointment = await bookAt(next())
  await cancel(gateway, appointment)
  await gateway.settled(appointment.id)
  expect(activeOf(appointment.id)).toEqual([])
})

it.each(['lose-answer', 'lose-request'] as const)('a create is done once although its %s', async (kind) => {
  const before = gateway.calcom.counts.create
  gateway.calcom.quirk('create', { kind })
  const appointment = await bookAt(next())
  await gateway.settled(appointment.id)
  expect(activeOf(appointment.id)).toHaveLength(1)
  expect(gateway.calcom.counts.create).toBe(before + 1)
})

it('after a time-out it looks before it asks again: create, reschedule, cancel', async () => {
  const { calcom } = gateway
  const startsAt = next()
  const before = { ...calcom.counts }
  calcom.quirk('create', { kind: 'hang', done: true })
  const appointment = await bookAt(startsAt)
  await gateway.settled(appointment.id)
  calcom.quirk('reschedule', { kind: 'hang', done: true })
  const moved = await move(gateway, appointment, startsAt + 3_600_000)
  await until(() => activeOf(appointment.id)[0]?.start === moved.startsAt)
  const twin = await gateway.settled(appointment.id)
  expect(activeOf(appointment.id)).toMatchObject([{ uid: twin.externalId, start: moved.startsAt }])
  calcom.quirk('cancel', { kind: 'hang', done: true })
  await cancel(gateway, moved)
  await until(() => activeOf(appointment.id).length === 0)
  await gateway.settled(appointment.id)
  expect(calcom.counts).toMatchObject({
    create: before.create + 1,
    reschedule: before.reschedule + 1,
    cancel: before.cancel + 1,
  })
})

it("somebody else's booking as the answer is a conflict, and is never touched", async () => {
  const { calcom } = gateway
  const other = calcom.book({ start: next(), eventTypeId: CUT_TYPE })
  calcom.quirk('create', { kind: 'foreign' })
  const appointment = await bookAt(next())
  const twin = await gateway.settled(appointment.id, 'FAILED')
  expect(twin).toMatchObject({ externalId: null, lastError: expect.stringContaining('not ours') })
  await gateway.write((tx) => retryExternalBooking(tx, { appointmentId: appointment.id, provider: 'calcom' }))
  await gateway.settled(appointment.id)
  expect(activeOf(appointment.id)).toHaveLength(1)
  expect(calcom.bookings.get(other.uid)?.status).toBe('accepted')
  expect(twin.suggestedStarts.length).toBeGreaterThan(0)
  expect((await gateway.twinOf(appointment.id)).suggestedStarts).toEqual([])
})

it('an old booking as the answer is not believed', async () => {
  gateway.calcom.quirk('create', { kind: 'stale' })
  const appointment = await bookAt(next())
  const twin = await gateway.settled(appointment.id, 'FAILED')
  expect(twin).toMatchObject({ externalId: null, lastError: expect.stringContaining('old booking') })
  await gateway.write((tx) => retryExternalBooking(tx, { appointmentId: appointment.id, provider: 'calcom' }))
  await gateway.settled(appointment.id)
  expect(activeOf(appointment.id)).toHaveLength(1)
})

it('"taken" by our own booking whose answer was lost is no conflict', async () => {
  const { calcom } = gateway
  const startsAt = next()
  // The list does not show it yet when it is looked for the first time.
  calcom.quirk('create', { kind: 'lose-answer' })
  calcom.quirk('list', {
    kind: 'answer',
    status: 200,
    body: { status: 'success', data: [], pagination: { hasNextPage: false } },
  })
  const before = calcom.counts.create
  const appointment = await bookAt(startsAt)
  await gateway.settled(appointment.id)
  expect(activeOf(appointment.id)).toHaveLength(1)
  expect(calcom.counts.create).toBe(before + 1)
})

it('an appointment that goes to somebody with an event type of their own is made anew there', async () => {
  const startsAt = next()
  const appointment = await bookAt(startsAt, 0)
  await gateway.settled(appointment.id)
  await move(gateway, appointment, startsAt + 3_600_000, { resourceIds: [gateway.people[1] as string] })
  await until(() => activeOf(appointment.id)[0]?.eventTypeId === CUT_TYPE + 1)
  await gateway.settled(appointment.id)
  expect(activeOf(appointment.id)).toMatchObject([{ eventTypeId: CUT_TYPE + 1, start: startsAt + 3_600_000 }])
})

it('another time as the answer is a conflict; what was booked there is kept in sight and moved by a retry', async () => {
  gateway.calcom.quirk('create', { kind: 'other-time', shiftMs: 3_600_000 })
  const startsAt = next()
  const appointment = await bookAt(startsAt)
  const twin = await gateway.settled(appointment.id, 'FAILED')
  expect(activeOf(appointment.id)).toMatchObject([{ uid: twin.externalId, start: startsAt + 3_600_000 }])
  await gateway.write((tx) => retryExternalBooking(tx, { appointmentId: appointment.id, provider: 'calcom' }))
  await gateway.settled(appointment.id)
  expect(activeOf(appointment.id)).toMatchObject([{ start: startsAt }])
})

it.each([
  [400, 'User either already has booking at this time or is not available'],
  [400, 'One of the hosts either already has booking at this time or is not available'],
  [400, 'booking_time_out_of_bounds_error'],
  [409, 'no_available_users_found_error'],
  [422, 'This slot is already booked'],
])('"taken" (%i %s) is a visible conflict with suggested starts and is not repeated', async (status, message) => {
  const before = gateway.calcom.requests.length
  gateway.calcom.quirk('create', { kind: 'answer', status, message })
  const appointment = await bookAt(next())
  const twin = await gateway.settled(appointment.id, 'FAILED')
  expect(twin).toMatchObject({ lastError: message, externalId: null })
  expect(twin.suggestedStarts).toHaveLength(3)
  const creates = gateway.calcom.requests.slice(before).filter(({ operation }) => operation === 'create')
  expect(creates).toHaveLength(1)
})

it('an unknown 400 is tried three times and then shown', async () => {
  const { calcom } = gateway
  const before = calcom.requests.filter(({ operation }) => operation === 'create').length
  for (let time = 0; time < 5; time++)
    calcom.quirk('create', { kind: 'answer', status: 400, message: 'Something else' })
  const appointment = await bookAt(next())
  await gateway.settled(appointment.id, 'FAILED')
  await gateway.db.sql`select`
  expect(calcom.requests.filter(({ operation }) => operation === 'create').length).toBe(before + 3)
  calcom.quirk('create')
  await gateway.write((tx) => retryExternalBooking(tx, { appointmentId: appointment.id, provider: 'calcom' }))
  await gateway.settled(appointment.id)
})

it('429 is waited out as long as asked and is no failure', async () => {
  gateway.calcom.quirk('create', { kind: 'answer', status: 429, message: 'Too many', headers: { 'retry-after': '1' } })
  const beganAt = performance.now()
  const appointment = await bookAt(next())
  await gateway.settled(appointment.id)
  expect(performance.now() - beganAt).toBeGreaterThan(900)
})

it('faults open the circuit and a probe closes it again', async () => {
  const { calcom } = gateway
  for (let time = 0; time < 7; time++) calcom.quirk('create', { kind: 'answer', status: 503, message: 'Down' })
  const appointment = await bookAt(next())
  await gateway.settled(appointment.id)
  expect(activeOf(appointment.id)).toHaveLength(1)
  const [row] = await gateway.db.sql`select failures, open_until from calendar_syncs`
  expect(row).toEqual({ failures: 0, open_until: null })
})

it('a number that they refuse is left out rather than the booking', async () => {
  const { appointment } = await book(gateway, next(), {
    customer: { name: 'Ada', phone: '+49 170 0000000', email: 'ada@example.com' },
  })
  await gateway.settled(appointment.id)
  expect(activeOf(appointment.id)).toMatchObject([{ attendee: { email: 'ada@example.com' } }])
})

it('a change while the job runs is not absorbed by it', async () => {
  const { calcom } = gateway
  const reached = Promise.withResolvers<void>()
  const proceed = Promise.withResolvers<void>()
  calcom.quirk('create', { kind: 'barrier', at: 'after', reached: reached.resolve, proceed: proceed.promise })
  const startsAt = next()
  const appointment = await bookAt(startsAt)
  await reached.promise
  await move(gateway, appointment, startsAt + 3_600_000)
  proceed.resolve()
  await until(() => activeOf(appointment.id)[0]?.start === startsAt + 3_600_000)
  await gateway.settled(appointment.id)
  expect(activeOf(appointment.id)).toHaveLength(1)
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { retryExternalBooking } from '../../src/domain/outside/calendars/external-bookings.ts'
import { createCalendars } from '../../src/integrations/calcom/calendars.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { cancel, move } from '../support/appointment-changes.ts'
import { type CalcomGateway, CUT_TYPE, openCalcomGateway } from '../support/calcom-gateway.ts'
import { QUICK } from '../support/calcom-rules.ts'
import { expectIntact } from '../support/database-checks.ts'
import type { FakeBooking } from '../support/fake-calcom.ts'
import { book, hold, hourAhead } from '../support/salon.ts'
import { until } from '../support/until.ts'

const HOUR = 3_600_000

let gateway: CalcomGateway
beforeAll(async () => {
  gateway = await openCalcomGateway({ people: 2, moreTypes: [501] })
  gateway.calcom.eventTypes.set(500, { ...type(CUT_TYPE), id: 500, title: 'Not mapped' })
  gateway.calcom.eventTypes.set(501, { ...type(CUT_TYPE), id: 501, requiresConfirmation: true })
})
afterAll(async () => {
  await expectIntact(gateway.db)
  await gateway[Symbol.asyncDispose]()
})

function type(id: number) {
  const found = gateway.calcom.eventTypes.get(id)
  if (!found) throw new Error('no such event type')
  return found
}

let hours = 0
function next() {
  hours += 4
  return hourAhead(hours)
}

const tell = (trigger: string, booking: FakeBooking, changes: Record<string, unknown> = {}) =>
  gateway.calcom.send(gateway.webhookUrl, gateway.calcom.payload(trigger, booking, changes))

async function appointmentOf(uid: string) {
  const [row] = await gateway.db.sql<
    {
      id: string
      status: string
      version: number
      startsAt: number
      origin: string
      name: string
      phone: string | null
    }[]
  >`
    select a.id, a.status, a.version, a.starts_at as "startsAt", a.origin, c.name, c.phone
    from external_ids x join appointments a on a.id = x.appointment_id join customers c on c.id = a.customer_id
    where x.external_id = ${uid}`
  return row
}

const busyOf = (uid: string) => gateway.db.sql`
  select resource_id as "resourceId", starts_at as start, ends_at as end from busy_intervals where external_id = ${uid}`

const conflictsOf = (uid: string) => gateway.db.sql`
  select kind, appointment_id as "appointmentId", suggested_starts as "suggestedStarts" from calendar_conflicts
  where external_id = ${uid} and resolved_at is null`

describe('a webhook', () => {
  const ping = { triggerEvent: 'PING', createdAt: new Date().toISOString(), payload: { type: 'Test' } }

  it.each([
    ['without a signature', { signature: null }],
    ['with the literal of a subscription without a secret', { signature: 'no-secret-provided' }],
    ['with a signature of other bytes', { raw: `${JSON.stringify(ping)} `, signature: 'a'.repeat(64) }],
    ['with a signature that is cut short', { signature: 'ab' }],
  ])('%s is refused', async (_, options) => {
    expect((await gateway.calcom.send(gateway.webhookUrl, ping, options)).status).toBe(401)
  })

  it('is refused by an integration that is unknown, or has no secret', async () => {
    const unknown = gateway.webhookUrl.replace(/integration_.*/, 'integration_00000000-0000-7000-8000-000000000000')
    expect((await gateway.calcom.send(unknown, ping)).status).toBe(404)
    const bare = await openCalcomGateway({ jobs: false, people: 1 })
    await bare.db.sql`update integrations set secrets = secrets - 'webhookSecret'`
    expect((await bare.calcom.send(bare.webhookUrl, ping)).status).toBe(403)
    await bare[Symbol.asyncDispose]()
  })

  it('that changes nothing is acknowledged: ping, flat meetings, no-shows, payments, what nobody knows yet', async () => {
    const bodies = [
      ping,
      {
        triggerEvent: 'MEETING_STARTED',
        id: 77,
        uid: 'u',
        startTime: '2026-01-01T10:00:00Z',
        createdAt: '2020-01-01T00:00:00Z',
      },
      {
        triggerEvent: 'BOOKING_NO_SHOW_UPDATED',
        createdAt: ping.createdAt,
        payload: { bookingUid: 'u', bookingId: 7 },
      },
      { triggerEvent: 'BOOKING_PAID', createdAt: ping.createdAt, payload: { uid: 'u', metadata: { paid: 5 } } },
      { triggerEvent: 'booking.created', createdAt: ping.createdAt, payload: { uid: 'dotted' } },
      { hello: 'of a template' },
      { triggerEvent: 'toString', payload: {} },
    ]
    for (const body of bodies) expect((await gateway.calcom.send(gateway.webhookUrl, body)).status).toBe(200)
    const raw = 'title=A+booking&when=soon'
    const options = { raw, contentType: 'application/x-www-form-urlencoded' }
    expect((await gateway.calcom.send(gateway.webhookUrl, null, options)).status).toBe(200)
    expect(await gateway.db.sql`select from inbox where outcome <> 'IGNORED'`).toEqual([])
  })

  it('with an implausible date is kept and not applied', async () => {
    const booking = gateway.calcom.book({ start: next(), eventTypeId: CUT_TYPE })
    for (const createdAt of ['2020-01-01T00:00:00Z', new Date(Date.now() + HOUR).toISOString()]) {
      const body = { ...gateway.calcom.payload('BOOKING_CREATED', booking), createdAt }
      expect((await gateway.calcom.send(gateway.webhookUrl, body)).status).toBe(200)
    }
    expect(await appointmentOf(booking.uid)).toBeUndefined()
  })

  it('that cannot be read is kept with its reason', async () => {
    const booking = gateway.calcom.book({ start: next(), eventTypeId: CUT_TYPE })
    expect((await tell('BOOKING_CREATED', booking, { startTime: 'soon' })).status).toBe(200)
    const [row] = await gateway.db.sql`select outcome, error from inbox where key like ${`%${booking.uid}%`}`
    expect(row).toEqual({ outcome: 'FAILED', error: expect.stringContaining('startTime') })
  })
})

describe('a booking made over there', () => {
  it('becomes an appointment where event type and host stand for something here', async () => {
    const start = next()
    const attendee = { name: 'Grace', email: 'grace@example.com', phoneNumber: '+4930123456' }
    const booking = gateway.calcom.book({ start, eventTypeId: CUT_TYPE + 1, attendee })
    await tell('BOOKING_CREATED', booking)
    const appointment = await appointmentOf(booking.uid)
    expect(appointment).toMatchObject({ status: 'CONFIRMED', startsAt: start, origin: 'CALENDAR', name: 'Grace' })
    expect(await gateway.twinOf(appointment?.id ?? '')).toMatchObject({ status: 'SYNCED', externalId: booking.uid })
    const claims = await gateway.db.sql`
      select resource_id from claims where appointment_id = ${appointment?.id ?? ''} and active`
    expect(claims).toEqual([{ resource_id: gateway.people[1] }])
    expect(gateway.calcom.counts.create).toBe(0)
  })

  it('is applied once, however often and through however many subscriptions it is told', async () => {
    const booking = gateway.calcom.book({ start: next(), eventTypeId: CUT_TYPE })
    const bodies = [0, 1, 2].map((level) =>
      gateway.calcom.payload('BOOKING_CREATED', booking, { title: `level ${level}` }),
    )
    await Promise.all([...bodies, ...bodies].map((body) => gateway.calcom.send(gateway.webhookUrl, body)))
    expect(await appointmentOf(booking.uid)).toMatchObject({ version: 1 })
    expect(await gateway.db.sql`select from appointments where starts_at = ${new Date(booking.start)}`).toHaveLength(1)
  })

  it('keeps the id of the appointment when it is moved, knows the old uid and the new one, and is cancelled with it', async () => {
    const booking = gateway.calcom.book({ start: next(), eventTypeId: CUT_TYPE })
    await tell('BOOKING_CREATED', booking)
    const before = await appointmentOf(booking.uid)
    const moved = gateway.calcom.move(booking.uid, booking.start + HOUR)
    await tell('BOOKING_RESCHEDULED', moved)
    expect(await appointmentOf(moved.uid)).toMatchObject({ id: before?.id, startsAt: moved.start, version: 2 })
    expect(await appointmentOf(booking.uid)).toMatchObject({ id: before?.id })
    await tell('BOOKING_CANCELLED', gateway.calcom.cancel(moved.uid, 'ill'))
    expect(await appointmentOf(moved.uid)).toMatchObject({ status: 'CANCELLED', version: 3 })
    expect(gateway.calcom.counts).toMatchObject({ create: 0, reschedule: 0, cancel: 0 })
  })

  it('ends the same in every order in which it is told', async () => {
    const orders = permutations([0, 1, 2])
    for (const order of orders) {
      const booking = gateway.calcom.book({ start: next(), eventTypeId: CUT_TYPE })
      const created = gateway.calcom.payload('BOOKING_CREATED', booking)
      const moved = gateway.calcom.move(booking.uid, booking.start + HOUR)
      const rescheduled = gateway.calcom.payload('BOOKING_RESCHEDULED', moved)
      const cancelled = gateway.calcom.payload('BOOKING_CANCELLED', gateway.calcom.cancel(moved.uid))
      const bodies = [created, rescheduled, cancelled]
      for (const index of order) await gateway.calcom.send(gateway.webhookUrl, bodies[index])
      const taken = await gateway.db.sql`
        select from claims where active and starts_at between ${new Date(booking.start)} and ${new Date(moved.start)}`
      expect(taken, `order ${order}`).toEqual([])
    }
    for (const order of permutations([0, 1])) {
      const booking = gateway.calcom.book({ start: next(), eventTypeId: CUT_TYPE })
      const created = gateway.calcom.payload('BOOKING_CREATED', booking)
      const moved = gateway.calcom.move(booking.uid, booking.start + HOUR)
      const bodies = [created, gateway.calcom.payload('BOOKING_RESCHEDULED', moved)]
      for (const index of order) await gateway.calcom.send(gateway.webhookUrl, bodies[index])
      const taken = await gateway.db.sql`
        select starts_at as start from claims
        where active and starts_at between ${new Date(booking.start)} and ${new Date(moved.start)}`
      expect(taken, `order ${order}`).toEqual([{ start: moved.start }])
    }
  })

  it('is busy time where it stands for nothing, and open again when it is gone', async () => {
    const booking = gateway.calcom.book({ start: next(), eventTypeId: 500 })
    await tell('BOOKING_CREATED', booking)
    expect(await busyOf(booking.uid)).toMatchObject([
      { resourceId: gateway.people[0], start: booking.start, end: booking.end },
    ])
    const moved = gateway.calcom.move(booking.uid, booking.start + HOUR)
    await tell('BOOKING_RESCHEDULED', moved)
    expect(await busyOf(booking.uid)).toEqual([])
    expect(await busyOf(moved.uid)).toHaveLength(1)
    await tell('BOOKING_CANCELLED', gateway.calcom.cancel(moved.uid))
    expect(await busyOf(moved.uid)).toEqual([])
    const days = await gateway.db.sql`select from availability_changes where delta ->> 'busy' = 'true'`
    expect(days.length).toBeGreaterThanOrEqual(3)
  })

  it('that waits to be confirmed is busy, then an appointment, or open again when it is declined', async () => {
    const accepted = gateway.calcom.book({ start: next(), eventTypeId: 501 })
    await tell('BOOKING_REQUESTED', accepted)
    expect(await busyOf(accepted.uid)).toHaveLength(1)
    accepted.status = 'accepted'
    await tell('BOOKING_CREATED', accepted)
    expect(await busyOf(accepted.uid)).toEqual([])
    expect(await appointmentOf(accepted.uid)).toMatchObject({ status: 'CONFIRMED' })
    const declined = gateway.calcom.book({ start: next(), eventTypeId: 501 })
    await tell('BOOKING_REQUESTED', declined)
    declined.status = 'rejected'
    await tell('BOOKING_REJECTED', declined)
    expect(await busyOf(declined.uid)).toEqual([])
  })

  it('that overlaps one of ours is reported and busy, never claimed twice and never dropped', async () => {
    const start = next()
    const { appointment } = await book(gateway, null, {
      slot: { serviceId: gateway.cutId, startsAt: start, resourceIds: [gateway.people[0] as string] },
    })
    await gateway.settled(appointment.id)
    const booking = gateway.calcom.book({ start: start + 15 * 60_000, eventTypeId: CUT_TYPE })
    await tell('BOOKING_CREATED', booking)
    expect(await appointmentOf(booking.uid)).toBeUndefined()
    expect(await busyOf(booking.uid)).toHaveLength(1)
    const [conflict] = await conflictsOf(booking.uid)
    expect(conflict).toMatchObject({ kind: 'OVERLAP', appointmentId: appointment.id })
    expect(conflict?.suggestedStarts).toHaveLength(3)
  })

  it('that overlaps a hold leaves the hold binding', async () => {
    const start = next()
    const held = await hold(gateway, start, {
      slot: { serviceId: gateway.cutId, startsAt: start, resourceIds: [gateway.people[0] as string] },
    })
    const booking = gateway.calcom.book({ start, eventTypeId: CUT_TYPE })
    await tell('BOOKING_CREATED', booking)
    expect(await conflictsOf(booking.uid)).toMatchObject([{ kind: 'OVERLAP', appointmentId: null }])
    const { appointment } = await book(gateway, null, { holdId: held.id })
    expect(appointment.status).toBe('CONFIRMED')
  })
})

describe('our own booking', () => {
  async function bookOurs() {
    const { appointment } = await book(gateway, null, {
      slot: { serviceId: gateway.cutId, startsAt: next(), resourceIds: [gateway.people[0] as string] },
    })
    const twin = await gateway.settled(appointment.id)
    return { appointment, booking: gateway.calcom.bookings.get(twin.externalId ?? '') as FakeBooking }
  }

  it('comes back as an echo that changes nothing, also before its answer', async () => {
    const { calcom } = gateway
    calcom.subscribe(gateway.webhookUrl, { levels: 2 })
    const { appointment } = await bookOurs()
    await calcom.delivered()
    const moved = await move(gateway, appointment, appointment.startsAt + HOUR)
    await until(() => calcom.active().some(({ start }) => start === moved.startsAt))
    await gateway.settled(appointment.id)
    await calcom.delivered()
    const [row] = await gateway.db.sql`select version, status from appointments where id = ${appointment.id}`
    expect(row).toEqual({ version: 2, status: 'CONFIRMED' })
    const cancelled = await cancel(gateway, moved)
    await until(() => !calcom.active().some(({ start }) => start === moved.startsAt))
    await gateway.settled(appointment.id)
    await calcom.delivered()
    expect(cancelled.version).toBe(3)
    expect(await gateway.db.sql`select from appointment_events where appointment_id = ${appointment.id}`).toHaveLength(
      3,
    )
    expect(await gateway.db.sql`select from busy_intervals where starts_at = ${new Date(moved.startsAt)}`).toEqual([])
    calcom.subscribe('http://127.0.0.1:9')
  })

  it.each(['cancel', 'create'] as const)(
    'that is made anew for another person stays, whenever the echo comes: at the %s',
    async (step) => {
      const { appointment, booking } = await bookOurs()
      const reached = Promise.withResolvers<void>()
      const proceed = Promise.withResolvers<void>()
      const at = step === 'cancel' ? 'after' : 'before'
      gateway.calcom.quirk(step, { kind: 'barrier', at, reached: reached.resolve, proceed: proceed.promise })
      const other = { resourceIds: [gateway.people[1] as string] }
      await move(gateway, appointment, appointment.startsAt + HOUR, other)
      await reached.promise
      await tell('BOOKING_CANCELLED', booking)
      proceed.resolve()
      await until(() => gateway.calcom.active().some(({ start }) => start === appointment.startsAt + HOUR))
      await gateway.settled(appointment.id)
      const [row] = await gateway.db.sql`select version, status from appointments where id = ${appointment.id}`
      expect(row).toEqual({ version: 2, status: 'CONFIRMED' })
    },
  )

  it('that is moved over there moves here, and a later change from here goes to the new uid', async () => {
    const { appointment, booking } = await bookOurs()
    const there = gateway.calcom.move(booking.uid, booking.start + HOUR)
    await tell('BOOKING_RESCHEDULED', there)
    expect(await appointmentOf(there.uid)).toMatchObject({ id: appointment.id, startsAt: there.start, version: 2 })
    await cancel(gateway, { id: appointment.id, version: 2 })
    await until(() => gateway.calcom.bookings.get(there.uid)?.status === 'cancelled')
    await gateway.settled(appointment.id)
  })

  it('that is moved over there twice, the first time unheard, waits for the poll instead of being moved back', async () => {
    const { appointment, booking } = await bookOurs()
    const { reschedule } = gateway.calcom.counts
    const unheard = gateway.calcom.move(booking.uid, booking.start + HOUR)
    const there = gateway.calcom.move(unheard.uid, booking.start + 2 * HOUR)
    await tell('BOOKING_RESCHEDULED', there)
    const calendars = createCalendars({
      db: gateway.db,
      logger: createLogger('silent'),
      rules: { timeoutMs: 5000, allowsPrivate: true, circuit: QUICK.circuit, pollEveryMs: 0 },
    })
    await calendars.reconcile(gateway)
    expect(await appointmentOf(there.uid)).toMatchObject({ id: appointment.id, startsAt: there.start })
    expect(gateway.calcom.counts.reschedule).toBe(reschedule)
  })

  it('that is called off over there is cancelled here, once', async () => {
    const { appointment, booking } = await bookOurs()
    await tell('BOOKING_CANCELLED', gateway.calcom.cancel(booking.uid, 'ill'))
    await tell('BOOKING_CANCELLED', booking, { title: 'again' })
    const [row] = await gateway.db.sql`select version, status from appointments where id = ${appointment.id}`
    expect(row).toEqual({ version: 2, status: 'CANCELLED' })
  })

  it('that is moved over there onto a taken time stays here, and a retry brings it back', async () => {
    const { appointment, booking } = await bookOurs()
    const taken = booking.start + HOUR
    // Booked here while the calendar did not know it.
    gateway.calcom.quirk('create', { kind: 'answer', status: 400, message: 'is not available' })
    const { appointment: other } = await book(gateway, null, {
      slot: { serviceId: gateway.cutId, startsAt: taken, resourceIds: [gateway.people[0] as string] },
    })
    await gateway.settled(other.id, 'FAILED')
    const there = gateway.calcom.move(booking.uid, taken)
    await tell('BOOKING_RESCHEDULED', there)
    const [row] = await gateway.db
      .sql`select version, starts_at as start from appointments where id = ${appointment.id}`
    expect(row).toEqual({ version: 1, start: booking.start })
    expect(await gateway.twinOf(appointment.id)).toMatchObject({ status: 'FAILED', externalId: there.uid })
    expect((await conflictsOf(there.uid)).length).toBeGreaterThan(0)
    await gateway.write((tx) => retryExternalBooking(tx, { appointmentId: appointment.id, provider: 'calcom' }))
    await gateway.settled(appointment.id)
    expect(
      gateway.calcom.active().some(({ start, metadata }) => start === booking.start && metadata.slotwireAppointmentId),
    ).toBe(true)
  })

  it('that is there twice is called off but for one', async () => {
    const { appointment, booking } = await bookOurs()
    const twice = gateway.calcom.book({ start: next(), eventTypeId: CUT_TYPE, metadata: booking.metadata })
    await tell('BOOKING_CREATED', twice)
    await until(() => gateway.calcom.bookings.get(twice.uid)?.status === 'cancelled')
    const twin = await gateway.settled(appointment.id)
    expect(twin.externalId).toBe(booking.uid)
    expect(booking.status).toBe('accepted')
  })

  it('cannot be claimed by the metadata of a booking in another calendar', async () => {
    const booking = gateway.calcom.book({
      start: next(),
      eventTypeId: CUT_TYPE,
      metadata: { slotwireAppointmentId: 'appointment_01890000-0000-7000-8000-000000000000' },
    })
    await tell('BOOKING_CREATED', booking)
    expect(await appointmentOf(booking.uid)).toMatchObject({ origin: 'CALENDAR' })
  })
})

function permutations<T>(items: T[]): T[][] {
  if (items.length < 2) return [items]
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]))
}

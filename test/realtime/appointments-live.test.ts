// Live appointments: every change, in the order of versions, also the one by which one leaves the list.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { readLogPosition } from '../../src/db/log-positions.ts'
import { asSystem } from '../../src/db/transaction.ts'
import type { AppointmentRecord } from '../../src/domain/bookings/appointments.ts'
import { cancelAppointment } from '../../src/domain/bookings/cancel-appointment.ts'
import { rescheduleAppointment } from '../../src/domain/bookings/reschedule-appointment.ts'
import { type BookingLane, createBookingLane } from '../../src/domain/claims/booking-lane.ts'
import { TooMuchChangedError } from '../../src/realtime/appointment-reading.ts'
import { appointmentsScope, createCursors } from '../../src/realtime/cursors.ts'
import { InvalidCursorError } from '../../src/realtime/invalid-cursor-error.ts'
import { emptySnapshot, parseSnapshot } from '../../src/realtime/snapshots.ts'
import { CURSOR_SECRET } from '../support/cursor-secret.ts'
import { book, hourAhead, openSalon, type Salon } from '../support/salon.ts'
import { until } from '../support/until.ts'
import { openGateway, type TestGateway } from './gateways.ts'

const HOUR = 3_600_000
const cursors = createCursors(CURSOR_SECRET)
let salon: Salon
let gateway: TestGateway
let lane: BookingLane
beforeAll(async () => {
  salon = await openSalon({ people: 2 })
  gateway = openGateway(salon.url)
  lane = createBookingLane(gateway.db)
})
afterAll(async () => {
  await lane[Symbol.asyncDispose]()
  await gateway[Symbol.asyncDispose]()
  await salon[Symbol.asyncDispose]()
})

function collect(stream: AsyncIterableIterator<AppointmentRecord>): AppointmentRecord[] {
  const seen: AppointmentRecord[] = []
  void (async () => {
    for await (const appointment of stream) seen.push(appointment)
  })()
  return seen
}

const booking = async (startsAt: number, resourceIds: string[] = []) =>
  (await book({ ...salon, lane }, null, { slot: { serviceId: salon.cutId, startsAt, resourceIds } })).appointment
const move = ({ id, version }: AppointmentRecord, startsAt: number, resourceIds: (string | null)[] = []) =>
  rescheduleAppointment(lane, {
    caller: salon.caller,
    appointmentId: id,
    expectedVersion: version,
    startsAt,
    holdId: null,
    resourceIds,
    reason: null,
    idempotencyKey: null,
  })
const cancel = ({ id, version }: AppointmentRecord) =>
  cancelAppointment(lane, {
    caller: salon.caller,
    appointmentId: id,
    expectedVersion: version,
    reason: null,
    idempotencyKey: null,
  })
const versions = (seen: AppointmentRecord[]) => seen.map(({ id, version }) => `${id} ${version}`)

it('one appointment: its present state, then every change', async () => {
  const booked = await booking(hourAhead(0))
  const { organizationId } = salon
  const seen = collect(await gateway.live.appointment({ organizationId, appointmentId: booked.id }))
  await until(() => seen.length === 1)
  const other = await booking(hourAhead(1))
  const moved = await move(booked, hourAhead(2))
  await until(() => seen.length === 2)
  await cancel(moved)
  await until(() => seen.length === 3)
  expect(seen.map(({ version, status }) => [version, status])).toEqual([
    [1, 'CONFIRMED'],
    [2, 'CONFIRMED'],
    [3, 'CANCELLED'],
  ])
  await expect(gateway.live.appointment({ organizationId, appointmentId: salon.cutId })).rejects.toThrow(
    'no appointment',
  )
  await cancel(other)
})

it('a list: what comes, what changes, and that by which it leaves; nothing of others', async () => {
  const { organizationId } = salon
  const [from, to] = [hourAhead(10), hourAhead(14)]
  const [anna = '', ben = ''] = salon.people
  const inRange = collect(await gateway.live.appointments({ organizationId, filter: { from, to }, after: null }))
  const confirmed = collect(
    await gateway.live.appointments({ organizationId, filter: { from, to, status: ['CONFIRMED'] }, after: null }),
  )
  const ofAnna = collect(
    await gateway.live.appointments({ organizationId, filter: { from, resourceId: anna }, after: null }),
  )
  const one = await booking(from, [anna])
  const outside = await booking(to + HOUR, [ben])
  await until(() => inRange.length === 1)
  const moved = await move(one, from + HOUR, [ben])
  await until(() => inRange.length === 2)
  const gone = await move(moved, to + 2 * HOUR)
  await until(() => inRange.length === 3)
  const cancelled = await cancel(await booking(from))
  await until(() => inRange.some(({ id, version }) => id === cancelled.id && version === 2))
  await move(gone, to + 3 * HOUR)
  await cancel(outside)
  await until(() => ofAnna.some(({ id, version }) => id === one.id && version === 2))
  const told = versions(inRange)
  expect(told.slice(0, 3)).toEqual([`${one.id} 1`, `${one.id} 2`, `${one.id} 3`])
  expect(told.every((text) => text.startsWith(one.id) || text.startsWith(cancelled.id))).toBe(true)
  expect(versions(confirmed)).toEqual(told)
  expect(versions(ofAnna).slice(0, 2)).toEqual([`${one.id} 1`, `${one.id} 2`])
})

it('after the moment of a list: what changed since, then what changes', async () => {
  const { organizationId } = salon
  const stays = await booking(hourAhead(30))
  const moves = await booking(hourAhead(31))
  const { snapshot, epoch, now } = await salon.read(readLogPosition)
  const scope = appointmentsScope(organizationId)
  const cursor = { epoch, snapshot: parseSnapshot(snapshot) ?? emptySnapshot, ahead: [], at: now, scope }
  const moved = await move(moves, hourAhead(34))
  const booked = await booking(hourAhead(31))
  const question = { organizationId, filter: { from: hourAhead(30), to: hourAhead(33) } }
  const seen = collect(await gateway.live.appointments({ ...question, after: cursors.encode(cursor) }))
  await until(() => seen.length === 2)
  expect(versions(seen).sort()).toEqual([`${moved.id} 2`, `${booked.id} 1`].sort())
  await cancel(stays)
  await until(() => seen.length === 3)
  expect(seen[2]).toMatchObject({ id: stays.id, status: 'CANCELLED' })

  // The database has recovered from a crash in between: rather twice than never.
  const again = collect(
    await gateway.live.appointments({ ...question, after: cursors.encode({ ...cursor, epoch: 'ffffffffffff' }) }),
  )
  await until(() => again.length >= 3)
  const other = cursors.encode({ ...cursor, scope: appointmentsScope(salon.cutId) })
  await expect(gateway.live.appointments({ ...question, after: other })).rejects.toBeInstanceOf(InvalidCursorError)
})

it('many appointments changed at once from two sides: each told, and no version goes back', async () => {
  await using deaf = openGateway(salon.url, { isDeaf: true })
  const { organizationId } = salon
  const question = { organizationId, filter: { from: hourAhead(50) }, after: null }
  const streams = await Promise.all([gateway, deaf].map(({ live }) => live.appointments(question)))
  const seen = streams.map(collect)
  const last = await Promise.all(
    [...Array(20)].map(async (_, index) => {
      let appointment = await booking(hourAhead(50 + index), [salon.people[0] ?? ''])
      for (let times = 0; times < 3; times++) {
        appointment = await move(appointment, hourAhead(50 + index + (times % 2 ? 0 : 200)))
      }
      return cancel(appointment)
    }),
  )
  for (const list of seen) {
    await until(() => last.every(({ id }) => list.some((one) => one.id === id && one.version === 5)))
    for (const { id } of last) {
      const own = list.flatMap((one) => (one.id === id ? [one.version] : []))
      expect(own).toEqual([...new Set(own)].sort((a, b) => a - b))
    }
  }
})

it('is told to read the list again by whom too much was missed, however much the others have', async () => {
  const { organizationId } = salon
  const { snapshot, epoch, now } = await salon.read(readLogPosition)
  const seen = parseSnapshot(snapshot) ?? emptySnapshot
  const cursor = { epoch, snapshot: seen, ahead: [], at: now, scope: appointmentsScope(organizationId) }
  const booked = await booking(hourAhead(80))
  const after = cursors.encode(cursor)
  const ask = () => gateway.live.appointments({ organizationId, filter: {}, after })
  await (await ask()).return()
  await asSystem(
    salon.db,
    (tx) => tx.sql`
      insert into appointment_events (organization_id, appointment_id, version, kind, actor, origin)
      select organization_id, appointment_id, 1000 + n, kind, actor, origin
      from appointment_events, generate_series(1, 2000) n where appointment_id = ${booked.id} and version = 1`,
  )
  await expect(ask()).rejects.toBeInstanceOf(TooMuchChangedError)
})

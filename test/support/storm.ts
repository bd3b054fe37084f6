// Random operations on the booking core from many clients through two doors, and what their answers promise.

import { inTransaction } from '../../src/db/transaction.ts'
import type { AppointmentRecord } from '../../src/domain/bookings/appointments.ts'
import { completeAppointment, markNoShow } from '../../src/domain/bookings/close-appointment.ts'
import { expireHolds } from '../../src/domain/bookings/expired-holds.ts'
import { extendHold } from '../../src/domain/bookings/extend-hold.ts'
import type { HoldRecord } from '../../src/domain/bookings/holds.ts'
import { releaseHold } from '../../src/domain/bookings/release-hold.ts'
import { loadResources } from '../../src/domain/catalogue/resources.ts'
import { addTimeOff, removeTimeOff } from '../../src/domain/catalogue/time-off.ts'
import { setWeeklyHours } from '../../src/domain/catalogue/working-schedules.ts'
import { Refusal } from '../../src/domain/vocabulary/refusals.ts'
import type { WeeklyHours } from '../../src/domain/vocabulary/types.ts'
import { cancel, move } from './appointment-changes.ts'
import type { Door, Doors } from './lanes.ts'
import { ALWAYS_OPEN, book, hold, hourAhead } from './salon.ts'
import { type Random, seededRandom } from './seeded-random.ts'

export interface StormWorld {
  doors: Doors
  serviceIds: string[]
  people: string[]
}

/** What the answers of the operations said: the model that the database is compared with. */
export interface StormRecord {
  /** By appointment and version, the answer to the change that made it. */
  acknowledged: Map<string, Map<number, AppointmentRecord>>
  /** By name of the operation: done and refused. */
  counts: Record<string, { done: number; refused: number }>
  /** Errors that are no refusals. */
  faults: unknown[]
}

interface Client {
  random: Random
  world: StormWorld
  record: StormRecord
  shared: Shared
}

/** What clients know of each other's work: they race for it. */
interface Shared {
  holds: HoldRecord[]
  appointments: AppointmentRecord[]
  timeOff: string[]
}

const QUARTER = 15 * 60_000
const HORIZON_HOURS = 36
/** On a machine that is busy with other things the time alone would prove little. */
const FEWEST_OPERATIONS = 200

/** Each client draws its operations from the seed and its own number; how they meet is up to the machine. */
export async function runStorm(
  world: StormWorld,
  { seed, seconds, clients }: { seed: number; seconds: number; clients: number },
): Promise<StormRecord> {
  const record: StormRecord = { acknowledged: new Map(), counts: {}, faults: [] }
  const shared: Shared = { holds: [], appointments: [], timeOff: [] }
  const deadline = performance.now() + seconds * 1000
  const operations = () => Object.values(record.counts).reduce((sum, { done, refused }) => sum + done + refused, 0)
  const run = async (index: number) => {
    const client: Client = { random: seededRandom(seed * 1000 + index), world, record, shared }
    while (performance.now() < deadline || operations() < FEWEST_OPERATIONS) await step(client)
  }
  await Promise.all(Array.from({ length: clients }, (_, index) => run(index)))
  return record
}

const OPERATIONS: Record<string, { weight: number; run: (client: Client) => Promise<unknown> }> = {
  hold: { weight: 18, run: holdSomething },
  extend: { weight: 5, run: extendSomething },
  release: { weight: 6, run: releaseSomething },
  bookHold: { weight: 16, run: bookSomethingHeld },
  book: { weight: 18, run: bookSomething },
  move: { weight: 18, run: moveSomething },
  cancel: { weight: 8, run: cancelSomething },
  close: { weight: 2, run: closeSomething },
  hours: { weight: 2, run: changeHours },
  timeOff: { weight: 3, run: changeTimeOff },
  expire: { weight: 4, run: ({ world }) => expireHolds(world.doors.next().db) },
}
const DRAWN = Object.entries(OPERATIONS).flatMap(([name, { weight }]) => Array.from({ length: weight }, () => name))

async function step(client: Client): Promise<void> {
  const { random, record } = client
  const name = random.pick(DRAWN)
  record.counts[name] ??= { done: 0, refused: 0 }
  const count = record.counts[name]
  try {
    await OPERATIONS[name]?.run(client)
    count.done++
  } catch (error) {
    if (error instanceof Refusal) count.refused++
    else record.faults.push(error)
  }
}

function wishOf({ random, world }: Client) {
  const startsAt = hourAhead(0) + random.below(HORIZON_HOURS * 4) * QUARTER
  return { startsAt, slot: { serviceId: random.pick(world.serviceIds), startsAt, resourceIds: [] } }
}

function doorOf({ random, world }: Client): Door {
  return random.pick(world.doors.all)
}

async function holdSomething(client: Client): Promise<void> {
  const { random, shared } = client
  const { startsAt, slot } = wishOf(client)
  const placed = await hold(doorOf(client), startsAt, {
    slot,
    ttlSeconds: random.chance(0.6) ? 1 : 60,
    sessionKey: random.chance(0.5) ? `session ${random.below(6)}` : null,
    replace: random.chance(0.5),
  })
  shared.holds.push(placed)
}

function someHold({ random, shared }: Client): string {
  const recent = shared.holds.slice(-12)
  return recent.length === 0 ? '019a0000-0000-7000-8000-000000000000' : random.pick(recent).id
}

async function extendSomething(client: Client): Promise<void> {
  const { caller, lane } = doorOf(client)
  await extendHold(lane, { caller, holdId: someHold(client), ttlSeconds: 1 + client.random.below(3) })
}

async function releaseSomething(client: Client): Promise<void> {
  const { caller, lane } = doorOf(client)
  await releaseHold(lane, { caller, holdId: someHold(client) })
}

async function bookSomethingHeld(client: Client): Promise<void> {
  const { appointment } = await book(doorOf(client), null, { holdId: someHold(client), alternativeWithinMinutes: 60 })
  acknowledge(client, appointment)
}

async function bookSomething(client: Client): Promise<void> {
  const { random } = client
  const { startsAt, slot } = wishOf(client)
  const { appointment } = await book(doorOf(client), startsAt, {
    slot,
    customer: { name: 'Ada', phone: random.chance(0.5) ? `030 2312500${random.below(10)}` : null, email: null },
    onUnavailable: random.chance(0.3) ? 'BOOK_ALTERNATIVE' : 'REFUSE',
    alternativeWithinMinutes: 120,
    idempotencyKey: random.chance(0.2) ? `key ${random.below(1_000_000)}` : null,
  })
  acknowledge(client, appointment)
}

function someAppointment({ random, shared }: Client) {
  const recent = shared.appointments.slice(-30)
  return recent.length === 0 ? { id: '019a0000-0000-7000-8000-000000000000', version: 1 } : random.pick(recent)
}

async function moveSomething(client: Client): Promise<void> {
  const appointment = someAppointment(client)
  const near = 'startsAt' in appointment && client.random.chance(0.4)
  const startsAt = near ? appointment.startsAt + QUARTER : wishOf(client).startsAt
  acknowledge(client, await move(doorOf(client), appointment, startsAt))
}

async function cancelSomething(client: Client): Promise<void> {
  acknowledge(client, await cancel(doorOf(client), someAppointment(client)))
}

async function closeSomething(client: Client): Promise<void> {
  const { id, version } = someAppointment(client)
  const { caller, lane } = doorOf(client)
  const close = client.random.chance(0.5) ? completeAppointment : markNoShow
  // As if it had begun.
  const now = Date.now() + 400 * 86_400_000
  acknowledge(client, await close(lane, { caller, appointmentId: id, expectedVersion: version, now }))
}

async function changeHours(client: Client): Promise<void> {
  const { random, world } = client
  const { db, organizationId } = doorOf(client)
  const resourceId = random.pick(world.people)
  const opensAt = random.pick([0, 360, 480, 600])
  const weeklyHours: WeeklyHours[] = ALWAYS_OPEN.map((hours) => ({
    ...hours,
    opensAt,
    closesAt: random.pick([1080, 1440]),
  }))
  await inTransaction(db, organizationId, async (tx) => {
    const expectedVersion = (await loadResources(tx, [resourceId])).get(resourceId)?.version ?? 0
    await setWeeklyHours(tx, { resourceId, expectedVersion, weeklyHours })
  })
}

async function changeTimeOff(client: Client): Promise<void> {
  const { random, world, shared } = client
  const { db, organizationId } = doorOf(client)
  const startsAt = wishOf(client).startsAt
  const last = random.chance(0.5) ? shared.timeOff.pop() : undefined
  await inTransaction(db, organizationId, async (tx) => {
    if (last) return removeTimeOff(tx, { timeOffId: last })
    const endsAt = startsAt + (1 + random.below(8)) * QUARTER
    const { id } = await addTimeOff(tx, { resourceId: random.pick(world.people), startsAt, endsAt })
    shared.timeOff.push(id)
    return undefined
  })
}

function acknowledge({ record, shared }: Client, appointment: AppointmentRecord): void {
  const versions = record.acknowledged.get(appointment.id) ?? new Map<number, AppointmentRecord>()
  record.acknowledged.set(appointment.id, versions)
  versions.set(appointment.version, appointment)
  const index = shared.appointments.findIndex(({ id }) => id === appointment.id)
  if (index >= 0) shared.appointments.splice(index, 1)
  if (appointment.status === 'CONFIRMED') shared.appointments.push(appointment)
}

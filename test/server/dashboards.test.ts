// Boards of appointments: the list's moment handed to the subscription misses nothing while bookings go on.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { requestGraphql } from '../support/graphql-request.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { until } from '../support/until.ts'
import { findOpenSlot, openTestGateway, openWebSocketClient, type TestGateway } from './gateway.ts'

const DAY = 24 * 3_600_000
/** Fewer than a page of the list holds: a board is one moment. */
const CHANGES = 90
const FIELDS = 'id version status startsAt customer { name } service { id }'
const LIST = `query ($filter: AppointmentFilter, $after: String) {
  appointments(filter: $filter, first: 100, after: $after) {
    edges { node { ${FIELDS} } } pageInfo { hasNextPage endCursor } asOf
  }
}`
const WATCH_LIST = `subscription ($filter: AppointmentFilter, $after: String) {
  appointments(filter: $filter, after: $after) { ${FIELDS} }
}`
const WATCH_ONE = `subscription ($id: ID!) { appointment(id: $id) { ${FIELDS} } }`
const BOOK = `mutation ($input: BookAppointmentInput!) {
  it: bookAppointment(input: $input) { ... on BookedAppointment { appointment { id version } } }
}`
const MOVE = `mutation ($input: RescheduleAppointmentInput!) {
  it: rescheduleAppointment(input: $input) { ... on Appointment { id version } }
}`
const CANCEL = `mutation ($input: CancelAppointmentInput!) {
  it: cancelAppointment(input: $input) { ... on Appointment { id version } }
}`

interface Appointment {
  id: string
  version: number
  status: string
}

let gateway: TestGateway
let serviceId: string

beforeAll(async () => {
  gateway = await openTestGateway()
  serviceId = (await findOpenSlot(gateway)).serviceId
})

afterAll(() => gateway[Symbol.asyncDispose]())

async function ask<Data>(query: string, variables: Record<string, unknown>): Promise<Data> {
  const { data, errors } = await requestGraphql<Data>(gateway.url, { query, variables, key: gateway.secretKey })
  if (!data || errors.length > 0) throw new Error(JSON.stringify(errors))
  return data
}

async function list(filter: object): Promise<{ appointments: Appointment[]; asOf: string }> {
  const { appointments } = await ask<{ appointments: { edges: { node: Appointment }[]; asOf: string } }>(LIST, {
    filter,
  })
  return { appointments: appointments.edges.map(({ node }) => node), asOf: appointments.asOf }
}

/** Books, moves and cancels at random until told to stop. */
function startBookings(seed: number) {
  const random = seededRandom(seed)
  const known: Appointment[] = []
  let isRunning = true
  let done = 0
  const from = Math.ceil(Date.now() / DAY) * DAY + 2 * DAY
  const startsAt = () => new Date(from + random.below(5 * 96) * 900_000).toISOString()
  const draw = () => {
    const [chosen] = random.chance(0.5) ? known.splice(random.below(known.length), 1) : []
    if (!chosen) return { query: BOOK, input: { slot: { serviceId, startsAt: startsAt() }, customer: { name: 'Ada' } } }
    const change = { appointmentId: chosen.id, expectedVersion: chosen.version }
    return random.chance(0.3)
      ? { query: CANCEL, input: change }
      : { query: MOVE, input: { ...change, startsAt: startsAt() } }
  }
  const work = async () => {
    while (isRunning && done < CHANGES) {
      const { query, input } = draw()
      const { it } = await ask<{ it: { appointment?: Appointment } & Partial<Appointment> }>(query, { input })
      const made = it.appointment ?? it
      if (made.id === undefined) continue
      done++
      if (query !== CANCEL) known.push(made as Appointment)
    }
  }
  const workers = Promise.all([work(), work(), work()])
  return {
    done: () => done,
    known,
    async stop() {
      isRunning = false
      await workers
    },
  }
}

test('boards opened at any moment end up as the list, and no version ever goes back', async () => {
  const bookings = startBookings(11)
  const client = openWebSocketClient(gateway, { authorization: gateway.secretKey })
  const faults: string[] = []
  const filters = [{}, { status: ['CONFIRMED'] }, { from: new Date(Date.now() + 4 * DAY).toISOString() }]
  const boards: { filter: object; known: Map<string, Appointment>; updates: number }[] = []
  for (let index = 0; index < 12; index++) {
    const filter = filters[index % filters.length] as object
    const { appointments, asOf } = await list(filter)
    const board = { filter, known: new Map(appointments.map((one) => [one.id, one])), updates: 0 }
    boards.push(board)
    client.subscribe<{ appointments: Appointment }>(
      { query: WATCH_LIST, variables: { filter, after: asOf } },
      {
        next({ data, errors }) {
          if (!data) return void faults.push(JSON.stringify(errors))
          const told = data.appointments
          board.updates++
          const before = board.known.get(told.id)
          if (before && before.version >= told.version) faults.push(`${told.id}: ${before.version}, ${told.version}`)
          board.known.set(told.id, told)
        },
        error: (error) => void faults.push(JSON.stringify(error)),
        complete() {},
      },
    )
    const goal = Math.min(bookings.done() + 6, CHANGES)
    await until(() => bookings.done() >= goal, { deadlineMs: 30_000 })
  }
  await bookings.stop()
  for (const { filter, known } of boards) {
    const { appointments } = await list(filter)
    const expected = new Map(appointments.map((one) => [one.id, one]))
    // A board keeps what has left its filter, with the state by which it left.
    await until(() => appointments.every(({ id, version }) => known.get(id)?.version === version))
    for (const [id, told] of known) {
      const listed = expected.get(id)
      if (listed) expect(told).toEqual(listed)
      else expect(Object.keys(filter)).not.toEqual([])
    }
  }
  expect(faults).toEqual([])
  expect(boards.slice(0, 6).every(({ updates }) => updates > 0)).toBe(true)
  await client.dispose()
  await until(() => gateway.subscribers() === 0)
})

test('one appointment is told with its present state and every later one, to many watchers as one execution', async () => {
  const booked = await bookOne()
  const client = openWebSocketClient(gateway, { authorization: gateway.secretKey })
  const told = Array.from({ length: 20 }, () => [] as number[])
  for (const versions of told) {
    client.subscribe<{ appointment: Appointment }>(
      { query: WATCH_ONE, variables: { id: booked.id } },
      { next: ({ data }) => data && versions.push(data.appointment.version), error() {}, complete() {} },
    )
  }
  await until(() => told.every(({ length }) => length === 1))
  expect(gateway.groups()).toBe(1)
  let { version } = booked
  for (let count = 0; count < 5; count++) {
    const startsAt = await freeStart()
    const input = { appointmentId: booked.id, expectedVersion: version, startsAt }
    version = (await ask<{ it: Appointment }>(MOVE, { input })).it.version
    await until(() => told.every((versions) => versions.at(-1) === version))
  }
  for (const versions of told) expect(versions).toEqual([1, 2, 3, 4, 5, 6])
  await client.dispose()
  await until(() => gateway.subscribers() === 0)
})

async function freeStart(): Promise<string> {
  const from = new Date(Date.now() + 10 * DAY).toISOString()
  const input = { serviceId, from, to: new Date(Date.now() + 14 * DAY).toISOString() }
  const query = 'query ($input: AvailabilityInput!) { availability(input: $input) { slots { startsAt } } }'
  const { availability } = await ask<{ availability: { slots: { startsAt: string }[] } }>(query, { input })
  return String(availability.slots[3]?.startsAt)
}

async function bookOne(): Promise<Appointment> {
  const input = { slot: { serviceId, startsAt: await freeStart() }, customer: { name: 'Ada' } }
  return (await ask<{ it: { appointment: Appointment } }>(BOOK, { input })).it.appointment
}

// One query, one moment (P14): all fields of a query read one snapshot; a mutation's answer shows what it did.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { setWeeklyHours } from '../../src/domain/catalogue/working-schedules.ts'
import { encodeId } from '../../src/schema/machinery/ids.ts'
import { formatInstant } from '../../src/schema/machinery/instants.ts'
import { ALWAYS_OPEN, book, hourAhead, openSalon, type Salon, secretCaller } from '../support/salon.ts'
import { addResource } from '../support/tenant.ts'
import { ENGINES, type Gateway, openGateway } from './gateway.ts'

let salon: Salon
let gateway: Gateway

beforeAll(async () => {
  salon = await openSalon()
  gateway = openGateway(salon)
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await salon[Symbol.asyncDispose]()
})

const MORNING = [{ weekday: 'MONDAY' as const, opensAt: 480, closesAt: 720 }]
const EVENING = [{ weekday: 'MONDAY' as const, opensAt: 960, closesAt: 1200 }]

test('a query that reads both sides of a swap never sees one person at two places, however its fields are nested', async () => {
  const one = await addResource(salon, { name: 'One', weeklyHours: MORNING })
  const two = await addResource(salon, { name: 'Two', weeklyHours: EVENING })
  const ids = { one: encodeId('resource', one.id), two: encodeId('resource', two.id) }
  let swapping = true
  const writer = (async () => {
    for (let turn = 1; swapping; turn++) {
      const [first, second] = turn % 2 === 1 ? [EVENING, MORNING] : [MORNING, EVENING]
      await salon.write(async (tx) => {
        await setWeeklyHours(tx, { resourceId: one.id, expectedVersion: turn, weeklyHours: first })
        await setWeeklyHours(tx, { resourceId: two.id, expectedVersion: turn, weeklyHours: second })
      })
    }
  })()
  const document = `query ($one: ID!, $two: ID!) {
    one: resource(id: $one) { version weeklyHours { opensAt } }
    organization { locations { name } }
    two: node(id: $two) { ... on Resource { weeklyHours { opensAt } location { name } version } }
    all: resources { version name weeklyHours { opensAt } }
  }`
  interface Side {
    version: number
    name: string
    weeklyHours: { opensAt: string }[]
  }
  const versions = new Set<number>()
  // Each alone: between the answers of two engines the hours are swapped.
  const readers = ENGINES.map((engine) => openGateway(salon, [engine]))
  try {
    for (let read = 0; read < 150; read++) {
      const reader = readers[read % readers.length] ?? gateway
      const { data, errors } = await reader.ask<{ one: Side; two: Side; all: Side[] }>(salon.caller, document, ids)
      expect(errors).toEqual([])
      const listed = data.all.filter(({ name }) => name === 'One' || name === 'Two')
      expect([data.one.version, ...listed.map(({ version }) => version)]).toEqual(Array(3).fill(data.two.version))
      const hours = [data.one, data.two].map(({ weeklyHours }) => weeklyHours[0]?.opensAt)
      expect(hours.toSorted()).toEqual(['08:00', '16:00'])
      expect(listed.map(({ weeklyHours }) => weeklyHours[0]?.opensAt)).toEqual(hours)
      versions.add(data.one.version)
    }
  } finally {
    swapping = false
    await writer
    for (const reader of readers) await reader[Symbol.asyncDispose]()
  }
  expect(versions.size).toBeGreaterThan(3)
})

test('each mutation of an operation shows what it did and what the ones before it did', async () => {
  const resource = await addResource(salon, { name: 'Three', weeklyHours: ALWAYS_OPEN })
  const { data, errors } = await gateway.ask<Record<string, unknown>>(
    salon.caller,
    `mutation ($id: ID!) {
      first: updateResource(input: { resourceId: $id, expectedVersion: 1, name: "Threes" }) { ...shown }
      second: setWeeklyHours(input: { resourceId: $id, expectedVersion: 2, weeklyHours: [] }) { ...shown }
      third: updateResource(input: { resourceId: $id, expectedVersion: 1, active: false }) { ...shown }
    }
    fragment shown on Node { ... on Resource { name version active weeklyHours { opensAt } } }`.replaceAll(
      '{ ...shown }',
      '{ ...shown ... on VersionConflictError { currentVersion } }',
    ),
    { id: encodeId('resource', resource.id) },
  )
  expect(errors).toEqual([])
  expect(data).toEqual({
    first: { name: 'Threes', version: 2, active: true, weeklyHours: Array(7).fill({ opensAt: '00:00' }) },
    second: { name: 'Threes', version: 3, active: true, weeklyHours: [] },
    third: { currentVersion: 3 },
  })
})

test('more operations at once than there are connections all end, whatever they read and write', async () => {
  const caller = secretCaller(salon.organizationId)
  const serviceId = encodeId('service', salon.cutId)
  const operations = Array.from({ length: 60 }, (_, index) => {
    const startsAt = formatInstant(hourAhead(20 + index))
    return gateway.ask<Record<string, { __typename: string }>>(
      caller,
      `mutation ($slot: SlotInput!, $name: String!) {
        location: createLocation(input: { name: $name, timeZone: "Europe/Berlin", country: "DE" }) { __typename }
        booked: bookAppointment(input: { slot: $slot, customer: { name: $name } }) {
          __typename ... on BookedAppointment { appointment { service { name } customer { name } history { kind } } }
        }
        held: holdSlot(input: { slot: $slot }) { __typename ... on Hold { service { name } } }
      }`,
      { slot: { serviceId, startsAt }, name: `Guest ${index}` },
    )
  })
  for (const { data, errors } of await Promise.all(operations)) {
    expect(errors).toEqual([])
    expect(Object.values(data).map(({ __typename }) => __typename)).toEqual(['Location', 'BookedAppointment', 'Hold'])
  }
})

test('an appointment and its list are of the moment that asOf names', async () => {
  const { appointment } = await book(salon, hourAhead(100))
  const document = `query ($id: ID!) {
    appointment(id: $id) { version history { version } }
    appointments(filter: {}) { asOf edges { node { id version history { version } } } }
  }`
  const id = encodeId('appointment', appointment.id)
  interface Shown {
    id: string
    version: number
    history: { version: number }[]
  }
  const { data } = await gateway.ask<{
    appointment: Shown
    appointments: { asOf: string; edges: { node: Shown }[] }
  }>(salon.caller, document, { id })
  expect(data.appointments.asOf).toMatch(/^[\w.-]{20,}$/)
  for (const { node } of data.appointments.edges) expect(node.history.at(-1)?.version).toBe(node.version)
})

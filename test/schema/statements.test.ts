// No N+1: the number of statements of a query does not grow with the number of its rows.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addTimeOff } from '../../src/domain/catalogue/time-off.ts'
import { encodeId } from '../../src/schema/machinery/ids.ts'
import { formatInstant } from '../../src/schema/machinery/instants.ts'
import { book, hourAhead, openSalon, type Salon } from '../support/salon.ts'
import { ENGINES, type Gateway, openGateway } from './gateway.ts'

let salon: Salon

beforeAll(async () => {
  salon = await openSalon({ people: 3 })
})
afterAll(() => salon[Symbol.asyncDispose]())

const RESOURCE = '{ id name kind active version location { id name timeZone country } weeklyHours { weekday } }'
const SERVICE = `{ id name version location { name } segments { resourceGroups { candidates ${RESOURCE} } } }`
const APPOINTMENT = `{ id service ${SERVICE} customer { id name phone } segments { resources ${RESOURCE} } history { kind } }`

const documents: Record<string, string> = {
  appointments: `query { appointments(first: 100) { asOf edges { node ${APPOINTMENT} } } }`,
  resources: `query ($from: DateTime!, $to: DateTime!) {
    resources { id name dateOverrides(from: "2027-01-01", to: "2028-01-01") { date }
      timeOff(from: $from, to: $to) { reason conflicts ${APPOINTMENT} } } }`,
  customers: `query { customers(first: 100) { edges { node { name appointments(first: 2) { edges { node { id } } } last: appointments(last: 1) { pageInfo { hasPreviousPage } } } } } }`,
  services: `query { services ${SERVICE} }`,
  availability: `query ($serviceId: ID!, $from: DateTime!, $to: DateTime!) {
    availability(input: { serviceId: $serviceId, from: $from, to: $to }) {
      cursor slots { startsAt segments { candidates ${RESOURCE} } } } }`,
}

describe.for(ENGINES)('%s', (engine) => {
  let gateway: Gateway
  beforeAll(() => {
    gateway = openGateway(salon, [engine])
  })
  afterAll(() => gateway[Symbol.asyncDispose]())

  test.for(Object.entries(documents))('%s: as many statements for many rows as for few', async ([, document]) => {
    const variables = {
      serviceId: encodeId('service', salon.cutId),
      from: formatInstant(hourAhead(0)),
      to: formatInstant(hourAhead(500)),
    }
    await bookMany(2)
    const few = await countStatements(() => gateway.ask(salon.caller, document, variables))
    await bookMany(20)
    // Definitions that are known already are not read again, so the second count may be smaller.
    expect(await countStatements(() => gateway.ask(salon.caller, document, variables))).toBeLessThanOrEqual(few)
    expect(few).toBeLessThanOrEqual(20)
  })

  test('availability with nothing but ids reads no resources, and takes few statements', async () => {
    const input = {
      serviceId: encodeId('service', salon.cutId),
      from: formatInstant(hourAhead(0)),
      to: formatInstant(hourAhead(48)),
    }
    const document =
      'query ($input: AvailabilityInput!) { availability(input: $input) { slots { startsAt segments { candidates { id } } } } }'
    await gateway.ask(salon.caller, document, { input })
    const statements = await listStatements(() => gateway.ask(salon.caller, document, { input }))
    expect(statements.filter((statement) => /from "?resources/.test(statement))).toEqual([])
    // begin, tenant, versions twice, moment, claims, busy intervals, commit
    expect(statements.length).toBeLessThanOrEqual(8)
  })

  test('a query that reads nothing opens no snapshot', async () => {
    const document = '{ __typename node(id: "nonsense") { id } service(id: "nonsense") { id } }'
    expect(await countStatements(() => gateway.ask(salon.caller, document))).toBe(0)
  })
})

let booked = 0

/** Each with a customer and a time off of its own. */
async function bookMany(count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const startsAt = hourAhead(++booked)
    const { appointment } = await book(salon, startsAt, { customer: { name: 'Guest', phone: null, email: null } })
    const resourceId = appointment.segments[0]?.resourceIds[0] ?? ''
    await salon.write((tx) => addTimeOff(tx, { resourceId, startsAt, endsAt: startsAt + 60_000 }))
  }
}

async function countStatements(work: () => Promise<{ errors: unknown[] }>): Promise<number> {
  return (await listStatements(work)).length
}

// What a new connection begins with, if the pool opens one.
const OF_A_NEW_CONNECTION = /^\s*select 1$|pg_catalog\.pg_type/

/** Every statement that the pool sends while `work` runs. */
async function listStatements(work: () => Promise<{ errors: unknown[] }>): Promise<string[]> {
  const statements: string[] = []
  const options = salon.db.sql.options as { debug?: unknown }
  options.debug = (_connection: number, statement: string) => {
    if (!OF_A_NEW_CONNECTION.test(statement)) statements.push(statement)
  }
  try {
    const { errors } = await work()
    expect(errors).toEqual([])
  } finally {
    options.debug = false
  }
  return statements
}

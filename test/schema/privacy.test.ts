// Booking with somebody's phone number tells nothing that is stored about that person.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addTimeOff } from '../../src/domain/catalogue/time-off.ts'
import { upsertCustomer } from '../../src/domain/people/customers.ts'
import { encodeId } from '../../src/schema/machinery/ids.ts'
import { formatInstant } from '../../src/schema/machinery/instants.ts'
import { guestCaller, hourAhead, openSalon, publishableCaller, type Salon } from '../support/salon.ts'
import { type Gateway, openGateway } from './gateway.ts'
import { PHONE } from './world.ts'

let salon: Salon
let gateway: Gateway
let stored: { id: string }

beforeAll(async () => {
  salon = await openSalon()
  gateway = openGateway(salon)
  stored = await salon.write((tx) =>
    upsertCustomer(tx, { name: 'Stored Name', phone: PHONE, email: 'stored@example.org' }),
  )
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await salon[Symbol.asyncDispose]()
})

const CUSTOMER =
  'customer { id name phone email createdAt appointments { edges { node { id } } pageInfo { hasNextPage } } }'
const BOOK = `mutation ($input: BookAppointmentInput!) {
  bookAppointment(input: $input) {
    __typename
    ... on BookedAppointment { manageToken appointment { id createdAt version ${CUSTOMER} history { kind actor } } }
    ... on Error { code }
  }
}`

interface Booked {
  bookAppointment: {
    __typename: string
    code?: string
    appointment: { id: string; createdAt: string; customer: Record<string, unknown> }
  }
}

function bookWith(caller: Salon['caller'], hours: number, given: Record<string, unknown>) {
  const slot = { serviceId: encodeId('service', salon.cutId), startsAt: formatInstant(hourAhead(hours)) }
  return gateway.ask<Booked>(caller, BOOK, { input: { slot, ...given } })
}

test('a publishable key and the manage token see what was given with the booking, and nothing else of the person', async () => {
  const publishable = publishableCaller(salon.organizationId)
  // An earlier appointment of the same person, made by the salon itself.
  await bookWith(salon.caller, 0, { customerId: encodeId('customer', stored.id) })
  const { data } = await bookWith(publishable, 2, { customer: { name: 'Given Name', phone: '030 23125111' } })
  const { appointment } = data.bookAppointment
  const uuid = appointment.id.replace('appointment_', '')
  const guest = {
    id: `customer_${uuid}`,
    name: 'Given Name',
    phone: PHONE,
    email: null,
    createdAt: appointment.createdAt,
    appointments: { edges: [{ node: { id: appointment.id } }], pageInfo: { hasNextPage: false } },
  }
  expect(appointment.customer).toEqual(guest)

  const read = `query ($id: ID!) { appointment(id: $id) { ${CUSTOMER} } }`
  const asGuest = await gateway.ask(guestCaller(salon.organizationId, uuid), read, { id: appointment.id })
  expect(asGuest.data).toEqual({ appointment: { customer: guest } })

  const asSalon = await gateway.ask(salon.caller, read, { id: appointment.id })
  expect(asSalon.data).toMatchObject({
    appointment: {
      customer: { id: encodeId('customer', stored.id), name: 'Stored Name', email: 'stored@example.org' },
    },
  })
})

test('the answer to a known number and to an unknown one are alike but for what was given', async () => {
  const publishable = publishableCaller(salon.organizationId)
  const known = await bookWith(publishable, 4, { customer: { name: 'Ada', phone: PHONE } })
  const unknown = await bookWith(publishable, 6, { customer: { name: 'Ada', phone: '+493023125999' } })
  const shapeOf = ({ data }: typeof known) =>
    JSON.stringify(data)
      .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'uuid')
      .replaceAll(/"\+\d+"/g, 'phone')
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'instant')
      .replaceAll(/mt_[\w-]+/g, 'token')
  expect(shapeOf(known)).toBe(shapeOf(unknown))
})

test('a publishable key that names a customer is refused, whether there is one or not', async () => {
  const publishable = publishableCaller(salon.organizationId)
  const serviceId = encodeId('service', salon.cutId)
  for (const customerId of [encodeId('customer', stored.id), 'customer_01936d4e-0000-7000-8000-000000000000']) {
    const booked = await bookWith(publishable, 8, { customerId })
    expect(booked.data.bookAppointment).toEqual({ __typename: 'NotFoundError', code: 'NOT_FOUND' })
    const alternatives = await gateway.ask(
      publishable,
      'query ($input: AlternativesInput!) { alternatives(input: $input) { startsAt } }',
      { input: { serviceId, near: formatInstant(hourAhead(0)), customerId } },
    )
    expect(alternatives.errors).toEqual([{ code: 'BAD_USER_INPUT', message: 'There is no customer with this id.' }])
    const held = await gateway.ask(
      publishable,
      'mutation ($input: HoldSlotInput!) { holdSlot(input: $input) { ... on Error { code } } }',
      { input: { slot: { serviceId, startsAt: formatInstant(hourAhead(8)) }, customerId } },
    )
    expect(held.data).toEqual({ holdSlot: { code: 'NOT_FOUND' } })
  }
})

test('who is booked, and why somebody is away, is told to secret keys alone', async () => {
  const [resourceId = ''] = salon.people
  const startsAt = hourAhead(30)
  const slot = {
    serviceId: encodeId('service', salon.cutId),
    startsAt: formatInstant(startsAt),
    resourceIds: [encodeId('resource', resourceId)],
  }
  await gateway.ask(salon.caller, BOOK, { input: { slot, customer: { name: 'Ada' } } })
  await salon.write((tx) => addTimeOff(tx, { resourceId, startsAt, endsAt: startsAt + 3_600_000, reason: 'ill' }))
  const read = `query ($id: ID!, $from: DateTime!, $to: DateTime!) {
    resource(id: $id) { timeOff(from: $from, to: $to) { reason conflicts { customer { name } } } }
  }`
  const variables = {
    id: encodeId('resource', resourceId),
    from: formatInstant(startsAt),
    to: formatInstant(startsAt + 1),
  }
  expect((await gateway.ask(salon.caller, read, variables)).data).toEqual({
    resource: { timeOff: [{ reason: 'ill', conflicts: [{ customer: { name: 'Ada' } }] }] },
  })
  for (const caller of [publishableCaller(salon.organizationId), guestCaller(salon.organizationId, stored.id)]) {
    expect((await gateway.ask(caller, read, variables)).data).toEqual({
      resource: { timeOff: [{ reason: null, conflicts: [] }] },
    })
  }
})

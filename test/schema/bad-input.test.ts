// Bad input answers with a clear error and changes nothing.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { formatInstant } from '../../src/schema/machinery/instants.ts'
import { hourAhead, openSalon, type Salon } from '../support/salon.ts'
import { addTenant } from '../support/tenant.ts'
import { type Answer, type Gateway, openGateway } from './gateway.ts'
import { fillWorld, type World } from './world.ts'

let salon: Salon
let gateway: Gateway
let world: World

beforeAll(async () => {
  salon = await openSalon()
  gateway = openGateway(salon)
  world = await fillWorld({ lane: salon.lane, ...(await addTenant(salon.db)) })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await salon[Symbol.asyncDispose]()
})

const UNKNOWN = '01936d4e-0000-7000-8000-000000000000'

test.for([
  ['an unknown id', (): string => `service_${UNKNOWN}`],
  ['an id of another type', (): string => world.resourceId],
  ['a bare uuid', (): string => UNKNOWN],
  ['an id in capitals', (): string => world.serviceId.toUpperCase()],
  ['an id with something behind it', (): string => `${world.serviceId}'; drop table services`],
  ['an empty id', (): string => ''],
] as const)('%s is nothing to look-ups and a refusal to everything else', async ([, id]) => {
  const found = await ask('query ($id: ID!) { service(id: $id) { id } node(id: $id) { __typename } }', { id: id() })
  expect(found.errors).toEqual([])
  expect(found.data).toMatchObject({ service: null })
  const input = { serviceId: id(), from: world.from, to: world.to }
  expect(
    await codes('query ($input: AvailabilityInput!) { availability(input: $input) { cursor } }', { input }),
  ).toEqual(['BAD_USER_INPUT'])
  expect(await hold({ slot: { serviceId: id(), startsAt: world.startsAt } })).toMatchObject({ code: 'NOT_FOUND' })
})

test.for([
  ['off the grid', () => hourAhead(4) + 60_000, 'OFF_GRID'],
  ['with seconds', () => hourAhead(4) + 1000, 'OFF_GRID'],
  ['in the past', () => hourAhead(4) - 30 * 86_400_000, 'IN_THE_PAST'],
  ['beyond the horizon', () => hourAhead(0) + 400 * 86_400_000, 'TOO_FAR'],
] as const)(
  'a start %s is refused with its reason, by holding, booking and explaining',
  async ([, startsAt, reason]) => {
    const slot = { serviceId: world.serviceId, startsAt: formatInstant(startsAt()) }
    const reasons = { reasons: expect.arrayContaining([{ reason }]) }
    expect(await hold({ slot })).toMatchObject({ code: 'SLOT_UNAVAILABLE', ...reasons })
    expect(await book({ slot, customer: { name: 'Ada' } })).toMatchObject({ code: 'SLOT_UNAVAILABLE', ...reasons })
    const document = 'query ($input: SlotInput!) { explainSlot(input: $input) { bookable reasons { reason } } }'
    expect((await ask(document, { input: slot })).data).toMatchObject({ explainSlot: { bookable: false, ...reasons } })
  },
)

test.for([
  ['of no service', () => ({ serviceIds: [] }), /no service/],
  ['of a service of nobody', () => ({ serviceIds: [`service_${UNKNOWN}`] }), /service/],
  ['of a location of nobody', () => ({ locationId: `location_${UNKNOWN}`, serviceIds: null }), /location|service/],
  ['of people of nobody', () => ({ resourceIds: [`resource_${UNKNOWN}`] }), /resource/],
  ['over 62 days', () => ({ to: formatInstant(hourAhead(0) + 62 * 86_400_000 + 1) }), /62 days/],
  ['that ends before it begins', () => ({ to: formatInstant(hourAhead(-1)) }), /after from/],
] as const)('a board %s is BAD_USER_INPUT', async ([, change, message]) => {
  const { locationId, serviceId, from, to } = world
  const input = { locationId, serviceIds: [serviceId], from, to, ...change() }
  const document = 'subscription ($input: BoardInput!) { boardAvailability(input: $input) { cursor } }'
  const answer = await gateway.watch(world.secret, document, { input })
  expect(answer.errors).toEqual([{ message: expect.stringMatching(message), code: 'BAD_USER_INPUT' }])
})

test('a board of a whole location shows each of its services, and no more than it may', async () => {
  const { locationId, from } = world
  const board = (days: number) =>
    gateway.watch<{ boardAvailability: { changes: { serviceId: string; kind: string }[] } }>(
      world.secret,
      'subscription ($input: BoardInput!) { boardAvailability(input: $input) { changes { serviceId kind } } }',
      { input: { locationId, from, to: formatInstant(hourAhead(0) + days * 86_400_000) } },
    )
  const { services } = (
    await ask<{ services: { id: string }[] }>('query ($id: ID) { services(locationId: $id) { id } }', {
      id: locationId,
    })
  ).data
  const { changes } = (await board(1)).data.boardAvailability
  expect(changes.map(({ serviceId }) => serviceId).sort()).toEqual(services.map(({ id }) => id).sort())
  expect(new Set(changes.map(({ kind }) => kind))).toEqual(new Set(['SNAPSHOT']))
})

test.for([
  ['over 62 days', () => ({ to: formatInstant(hourAhead(0) + 62 * 86_400_000 + 1) }), /62 days/],
  ['that ends before it begins', () => ({ to: formatInstant(hourAhead(-1)) }), /after from/],
  ['that is empty', () => ({ to: world.from }), /after from/],
] as const)('a range %s is BAD_USER_INPUT, in the query and in the subscription', async ([, change, message]) => {
  const input = { serviceId: world.serviceId, from: world.from, ...change() }
  for (const [operation, run] of [['query', gateway.ask] as const, ['subscription', gateway.watch] as const]) {
    const answer = await run(
      world.secret,
      `${operation} ($input: AvailabilityInput!) { availability(input: $input) { cursor } }`,
      { input },
    )
    expect(answer.errors).toEqual([{ message: expect.stringMatching(message), code: 'BAD_USER_INPUT' }])
  }
})

test('a range of exactly 62 days is answered', async () => {
  const input = { serviceId: world.serviceId, from: world.from, to: formatInstant(hourAhead(0) + 62 * 86_400_000) }
  const answer = await ask('query ($input: AvailabilityInput!) { availability(input: $input) { cursor } }', { input })
  expect(answer.errors).toEqual([])
})

test.for([
  ['DateTime', 'from', '2027-03-01T09:00:00', /offset/],
  ['DateTime', 'from', '2027-02-30T09:00:00Z', /not in the calendar/],
  ['DateTime', 'from', '2027-03-01 09:00:00Z', /RFC 3339/],
  ['DateTime', 'from', 'tomorrow', /RFC 3339/],
  ['DateTime', 'from', 1_800_000_000, /RFC 3339/],
] as const)(
  'a malformed %s in %s (%s) is BAD_USER_INPUT, as a variable; in the document it does not validate',
  async ([, , value, message]) => {
    const expected = [{ message: expect.stringMatching(message), code: 'BAD_USER_INPUT' }]
    const input = { serviceId: world.serviceId, from: value, to: world.to }
    const asVariable = await ask('query ($input: AvailabilityInput!) { availability(input: $input) { cursor } }', {
      input,
    })
    expect(asVariable.errors).toEqual(expected)
    expect(asVariable.errors[0]?.message).toContain('input.from')
    const literal = `{ serviceId: "${world.serviceId}", from: ${JSON.stringify(value)}, to: "${world.to}" }`
    await expect(ask(`{ availability(input: ${literal}) { cursor } }`)).rejects.toThrow(message)
  },
)

test.for([
  ['createLocation', { name: 'Nord', timeZone: 'Europe/Atlantis', country: 'DE' }, /IANA/],
  ['createLocation', { name: 'Nord', timeZone: '+01:00', country: 'DE' }, /IANA/],
  ['setWeeklyHours', { weeklyHours: [{ weekday: 'MONDAY', opensAt: '9:00', closesAt: '17:00' }] }, /09:30/],
  ['setWeeklyHours', { weeklyHours: [{ weekday: 'MONDAY', opensAt: '09:60', closesAt: '17:00' }] }, /no time of day/],
  ['setWeeklyHours', { weeklyHours: [{ weekday: 'MONDAY', opensAt: '09:00', closesAt: '24:01' }] }, /no time of day/],
  ['setWeeklyHours', { weeklyHours: [{ weekday: 'FUNDAY', opensAt: '09:00', closesAt: '17:00' }] }, /Weekday/],
  ['setDateOverride', { date: '2027-02-29' }, /not in the calendar/],
  ['setDateOverride', { date: '28.03.2027' }, /2027-03-28/],
] as const)('%s with %o is BAD_USER_INPUT and changes nothing', async ([name, given, message]) => {
  const own = name === 'createLocation' ? {} : { resourceId: world.resourceId, expectedVersion: 1 }
  const { errors } = await mutate(name, { ...own, ...given })
  expect(errors).toEqual([{ message: expect.stringMatching(message), code: 'BAD_USER_INPUT' }])
  expect((await ask('query ($id: ID!) { resource(id: $id) { version } }', { id: world.resourceId })).data).toEqual({
    resource: { version: 1 },
  })
})

test.for([
  ['upsertCustomer', () => ({ name: 'Ada', phone: 'call me' }), ['phone']],
  ['upsertCustomer', () => ({ name: ' ', phone: '12', email: 'nowhere' }), ['name', 'email', 'phone']],
  ['upsertCustomer', () => ({ name: 'Ada', phone: 'anonymous' }), ['phone']],
  ['createResource', () => ({ locationId: world.locationId, kind: 'STAFF', name: '', weeklyHours: [] }), ['name']],
  ['createService', () => service({ segments: [] }), ['segments']],
  ['createService', () => service({}, { durationMinutes: -30 }), ['segments.0.durationMinutes']],
  ['createService', () => service({}, { bufferBeforeMinutes: -1 }), ['segments.0.bufferBeforeMinutes']],
  ['createService', () => service({ slotIntervalMinutes: 0 }), ['slotIntervalMinutes']],
  [
    'createService',
    () => service({}, { resourceGroups: [{ kind: 'STAFF', candidateIds: [world.serviceId] }] }),
    ['segments.0.resourceGroups.0.candidateIds.0'],
  ],
  [
    'createService',
    () => service({}, { resourceGroups: [{ kind: 'ROOM', candidateIds: [world.resourceId] }] }),
    ['segments.0.resourceGroups.0.candidateIds.0'],
  ],
  ['addTimeOff', () => ({ resourceId: world.resourceId, startsAt: world.to, endsAt: world.from }), ['endsAt']],
  [
    'updatePolicy',
    () => ({
      scope: 'SERVICE',
      scopeId: world.serviceId,
      expectedVersion: 0,
      cancelNoticeMinutes: -1,
      rescheduleNoticeMinutes: -1,
    }),
    ['cancelNoticeMinutes', 'rescheduleNoticeMinutes'],
  ],
  ['holdSlot', () => ({ slot: slot(), ttlSeconds: 0 }), ['ttlSeconds']],
  ['holdSlot', () => ({ slot: slot(), ttlSeconds: 1801 }), ['ttlSeconds']],
  [
    'holdSlot',
    () => ({ slot: slot(), idempotencyKey: '', sessionKey: 'x'.repeat(256) }),
    ['idempotencyKey', 'sessionKey'],
  ],
  ['extendHold', () => ({ holdId: world.holdId, ttlSeconds: 1801 }), ['ttlSeconds']],
  ['bookAppointment', () => ({}), ['slot', 'customer']],
  [
    'bookAppointment',
    () => ({ slot: slot(), holdId: world.holdId, customer: { name: 'Ada' }, customerId: world.customerId }),
    ['slot', 'customer'],
  ],
  ['bookAppointment', () => ({ slot: slot(), customer: { name: 'Ada', phone: 'none of yours' } }), ['customer.phone']],
  [
    'bookAppointment',
    () => ({ slot: slot(), customer: { name: '', email: 'x' }, notes: 'n'.repeat(2001) }),
    ['customer.name', 'customer.email', 'notes'],
  ],
  [
    'bookAppointment',
    () => ({ slot: slot(), customer: { name: 'Ada' }, alternativeWithinMinutes: -5 }),
    ['alternativeWithinMinutes'],
  ],
  [
    'cancelAppointment',
    () => ({ appointmentId: world.appointmentId, expectedVersion: 1, reason: 'r'.repeat(2001) }),
    ['reason'],
  ],
] as const)('%s names everything that is wrong at once, with its path (%#)', async ([name, given, paths]) => {
  const before = await counts()
  const { data, errors } = await mutate<{ code: string; issues: { path: string[]; message: string }[] }>(name, given())
  expect(errors).toEqual([])
  expect(data.result).toMatchObject({ code: 'INVALID_INPUT' })
  expect(data.result.issues.map(({ path }) => path.join('.'))).toEqual(paths)
  for (const { message } of data.result.issues) expect(message.length).toBeGreaterThan(5)
  expect(await counts()).toEqual(before)
})

test('a candidate of another location is refused with its path', async () => {
  const { data } = await mutate<{ id: string }>('createLocation', {
    name: 'Nord',
    timeZone: 'Europe/Berlin',
    country: 'DE',
  })
  const given = { ...service({}), locationId: data.result.id }
  const refused = await mutate<{ issues: object[] }>('createService', given)
  expect(refused.data.result.issues).toEqual([
    {
      path: ['segments', '0', 'resourceGroups', '0', 'candidateIds', '0'],
      message: expect.stringContaining('another location'),
    },
  ])
})

test('a malformed phone in a look-up is BAD_USER_INPUT', async () => {
  expect(await codes('{ customerByPhone(phone: "call me") { id } }')).toEqual(['BAD_USER_INPUT'])
  expect((await ask('{ customerByPhone(phone: "anonymous") { id } }')).data).toEqual({ customerByPhone: null })
})

test.for(['first: -1', 'last: -1', 'first: 101', 'after: "nonsense"', 'before: "e30"', 'after: "WzEsMl0"'])(
  'a page with %s is BAD_USER_INPUT',
  async (page) => {
    expect(await codes(`{ appointments(${page}) { asOf } }`)).toEqual(['BAD_USER_INPUT'])
    expect(await codes(`{ customers(${page}) { edges { cursor } } }`)).toEqual(['BAD_USER_INPUT'])
  },
)

test('an operation that asks for too much at once is refused before it reads anything', async () => {
  const aliases = Array.from(
    { length: 500 },
    (_, index) => `a${index}: availability(input: $input) { slots { startsAt } }`,
  )
  const input = { serviceId: world.serviceId, from: world.from, to: world.to }
  const answer = await ask(`query ($input: AvailabilityInput!) { ${aliases.join(' ')} }`, { input })
  expect(new Set(answer.errors.map(({ code }) => code))).toEqual(new Set(['BAD_USER_INPUT']))
  const nested = (depth: number): string =>
    depth === 0 ? 'id' : `customer { appointments(first: 1) { edges { node { ${nested(depth - 1)} } } } }`
  expect(await codes(`{ appointments { edges { node { ${nested(6)} } } } }`)).toEqual(['BAD_USER_INPUT'])
})

function ask<Data = Record<string, unknown>>(
  document: string,
  variables: Record<string, unknown> = {},
): Promise<Answer<Data>> {
  return gateway.ask<Data>(world.secret, document, variables)
}

async function codes(document: string, variables: Record<string, unknown> = {}): Promise<unknown[]> {
  return (await ask(document, variables)).errors.map(({ code }) => code)
}

function mutate<Result>(name: string, input: Record<string, unknown>) {
  const type = ['completeAppointment', 'markNoShow'].includes(name)
    ? 'CloseAppointmentInput'
    : `${name[0]?.toUpperCase()}${name.slice(1)}Input`
  const fields = name === 'bookAppointment' ? '... on BookedAppointment { appointment { id } }' : '... on Node { id }'
  const document = `mutation ($input: ${type}!) { result: ${name}(input: $input) { __typename ${fields} ... on Error { code message }
    ... on InvalidInputError { issues { path message } } ${name === 'holdSlot' || name === 'bookAppointment' ? '... on SlotUnavailableError { reasons { reason } }' : ''} } }`
  return ask<{ result: Result }>(document, { input })
}

async function hold(input: Record<string, unknown>) {
  return (await mutate('holdSlot', input)).data.result
}

async function book(input: Record<string, unknown>) {
  return (await mutate('bookAppointment', input)).data.result
}

function slot() {
  return { serviceId: world.serviceId, startsAt: world.startsAt }
}

function service(given: Record<string, unknown>, segment: Record<string, unknown> = {}) {
  const resourceGroups = [{ kind: 'STAFF', candidateIds: [world.resourceId] }]
  const segments = [{ name: 'Cut', durationMinutes: 30, resourceGroups, ...segment }]
  return { locationId: world.locationId, name: 'Cut', segments, ...given }
}

async function counts(): Promise<unknown> {
  return salon.db.sql`
    select (select count(*) from claims) as claims, (select count(*) from holds) as holds,
      (select count(*) from appointments) as appointments, (select count(*) from appointment_events) as events,
      (select count(*) from customers) as customers, (select count(*) from services) as services,
      (select count(*) from resources) as resources, (select count(*) from time_off) as "timeOff",
      (select count(*) from policies) as policies, (select count(*) from availability_changes) as changes`
}

// Who may ask what: every root field, under every kind of caller, and with the ids of somebody else.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Caller } from '../../src/domain/people/callers.ts'
import { createSchema } from '../../src/schema/schema.ts'
import { openSalon, type Salon } from '../support/salon.ts'
import { addTenant } from '../support/tenant.ts'
import { type Answer, type Gateway, openGateway } from './gateway.ts'
import { type Access, type RootField, rootFields } from './root-fields.ts'
import { fillWorld, type World } from './world.ts'

let salon: Salon
let gateway: Gateway
let shared: World
let other: World

beforeAll(async () => {
  salon = await openSalon()
  gateway = openGateway(salon)
  shared = await newWorld()
  other = await newWorld()
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await salon[Symbol.asyncDispose]()
})

test('every root field of the schema has a rule here', () => {
  const schema = createSchema()
  const fields = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap((root) =>
    Object.keys(root?.getFields() ?? {}).map((field) => `${root?.name}.${field}`),
  )
  expect(Object.keys(rootFields).sort()).toEqual(fields.sort())
})

test.for(Object.entries(rootFields))('%s without a key is UNAUTHENTICATED', async ([, field]) => {
  expect(codesOf(await run(field, null, shared))).toEqual(['UNAUTHENTICATED'])
})

test('introspection needs no key', async () => {
  const { data, errors } = await gateway.ask(null, '{ __typename __schema { queryType { name } } }')
  expect({ data, errors }).toMatchObject({ data: { __schema: { queryType: { name: 'Query' } } }, errors: [] })
})

describe.for(['secret', 'publishable', 'manage'] as const)('with a %s key or token', (kind) => {
  test.for(Object.entries(rootFields))('%s does what its rule says', async ([name, field]) => {
    const isChanged = name.startsWith('Mutation') && field[kind] === 'answers'
    const world = isChanged ? await newWorld() : shared
    expect(accessOf(name, await run(field, world[kind], world))).toBe(field[kind])
  })
})

test.for(Object.entries(rootFields).filter(([, { foreign }]) => foreign !== 'no ids'))(
  '%s with the ids of another organization finds nothing and changes nothing there',
  async ([name, field]) => {
    const before = await rowsOf(other)
    const { data, errors } = await run(field, shared.secret, other)
    const seen =
      errors[0]?.code ?? (Object.values(data)[0] as { code?: string } | null)?.code ?? accessOf(name, { data, errors })
    expect(seen).toBe(field.foreign)
    expect(await rowsOf(other)).toEqual(before)
  },
)

test('a manage token reads, moves and cancels no appointment but its own', async () => {
  const world = await newWorld()
  const stranger = { ...world.manage, appointmentId: '01936d4e-0000-7000-8000-000000000000' }
  for (const name of ['Query.appointment', 'Mutation.rescheduleAppointment', 'Mutation.cancelAppointment']) {
    const field = rootFields[name] as RootField
    for (const caller of [stranger, other.manage]) {
      const { data, errors } = await run(field, caller, world)
      expect(errors).toEqual([])
      expect([null, 'NotFoundError']).toContain(
        (Object.values(data)[0] as { __typename?: string } | null)?.__typename ?? null,
      )
    }
  }
})

test('a hold of another publishable key is not there', async () => {
  const world = await newWorld()
  const stranger = { ...world.publishable, id: 'key:another' }
  expect(await run(rootFields['Query.hold'] as RootField, stranger, world)).toMatchObject({ data: { hold: null } })
  const released = await run(rootFields['Mutation.releaseHold'] as RootField, stranger, world)
  expect(released.data).toMatchObject({ releaseHold: { code: 'NOT_FOUND' } })
})

test('node() shows what the field of the type shows, and no more', async () => {
  const world = await newWorld()
  const ids = [
    world.appointmentId,
    world.customerId,
    world.holdId,
    world.timeOffId,
    world.serviceId,
    world.organizationId,
  ]
  const types = async (caller: Caller) => {
    const document = 'query ($id: ID!) { node(id: $id) { __typename id } }'
    const answers = await Promise.all(
      ids.map((id) => gateway.ask<{ node: { __typename: string } | null }>(caller, document, { id })),
    )
    return answers.map(({ data }) => data.node?.__typename ?? null)
  }
  expect(await types(world.secret)).toEqual(['Appointment', 'Customer', 'Hold', 'TimeOff', 'Service', 'Organization'])
  expect(await types(world.publishable)).toEqual([null, null, 'Hold', 'TimeOff', 'Service', 'Organization'])
  expect(await types(world.manage)).toEqual(['Appointment', null, null, 'TimeOff', 'Service', 'Organization'])
})

/** Another organization in the same database, with one of everything. */
async function newWorld(): Promise<World> {
  const tenant = await addTenant(salon.db)
  return fillWorld({ lane: salon.lane, ...tenant })
}

async function run(field: RootField, caller: Caller | null, world: World): Promise<Answer<Record<string, unknown>>> {
  if (field.isOfPast && caller) {
    await salon.db.sql`
      update appointments set starts_at = starts_at - interval '100 days', ends_at = ends_at - interval '100 days'
      where organization_id = ${caller.organizationId}`
  }
  const ask = field.document.startsWith('subscription') ? gateway.watch : gateway.ask
  return ask(caller, field.document, field.variables(world))
}

function codesOf({ errors }: Answer<unknown>): unknown[] {
  return errors.map(({ code }) => code)
}

function accessOf(name: string, { data, errors }: Answer<Record<string, unknown>>): Access {
  if (errors[0]) return errors[0].code as Access
  const value = data[name.split('.')[1] as string] as { __typename?: string; code?: string; edges?: unknown[] } | null
  if (value?.code) throw new Error(`${name} was refused: ${JSON.stringify(value)}`)
  const isEmpty = value === null || (Array.isArray(value) && value.length === 0) || value.edges?.length === 0
  return isEmpty ? 'hidden' : 'answers'
}

/** Everything that is stored for the organization. */
async function rowsOf(world: World): Promise<unknown> {
  const tables = await salon.db.sql<{ name: string }[]>`
    select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id'
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1`
  return Promise.all(
    tables.map(async ({ name }) => {
      const rows = await salon.db.sql.unsafe(
        `select to_jsonb(t) as row from ${name} t where organization_id = $1 order by to_jsonb(t)::text`,
        [world.secret.organizationId],
      )
      return [name, rows.map(({ row }) => row)]
    }),
  )
}

// Keyset pages: whatever the sizes and directions, walking them gives the list, each once and in order.
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { upsertCustomer } from '../../src/domain/people/customers.ts'
import { book, hourAhead, openSalon, type Salon } from '../support/salon.ts'
import { type Gateway, openGateway } from './gateway.ts'

let salon: Salon
let gateway: Gateway
let expected: { appointments: string[]; customers: string[] }

const COUNT = 23

beforeAll(async () => {
  salon = await openSalon({ people: 3 })
  gateway = openGateway(salon)
  // Several of one start and of one name: the id breaks the tie.
  for (let index = 0; index < COUNT; index++) {
    await book(salon, hourAhead(Math.floor(index / 3)), { customer: { name: 'Ada', phone: null, email: null } })
  }
  await salon.write((tx) => upsertCustomer(tx, { name: 'Zoe', phone: '+493023125111' }))
  const appointments = await page('appointments', '(first: 100)')
  const customers = await page('customers', '(first: 100)')
  expected = { appointments: idsOf(appointments), customers: idsOf(customers) }
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await salon[Symbol.asyncDispose]()
})

type List = 'appointments' | 'customers'

interface Page {
  edges: { cursor: string; node: { id: string } }[]
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null }
}

async function page(list: List, args: string): Promise<Page> {
  const document = `{ page: ${list}${args} {
    edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`
  const { data, errors } = await gateway.ask<{ page: Page }>(salon.caller, document)
  expect(errors).toEqual([])
  return data.page
}

function idsOf({ edges }: Page): string[] {
  return edges.map(({ node }) => node.id)
}

test('the lists hold everything, each once, in the order of their key', async () => {
  expect(expected.appointments).toHaveLength(COUNT)
  expect(expected.customers).toHaveLength(COUNT + 1)
  expect(new Set([...expected.appointments, ...expected.customers]).size).toBe(2 * COUNT + 1)
})

test.for(['appointments', 'customers'] as const)(
  'walking %s forward and backward in pages of any size gives the list',
  (list) =>
    fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 30 }), fc.boolean(), async (size, forward) => {
        const walked: string[] = []
        let args = forward ? `(first: ${size})` : `(last: ${size})`
        for (;;) {
          const { edges, pageInfo } = await page(list, args)
          const ids = edges.map(({ node }) => node.id)
          if (forward) walked.push(...ids)
          else walked.unshift(...ids)
          expect(pageInfo.startCursor).toBe(edges[0]?.cursor ?? null)
          expect(pageInfo.endCursor).toBe(edges.at(-1)?.cursor ?? null)
          if (!(forward ? pageInfo.hasNextPage : pageInfo.hasPreviousPage)) break
          args = forward
            ? `(first: ${size}, after: "${pageInfo.endCursor}")`
            : `(last: ${size}, before: "${pageInfo.startCursor}")`
        }
        expect(walked).toEqual(expected[list])
      }),
      { numRuns: 12 },
    ),
)

test.for(['appointments', 'customers'] as const)(
  'any page of %s is the slice that its arguments name',
  async (list) => {
    const { edges: all } = await page(list, '(first: 100)')
    const size = fc.option(fc.integer({ min: 0, max: 30 }), { nil: null })
    const place = fc.option(fc.integer({ min: 0, max: all.length - 1 }), { nil: null })
    await fc.assert(
      fc.asyncProperty(size, size, place, place, async (first, last, after, before) => {
        const args = Object.entries({
          first,
          last,
          after: after === null ? null : JSON.stringify(all[after]?.cursor),
          before: before === null ? null : JSON.stringify(all[before]?.cursor),
        }).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}`]))
        const found = await page(list, args.length > 0 ? `(${args.join(', ')})` : '')

        const from = after === null ? 0 : after + 1
        const range = all.slice(from, Math.max(from, before ?? all.length))
        const firsts = first === null ? range : range.slice(0, first)
        const shown = last === null ? firsts : firsts.slice(Math.max(0, firsts.length - last))
        expect(idsOf(found)).toEqual(shown.map(({ node }) => node.id))
        // Cut off at the end or at the beginning, or told apart by the cursor of that side.
        const cutEnd = firsts.length < range.length
        const cutStart = shown.length < firsts.length
        const forward = first !== null || last === null
        const beyondStart = after !== null
        const beyondEnd = before !== null
        expect(found.pageInfo.hasNextPage).toBe(forward ? cutEnd : beyondEnd)
        expect(found.pageInfo.hasPreviousPage).toBe(forward ? beyondStart || cutStart : cutStart)
      }),
      { numRuns: 60 },
    )
  },
)

test('a page goes on from its cursor when the entry of the cursor has moved', async () => {
  const { edges } = await page('appointments', '(first: 5)')
  const last = edges.at(-1)
  const moved = await gateway.ask<{ rescheduleAppointment: { __typename: string } }>(
    salon.caller,
    `mutation ($input: RescheduleAppointmentInput!) { rescheduleAppointment(input: $input) { __typename } }`,
    {
      input: {
        appointmentId: last?.node.id,
        expectedVersion: 1,
        startsAt: new Date(hourAhead(300)).toISOString(),
      },
    },
  )
  expect(moved.data.rescheduleAppointment.__typename).toBe('Appointment')
  const next = await page('appointments', `(first: 100, after: "${last?.cursor}")`)
  expect(idsOf(next)).toEqual([...expected.appointments.slice(5), last?.node.id])
})

test('the filter of appointments: time, status, resource, service, customer', async () => {
  const all = await page('appointments', '(first: 100)')
  const count = async (filter: string) =>
    (await page('appointments', `(first: 100, filter: { ${filter} })`)).edges.length
  const from = new Date(hourAhead(0)).toISOString()
  const to = new Date(hourAhead(2)).toISOString()
  expect(await count(`from: "${from}", to: "${to}"`)).toBe(5)
  expect(await count('status: [CONFIRMED]')).toBe(all.edges.length)
  expect(await count('status: [CANCELLED, NO_SHOW]')).toBe(0)
  expect(await count('status: []')).toBe(0)
  expect(await count(`serviceId: "service_${salon.cutId}"`)).toBe(all.edges.length)
  const served = await Promise.all(salon.people.map((id) => count(`resourceId: "resource_${id}"`)))
  expect(served.reduce((sum, each) => sum + each)).toBe(all.edges.length)
  expect(Math.min(...served)).toBeGreaterThan(0)
  expect(await count(`customerId: "${expected.customers[0]}"`)).toBe(1)
  expect(await count(`customerId: "${expected.customers.at(-1)}"`)).toBe(0)
  expect(await count('resourceId: "nonsense"')).toBe(0)
})

test('the pages of several customers in one answer are each that of the customer', async () => {
  const owner = expected.customers[0] as string
  for (let index = 0; index < 4; index++) {
    await book(salon, hourAhead(200 + index), { customerId: owner.replace('customer_', ''), customer: null })
  }
  const document = `{ customers(first: 100) { edges { node { id
    all: appointments(first: 100) { edges { cursor node { id } } }
    first: appointments(first: 2) { edges { node { id } } pageInfo { hasNextPage hasPreviousPage } }
    last: appointments(last: 2) { edges { node { id } } pageInfo { hasNextPage hasPreviousPage } }
  } } } }`
  const { data } = await gateway.ask<{
    customers: { edges: { node: { id: string; all: Page; first: Page; last: Page } }[] }
  }>(salon.caller, document)
  for (const { node } of data.customers.edges) {
    const alone = await page('appointments', `(first: 100, filter: { customerId: "${node.id}" })`)
    const ids = idsOf(alone)
    expect(idsOf(node.all)).toEqual(ids)
    expect(idsOf(node.first)).toEqual(ids.slice(0, 2))
    expect(idsOf(node.last)).toEqual(ids.slice(-2))
    const isLong = ids.length > 2
    expect(isLong).toBe(node.id === owner)
    expect(node.first.pageInfo).toEqual({ hasNextPage: isLong, hasPreviousPage: false })
    expect(node.last.pageInfo).toEqual({ hasNextPage: false, hasPreviousPage: isLong })
  }
  const second = data.customers.edges.find(({ node }) => node.id === owner)?.node.all.edges[1]?.cursor
  const after = await gateway.ask<{ customer: { appointments: Page } }>(
    salon.caller,
    `{ customer(id: "${owner}") { appointments(after: "${second}") { edges { node { id } } pageInfo { hasNextPage hasPreviousPage } } } }`,
  )
  expect(after.data.customer.appointments.edges).toHaveLength(3)
  expect(after.data.customer.appointments.pageInfo).toEqual({ hasNextPage: false, hasPreviousPage: true })
})

// Event streams as a browser reads them: EventSource comes back by itself with the id of what it has read last.

import { EventSource } from 'eventsource'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  createKnownSlots,
  describeSlots,
  type KnownSlots,
  QUERY_SLOTS,
  type SlotAnswer,
  WATCH_SLOTS,
} from '../../support/known-slots.ts'
import { openTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts'
import { until } from '../../support/until.ts'
import { ask, bearer, openTestGateway, type TestGateway } from '../gateway.ts'

let gateway: TestGateway
let network: TcpProxy
let serviceId: string
let days = 2

beforeAll(async () => {
  gateway = await openTestGateway()
  network = await openTcpProxy({ port: Number(new URL(gateway.url).port) })
  const { services } = await ask<{ services: { id: string }[] }>(gateway, '{ services { id } }')
  serviceId = String(services[0]?.id)
})

afterAll(async () => {
  await network[Symbol.asyncDispose]()
  await gateway[Symbol.asyncDispose]()
})

beforeEach(() => network.open())

/** Of days that no other test books on. */
function newInput() {
  const DAY = 24 * 3_600_000
  const from = Math.ceil(Date.now() / DAY + days) * DAY
  days += 4
  return { serviceId, from: new Date(from).toISOString(), to: new Date(from + 4 * DAY).toISOString() }
}

/** Through the network that the tests cut. */
function openEvents(query: string, variables: object, key: string) {
  const url = new URL(`${network.url}/graphql`)
  url.searchParams.set('query', query)
  url.searchParams.set('variables', JSON.stringify(variables))
  const lastEventIds: (string | undefined)[] = []
  const source = new EventSource(url, {
    fetch(address, init) {
      lastEventIds.push(new Headers(init.headers).get('last-event-id') ?? undefined)
      return fetch(address, { ...init, headers: { ...init.headers, ...bearer(key) } })
    },
  })
  const messages: MessageEvent<string>[] = []
  source.addEventListener('next', (message) => void messages.push(message))
  return { source, messages, lastEventIds }
}

async function book(slot: { startsAt: string }): Promise<string> {
  const mutation = `mutation ($input: BookAppointmentInput!) {
    bookAppointment(input: $input) { ... on BookedAppointment { appointment { id } } ... on Error { code message } }
  }`
  const { bookAppointment } = await ask<{ bookAppointment: { appointment: { id: string } } }>(gateway, mutation, {
    input: { slot: { serviceId, startsAt: slot.startsAt }, customer: { name: 'Ada' } },
  })
  return bookAppointment.appointment.id
}

async function query(input: object): Promise<SlotAnswer[]> {
  return (await ask<{ availability: { slots: SlotAnswer[] } }>(gateway, QUERY_SLOTS, { input })).availability.slots
}

function knownFrom(messages: MessageEvent<string>[]): KnownSlots {
  const known = createKnownSlots()
  for (const { data } of messages) known.take(JSON.parse(data).data.availability)
  return known
}

describe.for([
  { way: 'shared', document: WATCH_SLOTS },
  {
    way: 'not shared',
    document: `${WATCH_SLOTS.replace('availability(', '... on Subscription { availability(')} }`,
  },
])('a view that is $way', ({ document }) => {
  test('goes on with exactly what was missed, every time the connection is cut', async () => {
    const input = newInput()
    const { source, messages, lastEventIds } = openEvents(document, { input }, gateway.publishableKey)
    await until(() => messages.length === 1)
    const slots = await query(input)
    await book(slots[0] as SlotAnswer)
    await until(() => messages.length === 2)
    for (const first of [8, 20]) {
      const before = messages.length
      network.close()
      await until(() => gateway.subscribers() === 0)
      await book(slots[first] as SlotAnswer)
      await book(slots[first + 6] as SlotAnswer)
      network.open()
      await until(() => messages.length > before)
      const expected = describeSlots(await query(input))
      expect(knownFrom(messages).describe()).toEqual(expected)
      expect(messages.length).toBe(before + 1)
      expect(lastEventIds.at(-1)).toBe(messages.at(-2)?.lastEventId)
    }
    const known = knownFrom(messages)
    expect(known.faults).toEqual([])
    expect(known.counts).toEqual({ snapshots: 1, changes: 3 })
    expect(messages.map(({ lastEventId, data }) => lastEventId === JSON.parse(data).data.availability.cursor)).toEqual(
      messages.map(() => true),
    )
    source.close()
    await until(() => gateway.subscribers() === 0)
  })
})

test('a board of appointments misses none that was booked while it was cut', async () => {
  const input = newInput()
  const document = 'subscription { appointments { id version } }'
  const { source, messages, lastEventIds } = openEvents(document, {}, gateway.secretKey)
  await until(() => gateway.subscribers() === 1)
  const slots = await query(input)
  const booked = [await book(slots[0] as SlotAnswer)]
  await until(() => messages.length === 1)
  network.close()
  await until(() => gateway.subscribers() === 0)
  for (const index of [6, 12, 18]) booked.push(await book(slots[index] as SlotAnswer))
  network.open()
  const told = () => new Set(messages.map(({ data }) => JSON.parse(data).data.appointments.id))
  await until(() => told().size === 4)
  expect([...told()].sort()).toEqual(booked.sort())
  expect(lastEventIds.at(-1)).toBeTruthy()
  source.close()
  await until(() => gateway.subscribers() === 0)
})

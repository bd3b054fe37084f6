// Clients that others wrote: each watches a view, sees a booking, and leaves cleanly.

import { once } from 'node:events'
import { ApolloClient, ApolloLink, InMemoryCache, gql as parseForApollo } from '@apollo/client'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { fetchExchange, subscriptionExchange, Client as UrqlClient } from '@urql/core'
import { EventSource } from 'eventsource'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  createKnownSlots,
  describeSlots,
  QUERY_SLOTS,
  type SlotAnswer,
  type SlotUpdate,
  WATCH_SLOTS,
} from '../support/known-slots.ts'
import { until } from '../support/until.ts'
import { ask, bearer, openSseClient, openTestGateway, openWebSocketClient, type TestGateway } from './gateway.ts'

let gateway: TestGateway
let serviceId: string
let days = 2

beforeAll(async () => {
  gateway = await openTestGateway()
  const { services } = await ask<{ services: { id: string }[] }>(gateway, '{ services { id } }')
  serviceId = String(services[0]?.id)
})

afterAll(() => gateway[Symbol.asyncDispose]())

interface Answer {
  availability: SlotUpdate
}

interface Watching {
  /** Of the subscription alone: the connection may stay. */
  unsubscribe: () => void | Promise<void>
  close: () => void | Promise<void>
}

type Watch = (variables: { input: object }, take: (answer: Answer) => void) => Watching | Promise<Watching>

const clients: { name: string; watch: Watch }[] = [
  {
    name: 'graphql-ws',
    watch(variables, take) {
      const client = openWebSocketClient(gateway, { authorization: gateway.publishableKey })
      const sink = { next: ({ data }: { data?: Answer | null }) => data && take(data), error() {}, complete() {} }
      const unsubscribe = client.subscribe<Answer>({ query: WATCH_SLOTS, variables }, sink)
      return { unsubscribe, close: () => client.dispose() }
    },
  },
  {
    name: 'Apollo Client',
    watch(variables, take) {
      const client = openWebSocketClient(gateway, { authorization: gateway.publishableKey })
      const apollo = new ApolloClient({
        cache: new InMemoryCache(),
        link: ApolloLink.from([new GraphQLWsLink(client)]),
      })
      const query = parseForApollo(WATCH_SLOTS)
      const subscription = apollo
        .subscribe<Answer>({ query, variables, fetchPolicy: 'no-cache' })
        .subscribe(({ data }) => data && take(data))
      return {
        unsubscribe: () => subscription.unsubscribe(),
        async close() {
          apollo.stop()
          await client.dispose()
        },
      }
    },
  },
  {
    name: 'urql',
    watch(variables, take) {
      const client = openWebSocketClient(gateway, { authorization: gateway.publishableKey })
      const urql = new UrqlClient({
        url: gateway.graphqlUrl,
        preferGetMethod: false,
        exchanges: [
          subscriptionExchange({
            forwardSubscription: ({ query = '', variables: given }) => ({
              subscribe: (sink) => ({
                unsubscribe: client.subscribe({ query, variables: given as Record<string, unknown> }, sink as never),
              }),
            }),
          }),
          fetchExchange,
        ],
      })
      const { unsubscribe } = urql
        .subscription<Answer>(WATCH_SLOTS, variables)
        .subscribe(({ data }) => data && take(data))
      return { unsubscribe, close: () => client.dispose() }
    },
  },
  ...[false, true].map((singleConnection) => ({
    name: `graphql-sse with ${singleConnection ? 'a single connection' : 'distinct connections'}`,
    watch(variables: { input: object }, take: (answer: Answer) => void) {
      const client = openSseClient(gateway, { singleConnection, path: '/graphql/stream' })
      const sink = { next: ({ data }: { data?: Answer | null }) => data && take(data), error() {}, complete() {} }
      const unsubscribe = client.subscribe<Answer>({ query: WATCH_SLOTS, variables }, sink)
      return { unsubscribe, close: () => client.dispose() }
    },
  })),
  {
    name: 'eventsource',
    watch(variables, take) {
      const url = new URL(gateway.graphqlUrl)
      url.searchParams.set('query', WATCH_SLOTS)
      url.searchParams.set('variables', JSON.stringify(variables))
      const source = new EventSource(url, {
        fetch: (address, init) =>
          fetch(address, { ...init, headers: { ...init.headers, ...bearer(gateway.publishableKey) } }),
      })
      source.addEventListener('next', ({ data }: MessageEvent<string>) => take(JSON.parse(data).data))
      return { unsubscribe: () => source.close(), close() {} }
    },
  },
  {
    name: "undici's WebSocket",
    async watch(variables, take) {
      const socket = new globalThis.WebSocket(gateway.webSocketUrl, 'graphql-transport-ws')
      const send = (message: object) => socket.send(JSON.stringify(message))
      const payload = { query: WATCH_SLOTS, variables }
      socket.addEventListener('message', ({ data }) => {
        const message = JSON.parse(String(data))
        if (message.type === 'connection_ack') send({ id: 'one', type: 'subscribe', payload })
        if (message.type === 'next') take(message.payload.data)
      })
      await once(socket, 'open')
      send({ type: 'connection_init', payload: { authorization: gateway.publishableKey } })
      return {
        unsubscribe: () => send({ id: 'one', type: 'complete' }),
        async close() {
          const closed = once(socket, 'close')
          socket.close(1000)
          await closed
        },
      }
    },
  },
]

const BOOK = `mutation ($input: BookAppointmentInput!) {
  bookAppointment(input: $input) { __typename ... on Error { code message } }
}`

/** Of days that no other test books on. */
function newInput() {
  const DAY = 24 * 3_600_000
  const from = Math.ceil(Date.now() / DAY + days) * DAY
  days += 4
  return { serviceId, from: new Date(from).toISOString(), to: new Date(from + 4 * DAY).toISOString() }
}

describe.for(clients)('$name', ({ watch }) => {
  test('watches, sees bookings, and leaves nothing behind', async () => {
    const input = newInput()
    const known = createKnownSlots()
    const watching = await watch({ input }, ({ availability }) => known.take(availability))
    await until(() => known.counts.snapshots === 1)
    const query = async () =>
      (await ask<{ availability: { slots: SlotAnswer[] } }>(gateway, QUERY_SLOTS, { input })).availability.slots
    for (const index of [0, 7]) {
      const startsAt = (await query())[index]?.startsAt
      const booking = { input: { slot: { serviceId, startsAt }, customer: { name: 'Ada' } } }
      const { bookAppointment } = await ask<{ bookAppointment: object }>(gateway, BOOK, booking)
      expect(bookAppointment).toEqual({ __typename: 'BookedAppointment' })
      const expected = describeSlots(await query())
      await until(() => JSON.stringify(known.describe()) === JSON.stringify(expected))
    }
    expect(known.faults).toEqual([])
    expect(known.counts.snapshots).toBe(1)
    await watching.unsubscribe()
    await until(() => gateway.subscribers() === 0)
    await watching.close()
    await until(() => Object.values(gateway.openStreams()).every((count) => count === 0))
    expect(gateway.groups()).toBe(0)
  })
})

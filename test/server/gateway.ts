// A gateway of a test's own: the demo salon in a database, the real schema, a real listener.

import type { Socket } from 'node:net'
import { createClient as createSseClient } from 'graphql-sse'
import { createClient as createWebSocketClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { type Database, openDatabase } from '../../src/db/client.ts'
import { createBookingLane } from '../../src/domain/claims/booking-lane.ts'
import { createKeyring, findRevokedCallers } from '../../src/domain/people/keyring.ts'
import { verifyManageToken } from '../../src/domain/people/manage-tokens.ts'
import { loadDemo } from '../../src/embedded/demo.ts'
import { retellRoutes } from '../../src/integrations/retell/routes.ts'
import { createWebhookDoor } from '../../src/integrations/webhooks/door.ts'
import { createLocalBus } from '../../src/realtime/bus.ts'
import { createLive } from '../../src/realtime/live.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { createContext } from '../../src/schema/machinery/context.ts'
import { createSchema } from '../../src/schema/schema.ts'
import { createGraphqlEndpoint } from '../../src/server/graphql-endpoint.ts'
import { openServer } from '../../src/server.ts'
import { CURSOR_SECRET } from '../support/cursor-secret.ts'
import { openTestDatabase } from '../support/database.ts'

export interface TestGateway extends AsyncDisposable {
  url: string
  graphqlUrl: string
  webSocketUrl: string
  db: Database
  publishableKey: string
  secretKey: string
  openStreams: () => { webSockets: number; eventStreams: number }
  /** How many subscribers the live views have: a source that was not returned is still counted. */
  subscribers: () => number
  /** How many groups of subscribers share their results. */
  groups: () => number
  close: () => Promise<void>
}

type EndpointInput = Parameters<typeof createGraphqlEndpoint>[0]

interface TestGatewayOptions extends Partial<EndpointInput> {
  withDemo?: boolean
  /** The door of Retell's webhooks is open too. */
  withWebhooks?: boolean
  /** Who comes with it waits for ever. */
  slowKey?: string
  onUpgrade?: (socket: Socket) => void
}

export async function openTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  await using stack = new AsyncDisposableStack()
  const logger = createLogger('silent')
  const database = stack.use(await openTestDatabase())
  const db = stack.use(openDatabase({ url: database.url }))
  const { publishableKey, secretKey } = await loadDemo(db)
  const lane = stack.use(createBookingLane(db))
  const bus = stack.use(createLocalBus())
  const live = stack.use(createLive({ cursorSecret: CURSOR_SECRET, db, bus, logger }))
  db.onCommitted = (transaction) => live.onCommitted(transaction)
  const keyring = createKeyring(db)
  const endpoint = stack.use(
    createGraphqlEndpoint({
      schema: createSchema(),
      openContext: (principal) => createContext({ ...principal, db, lane, live }),
      authenticate: async (token) =>
        token === options.slowKey
          ? new Promise<never>(() => {})
          : ((await keyring.authenticate(token)) ?? verifyManageToken(db, token)),
      findRevoked: (callers) => findRevokedCallers(db, callers),
      logger,
      demo: options.withDemo ? { publishableKey } : null,
      goingAwayMs: 0,
      ...options,
    }),
  )
  const server = stack.use(
    await openServer({
      host: '127.0.0.1',
      port: 0,
      portName: 'PORT',
      routes: {
        ...endpoint.routes,
        ...(options.withWebhooks && {
          '/webhooks/*': createWebhookDoor(retellRoutes({ db, lane, logger }), logger, options.admission),
        }),
      },
      onUpgrade(request, socket, head) {
        options.onUpgrade?.(request.socket)
        endpoint.upgrade(request, socket, head)
      },
      requireReady: async () => db.sql`select 1`,
      sendStreamsAway: endpoint.sendStreamsAway,
      ...(options.admission && { admission: options.admission }),
      logger,
    }),
  )
  const opened = stack.move()
  return {
    url: server.url,
    graphqlUrl: `${server.url}/graphql`,
    webSocketUrl: `${server.url.replace('http', 'ws')}/graphql`,
    db,
    publishableKey,
    secretKey,
    openStreams: endpoint.openStreams,
    groups: endpoint.groups,
    subscribers: () => live.status().subscribers,
    close: async () => server[Symbol.asyncDispose](),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

export function bearer(key: string): Record<string, string> {
  return { authorization: `Bearer ${key}` }
}

/** A service of the demo that the whole team offers, and the start of an open slot in the days after tomorrow. */
export async function findOpenSlot(gateway: TestGateway): Promise<{ serviceId: string; startsAt: string }> {
  const [service] = (await ask<{ services: { id: string }[] }>(gateway, '{ services { id } }')).services
  const from = new Date(Date.now() + 48 * 3_600_000).toISOString()
  const to = new Date(Date.now() + 120 * 3_600_000).toISOString()
  const input = { serviceId: service?.id, from, to }
  const query = 'query ($input: AvailabilityInput!) { availability(input: $input) { slots { startsAt } } }'
  const { availability } = await ask<{ availability: { slots: { startsAt: string }[] } }>(gateway, query, { input })
  return { serviceId: String(service?.id), startsAt: String(availability.slots[0]?.startsAt) }
}

export async function ask<Data>(
  gateway: Pick<TestGateway, 'graphqlUrl' | 'publishableKey'>,
  query: string,
  variables: object = {},
): Promise<Data> {
  const response = await fetch(gateway.graphqlUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...bearer(gateway.publishableKey) },
    body: JSON.stringify({ query, variables }),
  })
  const { data, errors } = (await response.json()) as { data: Data; errors?: unknown }
  if (errors) throw new Error(JSON.stringify(errors))
  return data
}

export const WATCH = `subscription ($input: AvailabilityInput!) {
  availability(input: $input) { kind opened { startsAt } closed { startsAt } cursor }
}`

export function watchInput(serviceId: string): { input: object } {
  const now = Math.floor(Date.now() / 1000) * 1000
  return {
    input: {
      serviceId,
      from: new Date(now).toISOString(),
      to: new Date(now + 7 * 24 * 3_600_000).toISOString(),
    },
  }
}

export const HOLD = `mutation ($input: HoldSlotInput!) {
  holdSlot(input: $input) { __typename ... on Hold { id startsAt } ... on Error { code message } }
}`

export function openWebSocketClient(gateway: TestGateway, connectionParams: Record<string, unknown>) {
  return createWebSocketClient({
    url: gateway.webSocketUrl,
    webSocketImpl: WebSocket,
    connectionParams,
    retryAttempts: 0,
    lazy: true,
    lazyCloseTimeout: 0,
  })
}

export function openSseClient(gateway: TestGateway, { singleConnection = false, path = '/graphql' } = {}) {
  return createSseClient({
    url: `${gateway.url}${path}`,
    singleConnection,
    headers: bearer(gateway.publishableKey),
    retryAttempts: 0,
  })
}

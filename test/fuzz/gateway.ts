// A gateway with every door, in this process and without its workers: nothing that a fuzzed input asks for goes out.

import { openDatabase } from '../../src/db/client.ts'
import { asSystem } from '../../src/db/transaction.ts'
import { createBookingLane } from '../../src/domain/claims/booking-lane.ts'
import { type ApiKeyKind, createApiKey } from '../../src/domain/people/api-keys.ts'
import { createKeyring, findRevokedCallers } from '../../src/domain/people/keyring.ts'
import { createManageToken, verifyManageToken } from '../../src/domain/people/manage-tokens.ts'
import { calcomRoutes } from '../../src/integrations/calcom/routes.ts'
import { createCalendarDoor } from '../../src/integrations/icalendar/serve-calendars.ts'
import { retellRoutes } from '../../src/integrations/retell/routes.ts'
import { createWebhookDoor } from '../../src/integrations/webhooks/door.ts'
import { createLocalBus } from '../../src/realtime/bus.ts'
import { createLive } from '../../src/realtime/live.ts'
import type { Logger } from '../../src/runtime/logger.ts'
import { createContext } from '../../src/schema/machinery/context.ts'
import { createSchema } from '../../src/schema/schema.ts'
import { createGraphqlEndpoint } from '../../src/server/graphql-endpoint.ts'
import { openServer } from '../../src/server.ts'
import { emptyCalendars } from '../schema/gateway.ts'
import { fillWorld, type World } from '../schema/world.ts'
import { CURSOR_SECRET } from '../support/cursor-secret.ts'
import { openTestDatabase } from '../support/database.ts'
import { addTenant } from '../support/tenant.ts'

export interface FuzzedGateway extends AsyncDisposable {
  url: string
  /** What was logged as an error since it was asked last: of inputs that were under way. */
  takeLogged: () => string[]
  /** Streams, sockets, subscribers and groups that are open. */
  open: () => number
  newWorld: () => Promise<FuzzedWorld>
}

/** An organization with one of everything, and its keys. */
export interface FuzzedWorld extends World {
  keys: { secret: string; publishable: string; manage: string }
}

export async function openFuzzedGateway(): Promise<FuzzedGateway> {
  await using stack = new AsyncDisposableStack()
  const logged: string[] = []
  const note = (fields: { err?: Error } & Record<string, unknown>, message: string) =>
    void logged.push(`${message}: ${fields.err?.stack ?? JSON.stringify(fields)}`)
  const silent = () => {}
  const logger = {
    error: note,
    fatal: note,
    warn: silent,
    info: silent,
    debug: silent,
    trace: silent,
  } as unknown as Logger
  const database = stack.use(await openTestDatabase())
  const db = stack.use(openDatabase({ url: database.url }))
  const lane = stack.use(createBookingLane(db))
  const live = stack.use(createLive({ db, bus: stack.use(createLocalBus()), logger, cursorSecret: CURSOR_SECRET }))
  db.onCommitted = (transaction) => live.onCommitted(transaction)
  const keyring = createKeyring(db)
  const calendars = emptyCalendars(db)
  const endpoint = stack.use(
    createGraphqlEndpoint({
      schema: createSchema(),
      openContext: (principal) => createContext({ ...principal, db, lane, live, calendars }),
      authenticate: async (token) => (await keyring.authenticate(token)) ?? verifyManageToken(db, token),
      findRevoked: (callers) => findRevokedCallers(db, callers),
      logger,
      goingAwayMs: 0,
    }),
  )
  const { url } = stack.use(
    await openServer({
      host: '127.0.0.1',
      port: 0,
      portName: 'PORT',
      routes: {
        ...endpoint.routes,
        '/webhooks/*': createWebhookDoor({ ...retellRoutes({ db, lane, logger }), ...calcomRoutes({ db }) }, logger),
        '/calendars/*': createCalendarDoor({ db }),
      },
      onUpgrade: endpoint.upgrade,
      requireReady: async () => db.sql`select 1`,
      sendStreamsAway: endpoint.sendStreamsAway,
      logger,
    }),
  )
  const opened = stack.move()
  return {
    url,
    takeLogged: () => logged.splice(0),
    open: () => {
      const { webSockets, eventStreams } = endpoint.openStreams()
      return webSockets + eventStreams + live.status().subscribers + endpoint.groups()
    },
    async newWorld() {
      const tenant = await addTenant(db)
      const world = await fillWorld({ lane, ...tenant })
      const { organizationId } = tenant
      const keyOf = async (kind: ApiKeyKind) =>
        (await asSystem(db, (tx) => createApiKey(tx, { organizationId, kind }))).key
      const appointmentId = world.manage.appointmentId ?? ''
      const manage = await createManageToken(db, { organizationId, appointmentId })
      return { ...world, keys: { secret: await keyOf('SECRET'), publishable: await keyOf('PUBLISHABLE'), manage } }
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

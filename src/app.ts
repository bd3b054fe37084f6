// The composition root: opens resources in order, hands them to the rooms, closes them in reverse.

import { bringUpToDate, openBackingDatabase } from './backing-database.ts'
import { readBusSecret } from './db/bus-secret.ts'
import { type Database, openDatabase } from './db/client.ts'
import { asSystem } from './db/transaction.ts'
import { createBookingLane } from './domain/claims/booking-lane.ts'
import { looksLikeApiKey } from './domain/people/api-keys.ts'
import { createKeyring, findRevokedCallers } from './domain/people/keyring.ts'
import { verifyManageToken } from './domain/people/manage-tokens.ts'
import { organizationExists } from './domain/people/organizations.ts'
import { loadDemo } from './embedded/demo.ts'
import { type DemoKeys, readDemoFile, writeDemoFile } from './embedded/demo-file.ts'
import { createCalendars } from './integrations/calcom/calendars.ts'
import { calcomRoutes } from './integrations/calcom/routes.ts'
import { CALCOM_RULES, calcomTasks } from './integrations/calcom/rules.ts'
import { createCalendarDoor } from './integrations/icalendar/serve-calendars.ts'
import { startJobs } from './integrations/jobs/runner.ts'
import { outgoingWebhookTasks } from './integrations/outgoing-webhooks/tasks.ts'
import { retellRoutes } from './integrations/retell/routes.ts'
import { createWebhookDoor } from './integrations/webhooks/door.ts'
import * as series from './metrics/series.ts'
import { createMetricsHandler } from './metrics/serve.ts'
import { createLocalBus } from './realtime/bus.ts'
import { createLive, type Live } from './realtime/live.ts'
import { createBus } from './realtime/redis-bus.ts'
import { createSharedRates } from './realtime/shared-rates.ts'
import type { Config } from './runtime/config.ts'
import type { Running } from './runtime/lifecycle.ts'
import { createAdmission } from './runtime/limits/admission.ts'
import type { Logger } from './runtime/logger.ts'
import { createContext } from './schema/machinery/context.ts'
import { decodeId, encodeId } from './schema/machinery/ids.ts'
import { createSchema } from './schema/schema.ts'
import { createGraphqlEndpoint, type GraphqlEndpoint } from './server/graphql-endpoint.ts'
import { openServer } from './server.ts'
import { startWorkers } from './workers.ts'

export interface App extends AsyncDisposable {
  /** The GraphQL endpoint; GraphiQL in a browser. */
  graphqlUrl: string
}

/** Gives up between two steps when the process is told to stop; what was opened by then is closed. */
export async function openApp(config: Config, logger: Logger, { stopping, stop }: Running): Promise<App> {
  await using stack = new AsyncDisposableStack()
  const { url, db } = stack.use(await openBackingDatabase({ config, logger, onLost: stop }))
  stopping.throwIfAborted()
  await bringUpToDate({ config, logger }, { url, db })
  stopping.throwIfAborted()
  const demo = config.databaseUrl === null ? await ensureDemo(db, config.dataDirectory) : null

  // Live updates have connections of their own: a burst of bookings must not keep them waiting.
  const liveDb = stack.use(openDatabase({ url, poolSize: 2 }))
  const secret = await readBusSecret(db)
  const bus = stack.use(
    config.redisUrls.length > 0
      ? createBus({
          urls: config.redisUrls,
          secret,
          logger,
          channelPrefix: config.redisPrefix,
        })
      : createLocalBus(),
  )
  const live = stack.use(createLive({ db: liveDb, bus, logger, cursorSecret: secret }))
  db.onCommitted = (transaction) => live.onCommitted(transaction)
  const lane = stack.use(createBookingLane(db, config.visitorLimits))
  const allowsPrivateWebhooks = config.privateWebhooks
  const calcomRules = { ...CALCOM_RULES, allowsPrivate: config.privateWebhooks }
  stack.use(startWorkers(db, logger, { kept: config.kept, calcomRules }))
  const tasks = {
    ...outgoingWebhookTasks({ db, logger, allowsPrivate: allowsPrivateWebhooks }),
    ...calcomTasks({ db, logger, rules: calcomRules }),
  }
  stack.use(startJobs({ url, db, tasks, logger }))

  const calendars = createCalendars({ db, logger, rules: calcomRules })

  const admission = createAdmission({ limits: config.limits, proxies: config.proxies })
  if (config.redisUrls.length > 0) {
    const { limits, windows } = admission
    const shared = { urls: config.redisUrls, prefix: config.redisPrefix, limits, windows, logger }
    stack.use(createSharedRates(shared))
  }
  const keyring = createKeyring(db)
  const endpoint = stack.use(
    createGraphqlEndpoint({
      schema: createSchema(),
      openContext: (principal) => createContext({ ...principal, db, lane, live, allowsPrivateWebhooks, calendars }),
      authenticate: async (token) => (await keyring.authenticate(token)) ?? verifyManageToken(db, token),
      findRevoked: (callers) => findRevokedCallers(db, callers),
      admission,
      logger,
      demo: demo && { publishableKey: demo.publishableKey },
    }),
  )
  const server = stack.use(
    await openServer({
      host: config.host,
      port: config.port,
      portName: 'PORT',
      routes: {
        ...endpoint.routes,
        '/webhooks/*': createWebhookDoor(
          {
            ...retellRoutes({ db, lane, logger, keepsTranscripts: config.kept.transcripts > 0 }),
            ...calcomRoutes({ db }),
          },
          logger,
          admission,
        ),
        '/calendars/*': createCalendarDoor({ db, admission }),
      },
      onUpgrade: endpoint.upgrade,
      requireReady: () => db.sql`select 1`,
      sendStreamsAway: endpoint.sendStreamsAway,
      admission,
      logger,
    }),
  )
  if (config.metricsPort !== null) {
    const routes = { '/metrics': createMetricsHandler(() => observeStreams(live, endpoint, config)) }
    const metrics = { host: config.host, port: config.metricsPort, portName: 'METRICS_PORT', routes, logger }
    const { url: metricsUrl } = stack.use(await openServer(metrics))
    logger.info({ metrics: `${metricsUrl}/metrics` }, 'metrics are served')
  }
  const graphqlUrl = `${server.url}/graphql`
  if (demo) await writeDemoFile(config.dataDirectory, { ...demo, graphql: graphqlUrl })
  const opened = stack.move()
  return { graphqlUrl, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

function observeStreams(live: Live, endpoint: GraphqlEndpoint, { redisUrls }: Config): void {
  const { views, subscribers, watchedDays, busIsReliable, databaseIsAway } = live.status()
  const { webSockets, eventStreams } = endpoint.openStreams()
  series.liveViews.set(views)
  series.liveDays.set(watchedDays)
  series.liveSubscribers.set(subscribers)
  series.liveGroups.set(endpoint.groups())
  series.openStreams.set({ transport: 'websocket' }, webSockets)
  series.openStreams.set({ transport: 'event_stream' }, eventStreams)
  // Without Redis there is nothing that could fail: one gateway, told by the log.
  series.busReliable.set(busIsReliable || redisUrls.length === 0 ? 1 : 0)
  series.logReachable.set(databaseIsAway ? 0 : 1)
}

// The keys are only in the file: a file without its organization, or the reverse, leads to a new one.
async function ensureDemo(db: Database, dataDirectory: string): Promise<DemoKeys> {
  const kept = await readDemoFile(dataDirectory)
  const organizationId = kept && decodeId('organization', kept.organizationId)
  // Keys of an older shape open nothing any more.
  const opens = kept !== null && looksLikeApiKey(kept.publishableKey) && looksLikeApiKey(kept.secretKey)
  if (opens && organizationId && (await asSystem(db, (tx) => organizationExists(tx, organizationId)))) return kept
  const created = await loadDemo(db)
  return { ...created, organizationId: encodeId('organization', created.organizationId) }
}

// A salon whose telephone is answered by a voice agent: the webhooks over real HTTP, and the fake far side.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openDatabase } from '../../src/db/client.ts'
import { type BookingLane, createBookingLane } from '../../src/domain/claims/booking-lane.ts'
import { connectRetell, type RetellConnection } from '../../src/domain/outside/calls/voice-agents.ts'
import { retellRoutes } from '../../src/integrations/retell/routes.ts'
import { createWebhookDoor } from '../../src/integrations/webhooks/door.ts'
import type { WebhookObserver } from '../../src/integrations/webhooks/observer.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { createFakeRetell, type FakeRetell } from './fake-retell.ts'
import { openSalon, type Salon } from './salon.ts'

export const WEBHOOK_KEY = 'key_of_the_webhook_badge'

export interface RetellGateway extends Salon {
  integrationId: string
  retell: FakeRetell
  url: string
  /** One more gateway on the same database. */
  openTwin(): Promise<{ retell: FakeRetell } & AsyncDisposable>
}

interface Options {
  people?: number
  connection?: Partial<RetellConnection>
  now?: () => number
  observer?: WebhookObserver
  keepsTranscripts?: boolean
  segments?: Parameters<typeof openSalon>[0] extends infer Given
    ? Given extends { segments?: infer S }
      ? S
      : never
    : never
}

export async function openRetellGateway(options: Options = {}): Promise<RetellGateway> {
  await using stack = new AsyncDisposableStack()
  const salon = stack.use(await openSalon({ people: options.people ?? 2, segments: options.segments }))
  const integration = await salon.write((tx) => connectRetell(tx, connection(salon, options)))
  const { url } = stack.use(await listen(salon, options))
  const retellOf = (address: string) =>
    createFakeRetell({
      url: address,
      integrationId: integration.id,
      webhookKey: WEBHOOK_KEY,
      ...(options.now && { now: options.now }),
    })
  const opened = stack.move()
  return {
    ...salon,
    integrationId: integration.id,
    url,
    retell: retellOf(url),
    async openTwin() {
      await using twin = new AsyncDisposableStack()
      const db = twin.use(openDatabase({ url: salon.url }))
      const lane = twin.use(createBookingLane(db))
      const listener = twin.use(await listen({ db, lane }, options))
      const moved = twin.move()
      return { retell: retellOf(listener.url), [Symbol.asyncDispose]: () => moved.disposeAsync() }
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

export function connection(salon: Pick<Salon, 'locationId'>, options: Options = {}): RetellConnection {
  return {
    locationId: salon.locationId,
    apiKey: WEBHOOK_KEY,
    language: 'de',
    functions: [],
    serviceNames: [],
    holdSeconds: null,
    ...options.connection,
  }
}

async function listen(
  { db, lane }: { db: Salon['db']; lane: BookingLane },
  { now, observer, keepsTranscripts }: Options,
): Promise<{ url: string } & AsyncDisposable> {
  const logger = createLogger('silent')
  const routes = retellRoutes({
    db,
    lane,
    logger,
    keepsTranscripts: keepsTranscripts ?? true,
    ...(now && { now }),
    ...(observer && { observer }),
  })
  const door = createWebhookDoor(routes, logger)
  const server = createServer((request, response) => void door(request, response, 'request'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

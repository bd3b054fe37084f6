// Retell's addresses, for the door of inbound webhooks.
import type { Database } from '../../db/client.ts'
import type { BookingLane } from '../../domain/claims/booking-lane.ts'
import { createFunctionRecords } from '../../domain/outside/calls/call-functions.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { WebhookRoutes } from '../webhooks/door.ts'
import { createIntegrationDirectory } from '../webhooks/integration-directory.ts'
import { unobserved, type WebhookObserver } from '../webhooks/observer.ts'
import type { RetellContext } from './context.ts'
import { handleEvents } from './events.ts'
import { createFunctionsHandler } from './functions.ts'
import { handleInbound } from './inbound.ts'

export function retellRoutes(input: {
  db: Database
  lane: BookingLane
  logger: Logger
  observer?: WebhookObserver
  now?: () => number
  keepsTranscripts?: boolean
}): WebhookRoutes {
  const { db, observer = unobserved, now = Date.now, keepsTranscripts = true } = input
  const ctx: RetellContext = {
    ...input,
    observer,
    now,
    keepsTranscripts,
    directory: createIntegrationDirectory(db),
    records: createFunctionRecords(db),
  }
  return {
    // First, for a person on the telephone waits: the patterns are tried in order.
    '/webhooks/retell/:integrationId/functions{/:name}?': createFunctionsHandler(ctx),
    '/webhooks/retell/:integrationId/events': (request) => handleEvents(ctx, request),
    '/webhooks/retell/:integrationId/inbound': (request) => handleInbound(ctx, request),
  }
}

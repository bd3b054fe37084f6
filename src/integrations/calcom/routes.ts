// Cal.com's address, for the door of inbound webhooks.
import type { Database } from '../../db/client.ts'
import type { WebhookRoutes } from '../webhooks/door.ts'
import { createIntegrationDirectory } from '../webhooks/integration-directory.ts'
import { unobserved, type WebhookObserver } from '../webhooks/observer.ts'
import { type CalcomWebhookContext, handleWebhook } from './webhooks.ts'

export function calcomRoutes(input: { db: Database; observer?: WebhookObserver; now?: () => number }): WebhookRoutes {
  const { db, observer = unobserved, now = Date.now } = input
  const ctx: CalcomWebhookContext = { db, observer, now, directory: createIntegrationDirectory(db) }
  return { '/webhooks/calcom/:integrationId': (request) => handleWebhook(ctx, request) }
}

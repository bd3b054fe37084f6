// Cal.com's address, for the door of inbound webhooks.
import type { Database } from '../../db/client.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { WebhookRoutes } from '../webhooks/door.ts'

export function calcomRoutes(_input: { db: Database; logger: Logger }): WebhookRoutes {
  return {}
}

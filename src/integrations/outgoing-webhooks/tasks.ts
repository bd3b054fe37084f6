// The tasks of this room, for the runner of jobs.
import { SEND_WEBHOOK } from '../../domain/outside/webhooks/webhook-deliveries.ts'
import type { Tasks } from '../jobs/runner.ts'
import { isObject } from '../webhooks/payloads.ts'
import { type SenderOptions, sendWebhook } from './send-webhook.ts'

export function outgoingWebhookTasks(options: SenderOptions): Tasks {
  return {
    async [SEND_WEBHOOK](payload, { signal }) {
      if (!isObject(payload) || typeof payload.organizationId !== 'string' || typeof payload.deliveryId !== 'string') {
        throw new Error('The job names no delivery.')
      }
      await sendWebhook(options, { organizationId: payload.organizationId, deliveryId: payload.deliveryId, signal })
    },
  }
}

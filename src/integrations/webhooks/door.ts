// The HTTP side of inbound webhooks: reads the raw body, finds the handler, writes its answer.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isLockTimeout } from '../../db/errors.ts'
import * as metrics from '../../metrics/series.ts'
import type { Logger } from '../../runtime/logger.ts'
import { refuse, type WebhookHandler, type WebhookResponse } from './requests.ts'

/** A transcript of a long call with its tool calls stays far below. */
const BODY_LIMIT_BYTES = 8 * 1024 * 1024

/** Paths as URL patterns: `/webhooks/retell/:integrationId/events`. */
export type WebhookRoutes = Readonly<Record<string, WebhookHandler>>

/** For the server's table of routes, under `/webhooks/*`. Whatever breaks answers 503: the provider tries again. */
export function createWebhookDoor(
  routes: WebhookRoutes,
  logger: Logger,
): (request: IncomingMessage, response: ServerResponse, requestId: string) => Promise<void> {
  const patterns = Object.entries(routes).map(([pathname, handler]) => ({
    pattern: new URLPattern({ pathname }),
    // `retell` of `/webhooks/retell/:integrationId/events`.
    door: pathname.split('/')[2] ?? 'unknown',
    handler,
  }))
  return async (request, response, requestId) => {
    const [pathname = '/'] = (request.url ?? '/').split('?')
    for (const { pattern, door, handler } of patterns) {
      const match = pattern.exec({ pathname })
      if (!match) continue
      const parameters = match.pathname.groups
      try {
        const rawBody = await readRawBody(request)
        const { method = 'GET', headers } = request
        const answer = rawBody
          ? await handler({ method, headers, rawBody, parameters })
          : refuse(413, `The body is longer than ${BODY_LIMIT_BYTES} bytes.`)
        count(door, answer.status)
        write(request, response, answer)
      } catch (error) {
        if (request.destroyed && !request.complete) return
        if (!isLockTimeout(error)) logger.error({ err: error, requestId, pathname }, 'a webhook failed')
        count(door, 503)
        write(request, response, {
          status: 503,
          body: { error: 'Not done. Send it again.' },
          headers: { 'retry-after': '1' },
        })
      }
      return
    }
    write(request, response, refuse(404, 'There is nothing at this address.'))
  }
}

function count(door: string, status: number): void {
  metrics.doorAnswers.inc({ door, outcome: status < 300 ? 'done' : status < 500 ? 'refused' : 'failed' })
}

/** Null: too long. The rest is not read then. */
async function readRawBody(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let length = 0
  // Leaving the loop must not tear down the connection that the refusal goes out on.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > BODY_LIMIT_BYTES) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function write(request: IncomingMessage, response: ServerResponse, { status, body, headers }: WebhookResponse): void {
  const text = body === null ? '' : JSON.stringify(body)
  // The rest of a body that is not wanted would be taken for the next request.
  const ending = request.complete ? {} : { connection: 'close' }
  response
    .writeHead(status, {
      ...(text !== '' && { 'content-type': 'application/json; charset=utf-8' }),
      'content-length': Buffer.byteLength(text),
      ...ending,
      ...headers,
    })
    .end(text)
}

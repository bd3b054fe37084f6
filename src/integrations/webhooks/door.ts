// The HTTP side of inbound webhooks: finds the handler, reads the raw body when it asks for it, writes its answer.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isLockTimeout } from '../../db/errors.ts'
import * as metrics from '../../metrics/series.ts'
import { type Admission, createAdmission, type Visit } from '../../runtime/limits/admission.ts'
import { LimitExceeded } from '../../runtime/limits/limit-exceeded.ts'
import type { Logger } from '../../runtime/logger.ts'
import { refuse, type WebhookHandler, type WebhookRequest, type WebhookResponse } from './requests.ts'

/** Paths as URL patterns: `/webhooks/retell/:integrationId/events`. */
export type WebhookRoutes = Readonly<Record<string, WebhookHandler>>

/**
 * For the server's table of routes, under `/webhooks/*`. Whatever breaks answers 503: the provider tries again. A delivery that is
 * not genuine counts like a request without a key.
 */
export function createWebhookDoor(
  routes: WebhookRoutes,
  logger: Logger,
  admission: Admission = createAdmission(),
): (request: IncomingMessage, response: ServerResponse, requestId: string) => Promise<void> {
  const patterns = Object.entries(routes).map(([pathname, handler]) => ({
    pattern: new URLPattern({ pathname }),
    // `retell` of `/webhooks/retell/:integrationId/events`.
    door: pathname.split('/')[2] ?? 'unknown',
    handler,
  }))

  const answer = async (
    { handler, parameters }: { handler: WebhookHandler; parameters: WebhookRequest['parameters'] },
    { request, response }: { request: IncomingMessage; response: ServerResponse },
  ): Promise<WebhookResponse> => {
    const visit = admission.beginDelivery(request)
    response.once('close', visit.end)
    const { method = 'GET', headers } = request
    let sentTo: string | undefined
    let isGenuine = false
    const answered = await handler({
      method,
      headers,
      parameters,
      async readBody(integrationId) {
        sentTo = integrationId
        admission.requireRoomWithoutKey(visit.origin, sentTo)
        return readRawBody(request, admission.limits.deliveryBytes, visit)
      },
      genuine(integrationId) {
        isGenuine = true
        visit.trust()
        admission.countDelivery(integrationId)
      },
    })
    if (!isGenuine) admission.countWithoutKey(visit.origin, sentTo)
    return answered
  }

  const describe = (error: unknown, at: { requestId: string; pathname: string }): WebhookResponse => {
    if (error instanceof LimitExceeded) {
      return refuse(error.status, error.message, { 'retry-after': error.retryAfter })
    }
    if (error instanceof BodyTooLong) return refuse(413, error.message)
    if (!isLockTimeout(error)) logger.error({ err: error, ...at }, 'a webhook failed')
    return { status: 503, body: { error: 'Not done. Send it again.' }, headers: { 'retry-after': '1' } }
  }

  return async (request, response, requestId) => {
    const [pathname = '/'] = (request.url ?? '/').split('?')
    for (const { pattern, door, handler } of patterns) {
      const match = pattern.exec({ pathname })
      if (!match) continue
      const asked = { handler, parameters: match.pathname.groups }
      const answered = await answer(asked, { request, response }).catch((error: unknown) =>
        request.destroyed && !request.complete ? null : describe(error, { requestId, pathname }),
      )
      if (!answered) return
      count(door, answered.status)
      write(request, response, answered)
      return
    }
    write(request, response, refuse(404, 'There is nothing at this address.'))
  }
}

function count(door: string, status: number): void {
  metrics.doorAnswers.inc({ door, outcome: status < 300 ? 'done' : status < 500 ? 'refused' : 'failed' })
}

class BodyTooLong extends Error {}

async function readRawBody(request: IncomingMessage, limitBytes: number, visit: Visit): Promise<Buffer> {
  const tooLong = () => new BodyTooLong(`The body is longer than ${limitBytes} bytes.`)
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw tooLong()
  const chunks: Buffer[] = []
  let length = 0
  // Leaving the loop must not tear down the connection that the refusal goes out on.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > limitBytes) throw tooLong()
    visit.takeBody(chunk.length)
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

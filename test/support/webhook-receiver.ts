// Somebody who has subscribed to webhooks: keeps what arrives, and answers as the test says.
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export interface ReceivedWebhook {
  id: string
  headers: IncomingHttpHeaders
  body: string
  message: { type: string; timestamp: string; data: Record<string, unknown> }
}

type Answer = number | ((response: ServerResponse, webhook: ReceivedWebhook) => void)

export interface WebhookReceiver extends AsyncDisposable {
  url: string
  received: ReceivedWebhook[]
  /** However far they came. */
  connections: () => number
  /** Of the next webhooks in turn, then 204 for all others. */
  answerWith(...answers: Answer[]): void
}

export async function openWebhookReceiver(): Promise<WebhookReceiver> {
  const received: ReceivedWebhook[] = []
  const answers: Answer[] = []
  let connections = 0
  const server = createServer(async (request, response) => {
    const body = await text(request)
    const webhook = {
      id: String(request.headers['webhook-id']),
      headers: request.headers,
      body,
      message: body === '' ? { type: '', timestamp: '', data: {} } : JSON.parse(body),
    }
    received.push(webhook)
    const answer = answers.shift() ?? 204
    if (typeof answer === 'number') response.writeHead(answer).end()
    else answer(response, webhook)
  })
  server.on('connection', () => connections++)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    connections: () => connections,
    answerWith: (...given) => void answers.push(...given),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

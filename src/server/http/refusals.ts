// Requests that are refused before there is an operation: status, code and a sentence, as a GraphQL response.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { LimitExceeded } from '../../runtime/limits/limit-exceeded.ts'

export class RequestRefusal extends Error {
  override readonly name = 'RequestRefusal'
  readonly status: number
  readonly code: string
  readonly headers: Record<string, string>

  constructor(status: number, code: string, message: string, headers: Record<string, string> = {}) {
    super(message)
    this.status = status
    this.code = code
    this.headers = headers
  }
}

export const SUBSCRIPTION_NOT_ACCEPTABLE = new RequestRefusal(
  406,
  'NOT_ACCEPTABLE',
  'A subscription is answered with Accept: text/event-stream, or over a WebSocket (graphql-transport-ws).',
)

export function answerRefusal(response: ServerResponse, { status, code, message, headers }: RequestRefusal): void {
  answerJson(response, status, { errors: [{ message, extensions: { code } }] }, headers)
}

export function answerJson(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  const text = JSON.stringify(body)
  response
    .writeHead(status, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(text),
      ...headers,
    })
    .end(text)
}

export function answerLimit(response: ServerResponse, limit: LimitExceeded): void {
  const { status, code, message, retryAfter, retryAfterMs } = limit
  const errors = [{ message, extensions: { code, retryAfterMs: Math.ceil(retryAfterMs) } }]
  answerJson(response, status, { errors }, { 'retry-after': retryAfter })
}

/** What is left of a refused body is not read: the connection ends once the answer is out. */
export function abandonBody(request: IncomingMessage, response: ServerResponse): void {
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers
  if (request.complete || (!coding && (length === undefined || length === '0'))) return
  response.setHeader('connection', 'close')
  request.resume()
}

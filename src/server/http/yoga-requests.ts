// Requests that Yoga answers whole: GET, other content types, and everything malformed.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Caller } from '../../domain/people/callers.ts'
import type { Pipeline } from '../execution/pipeline.ts'
import { answerRefusal, RequestRefusal } from './refusals.ts'

export type AnswerThroughYoga = (
  request: IncomingMessage,
  response: ServerResponse,
  read: { caller: Caller | null; requestId: string; body: string | null },
) => Promise<void>

const SENTENCES: Record<number, { code: string; message: string }> = {
  406: { code: 'NOT_ACCEPTABLE', message: 'The answer is application/json or application/graphql-response+json.' },
  415: { code: 'UNSUPPORTED_MEDIA_TYPE', message: 'The content type must be application/json.' },
}

/** Its Response is written here: Yoga's own listener would send the stack of what breaks inside of it. */
export function createYogaRequests({ yoga }: Pipeline): AnswerThroughYoga {
  return async (request, response, { caller, requestId, body }) => {
    const url = request.url ?? '/graphql'
    const answered = await yoga.fetch(
      `http://gateway${url.startsWith('/') ? url : '/graphql'}`,
      { method: request.method, headers: flatten(request.headers), body: body ?? undefined },
      { caller, requestId },
    )
    const text = await answered.text()
    const silent = text === '' ? SENTENCES[answered.status] : undefined
    if (silent) {
      answerRefusal(response, new RequestRefusal(answered.status, silent.code, silent.message))
      return
    }
    response
      .writeHead(answered.status, {
        ...Object.fromEntries(answered.headers),
        'content-length': Buffer.byteLength(text),
      })
      .end(text)
  }
}

function flatten(headers: IncomingMessage['headers']): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return flat
}

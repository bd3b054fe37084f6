// What comes to /graphql over HTTP, and which way each request takes.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { GraphQLError } from 'graphql'
import type { Caller } from '../../domain/people/callers.ts'
import type { Admission, Visit } from '../../runtime/limits/admission.ts'
import type { Identify } from '../authentication.ts'
import type { EventStreams } from '../event-streams/event-streams.ts'
import { isForReservedStream, type ReservedStreams } from '../event-streams/reserved-streams.ts'
import { type Documents, isPrepared, type Prepared, toExecutionArgs } from '../execution/documents.ts'
import type { Operations } from '../execution/operations.ts'
import { readParameters, readUrlParameters } from '../execution/parameters.ts'
import { isResultStream, type Sink, type Subscribe } from '../fan-out/sinks.ts'
import type { Revocations } from '../revocations.ts'
import { type Accepted, readAccept } from './media-types.ts'
import { type AnswerPlainPost, answerResult } from './plain-post.ts'
import { abandonBody, RequestRefusal, SUBSCRIPTION_NOT_ACCEPTABLE } from './refusals.ts'
import { readBody } from './request-body.ts'
import { JSON_TYPE } from './statuses.ts'
import type { AnswerThroughYoga } from './yoga-requests.ts'

interface GraphqlRequestsInput {
  documents: Documents
  execute: Operations['execute']
  subscribe: Subscribe
  identify: Identify
  revocations: Revocations
  answerPlainPost: AnswerPlainPost
  answerThroughYoga: AnswerThroughYoga
  eventStreams: EventStreams
  reservedStreams: ReservedStreams
  admission: Admission
}

type Answer = (request: IncomingMessage, response: ServerResponse, requestId: string) => Promise<void>

interface Asked {
  request: IncomingMessage
  response: ServerResponse
  requestId: string
  visit: Visit
}

interface Operation {
  prepared: Prepared | readonly GraphQLError[]
  caller: Caller | null
  visit: Visit
  requestId: string
  lastEventId: string | undefined
  /** What its subscription keeps as long as it lives. */
  keptBytes: number
}

const PLAIN_JSON = /^application\/json *(?:; *charset=utf-8 *)?$/i

/**
 * A JSON POST that can be run: the short way. A subscription, or a client that takes nothing but events: an event
 * stream. Everything else, and whatever is malformed: Yoga, whole.
 */
export function createGraphqlRequests(input: GraphqlRequestsInput): Answer {
  const { documents, answerPlainPost, answerThroughYoga, eventStreams, reservedStreams, admission } = input

  const start = async ({ prepared, caller, requestId, lastEventId }: Operation, sink: Sink) => {
    if (!isPrepared(prepared)) return { errors: prepared }
    const args = toExecutionArgs(documents.schema, prepared, { caller, requestId, lastEventId })
    if (prepared.kind !== 'subscription') return input.execute(args)
    const result = await input.subscribe(args, sink)
    return isResultStream(result) ? input.revocations.guard(caller, result) : result
  }

  const answerEvents = (response: ServerResponse, operation: Operation, accepted: Accepted) => {
    if (!accepted.eventStream) throw SUBSCRIPTION_NOT_ACCEPTABLE
    const { visit, caller, keptBytes } = operation
    response.once('close', admission.openSubscription(visit.origin, caller, keptBytes))
    visit.end()
    return eventStreams.serve(response, (sink) => start(operation, sink))
  }

  /** Undefined: whoever asks has a wrong key, and was told so. */
  const identify = async ({ request, response, requestId, visit: { origin } }: Asked) => {
    const { authorization, accept } = request.headers
    try {
      return await input.identify({ authorization, origin, requestId })
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error
      abandonBody(request, response)
      answerResult(response, { errors: [error] }, readAccept(accept).json ?? JSON_TYPE)
      return undefined
    }
  }

  const answerGet = async ({ request, response, requestId, visit }: Asked, caller: Caller | null) => {
    const { url = '', headers } = request
    const accepted = readAccept(headers.accept)
    const parameters = readUrlParameters(url)
    if (parameters) {
      const prepared = documents.prepare(parameters)
      if (isPrepared(prepared)) admission.countCost(visit.origin, caller, prepared.cost)
      const kind = isPrepared(prepared) ? prepared.kind : null
      if (kind === 'subscription' || (accepted.onlyEventStream && kind !== 'mutation')) {
        const lastEventId = readLastEventId(headers)
        const operation = { prepared, caller, visit, requestId, lastEventId, keptBytes: url.length }
        return answerEvents(response, operation, accepted)
      }
    }
    return answerThroughYoga(request, response, { caller, requestId, body: null })
  }

  const answerPost = async ({ request, response, requestId, visit }: Asked, caller: Caller | null) => {
    const { headers } = request
    requireIdentity(headers['content-encoding'])
    const text = await readBody(request, admission.limits.bodyBytes, visit)
    if (PLAIN_JSON.test(headers['content-type'] ?? '')) {
      const accepted = readAccept(headers.accept)
      const parameters = readParameters(parseBody(text))
      if (parameters) {
        const prepared = documents.prepare(parameters)
        if (isPrepared(prepared)) admission.countCost(visit.origin, caller, prepared.cost)
        if (accepted.onlyEventStream || (isPrepared(prepared) && prepared.kind === 'subscription')) {
          const lastEventId = readLastEventId(headers)
          const operation = { prepared, caller, visit, requestId, lastEventId, keptBytes: text.length }
          return answerEvents(response, operation, accepted)
        }
        if (isPrepared(prepared) && accepted.json) {
          return answerPlainPost(response, { prepared, caller, requestId, mediaType: accepted.json })
        }
      }
    }
    return answerThroughYoga(request, response, { caller, requestId, body: text })
  }

  return async (request, response, requestId) => {
    const { method, headers } = request
    const visit = admission.beginRequest(request)
    response.once('close', visit.end)
    const asked = { request, response, requestId, visit }
    if (isForReservedStream(request)) return reservedStreams.answer(request, response, { requestId, visit })
    if (method !== 'POST' && method !== 'GET') {
      throw new RequestRefusal(405, 'BAD_REQUEST', 'GraphQL is asked with GET or POST.', { allow: 'GET, POST' })
    }
    // A wrong key costs neither a body nor a document.
    const caller = headers.authorization === undefined ? null : await identify(asked)
    if (caller === undefined) return
    return method === 'POST' ? answerPost(asked, caller) : answerGet(asked, caller)
  }
}

function readLastEventId(headers: IncomingMessage['headers']): string | undefined {
  const given = headers['last-event-id']
  return typeof given === 'string' && given !== '' ? given : undefined
}

function requireIdentity(encoding: string | undefined): void {
  if (encoding === undefined || encoding === 'identity') return
  throw new RequestRefusal(415, 'UNSUPPORTED_MEDIA_TYPE', 'A compressed body is not taken: send it as it is.')
}

/** Throws a RequestRefusal for what is not JSON, or is neither an object nor a list. */
function parseBody(text: string): object {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    throw new RequestRefusal(400, 'BAD_REQUEST', 'The body is not valid JSON.')
  }
  if (typeof body === 'object' && body !== null) return body
  throw new RequestRefusal(400, 'BAD_REQUEST', 'The body must be a JSON object with a query.')
}

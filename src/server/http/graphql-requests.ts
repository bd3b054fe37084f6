// What comes to /graphql over HTTP, and which way each request takes.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ExecutionResult, GraphQLError } from 'graphql'
import type { Caller } from '../../domain/people/callers.ts'
import type { Identify } from '../authentication.ts'
import type { EventStreams } from '../event-streams/event-streams.ts'
import { isForReservedStream, type ReservedStreams } from '../event-streams/reserved-streams.ts'
import { type Documents, isPrepared, type Prepared, toExecutionArgs } from '../execution/documents.ts'
import type { Operations, Principal } from '../execution/operations.ts'
import { readParameters, readUrlParameters } from '../execution/parameters.ts'
import type { ResultStream } from '../fan-out/result-stream.ts'
import { isResultStream, type Sink, type Subscribe } from '../fan-out/sinks.ts'
import type { Revocations } from '../revocations.ts'
import { type Accepted, readAccept } from './media-types.ts'
import type { AnswerPlainPost } from './plain-post.ts'
import { answerErrors, RequestRefusal, SUBSCRIPTION_NOT_ACCEPTABLE } from './refusals.ts'
import { readBody } from './request-body.ts'
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
  bodyLimitBytes: number
}

type Answer = (request: IncomingMessage, response: ServerResponse, requestId: string) => Promise<void>

interface EventsRequest {
  prepared: Prepared | readonly GraphQLError[]
  authorization: string | undefined
  requestId: string
  lastEventId: string | undefined
}

const PLAIN_JSON = /^application\/json *(?:; *charset=utf-8 *)?$/i

/**
 * A JSON POST that can be run: the short way. A subscription, or a client that takes nothing but events: an event
 * stream. Everything else, and whatever is malformed: Yoga, whole.
 */
export function createGraphqlRequests(input: GraphqlRequestsInput): Answer {
  const { documents, answerPlainPost, answerThroughYoga, eventStreams, reservedStreams } = input

  const start = async (
    { prepared, ...principal }: Principal & Pick<EventsRequest, 'prepared'>,
    sink: Sink,
  ): Promise<ResultStream | ExecutionResult> => {
    if (!isPrepared(prepared)) return { errors: prepared }
    const args = toExecutionArgs(documents.schema, prepared, principal)
    if (prepared.kind !== 'subscription') return input.execute(args)
    const result = await input.subscribe(args, sink)
    return isResultStream(result) ? input.revocations.guard(principal.caller, result) : result
  }

  /** A client without a valid key is told by the status: a stream that begins with 200 would be asked for again for ever. */
  const answerEvents = async (response: ServerResponse, events: EventsRequest, accepted: Accepted) => {
    if (!accepted.eventStream) throw SUBSCRIPTION_NOT_ACCEPTABLE
    const { prepared, requestId, lastEventId } = events
    let caller: Caller | null
    try {
      caller = await input.identify(events.authorization, requestId)
    } catch (error) {
      if (error instanceof GraphQLError) return answerErrors(response, [error])
      throw error
    }
    return eventStreams.serve(response, (sink) => start({ prepared, caller, requestId, lastEventId }, sink))
  }

  const answerGet: Answer = async (request, response, requestId) => {
    const { url = '', headers } = request
    const accepted = readAccept(headers.accept)
    const parameters = readUrlParameters(url)
    if (parameters) {
      const prepared = documents.prepare(parameters)
      const kind = isPrepared(prepared) ? prepared.kind : null
      if (kind === 'subscription' || (accepted.onlyEventStream && kind !== 'mutation')) {
        const { authorization } = headers
        return answerEvents(
          response,
          { prepared, authorization, requestId, lastEventId: readLastEventId(headers) },
          accepted,
        )
      }
    }
    return answerThroughYoga(request, response, { requestId, body: null })
  }

  const answerPost: Answer = async (request, response, requestId) => {
    const { headers } = request
    requireIdentity(headers['content-encoding'])
    const text = await readBody(request, input.bodyLimitBytes)
    if (PLAIN_JSON.test(headers['content-type'] ?? '')) {
      const accepted = readAccept(headers.accept)
      const parameters = readParameters(parseBody(text))
      if (parameters) {
        const prepared = documents.prepare(parameters)
        const { authorization } = headers
        if (accepted.onlyEventStream || (isPrepared(prepared) && prepared.kind === 'subscription')) {
          const lastEventId = readLastEventId(headers)
          return answerEvents(response, { prepared, authorization, requestId, lastEventId }, accepted)
        }
        if (isPrepared(prepared) && accepted.json) {
          return answerPlainPost(response, { prepared, authorization, requestId, mediaType: accepted.json })
        }
      }
    }
    return answerThroughYoga(request, response, { requestId, body: text })
  }

  return (request, response, requestId) => {
    if (isForReservedStream(request)) return reservedStreams.answer(request, response, requestId)
    if (request.method === 'POST') return answerPost(request, response, requestId)
    if (request.method === 'GET') return answerGet(request, response, requestId)
    throw new RequestRefusal(405, 'BAD_REQUEST', 'GraphQL is asked with GET or POST.', { allow: 'GET, POST' })
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

// The single connection mode of graphql-sse: a client reserves one event stream and runs its operations through it.

import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { GraphQLError } from 'graphql'
import { createHandler, type OperationArgs, type Response, TOKEN_HEADER_KEY, TOKEN_QUERY_KEY } from 'graphql-sse'
import type { Admission, Visit } from '../../runtime/limits/admission.ts'
import { LimitExceeded } from '../../runtime/limits/limit-exceeded.ts'
import type { GiveBack } from '../../runtime/limits/places.ts'
import type { Identify } from '../authentication.ts'
import { type Documents, isPrepared } from '../execution/documents.ts'
import { describeLimit } from '../execution/faults.ts'
import type { Operations, Principal } from '../execution/operations.ts'
import { isResultStream } from '../fan-out/sinks.ts'
import { drained } from '../http/draining.ts'
import { readBody } from '../http/request-body.ts'
import { headersOf, RESPONSE_TYPE, statusOf, writeErrors, writeResult } from '../http/statuses.ts'
import type { Revocations } from '../revocations.ts'
import { type Backlog, createBacklog } from './backlogs.ts'
import type { EventStreams } from './event-streams.ts'

type Context = Principal & { backlog: Backlog; visit: Visit } & Record<PropertyKey, unknown>

interface Raw {
  request: IncomingMessage
  requestId: string
  visit: Visit
}

interface ReservedStreamsInput {
  documents: Documents
  operations: Operations
  identify: Identify
  revocations: Revocations
  eventStreams: EventStreams
  admission: Admission
  stalledMs: number
}

export interface ReservedStreams {
  answer: (
    request: IncomingMessage,
    response: ServerResponse,
    asked: { requestId: string; visit: Visit },
  ) => Promise<void>
}

interface Reservation {
  timer: NodeJS.Timeout
  giveBack: GiveBack
}

/** A reservation that nobody opens is given up, and with it the operations that were started into it. */
const RESERVATION_MS = 30_000

/** Whether the request speaks this mode: it reserves, completes, or names a reserved stream. */
export function isForReservedStream({ method, url = '', headers }: IncomingMessage): boolean {
  return method === 'PUT' || method === 'DELETE' || TOKEN_HEADER_KEY in headers || tokenOf(url) !== null
}

export function createReservedStreams(input: ReservedStreamsInput): ReservedStreams {
  const { documents, operations, identify, revocations, eventStreams, admission, stalledMs } = input
  const { limits } = admission
  const waiting = new Map<string, Reservation>()
  const known = new Map<string, Backlog>()

  const handler = createHandler<Raw, undefined, Context>({
    // Only tokens that were given out here: the library keeps streams in a plain object and takes any name.
    authenticate(request) {
      const token = tokenIn(request.headers.get(TOKEN_HEADER_KEY), request.url)
      if (!token) {
        if (request.method !== 'PUT') return refuse(404, 'STREAM_NOT_FOUND', 'Reserve a stream with PUT first.')
        return randomUUID()
      }
      return known.has(token)
        ? token
        : refuse(404, 'STREAM_NOT_FOUND', 'There is no such stream. Reserve one with PUT.')
    },
    async onSubscribe(request, { query, operationName, variables }) {
      const { requestId, visit } = request.raw
      const authorization = request.headers.get('authorization') ?? undefined
      const backlog = known.get(tokenIn(request.headers.get(TOKEN_HEADER_KEY), request.url)) ?? createBacklog()
      if (backlog.size() >= limits.subscriptionsPerSocket) {
        return refuse(
          429,
          'RATE_LIMITED',
          `A stream carries at most ${limits.subscriptionsPerSocket} operations at once.`,
        )
      }
      const prepared = documents.prepare({ query, operationName, variables })
      if (!isPrepared(prepared)) return refuseWith(prepared, 400)
      try {
        const caller = await identify({ authorization, origin: visit.origin, requestId })
        admission.countCost(visit.origin, caller, prepared.cost)
        const args: OperationArgs<Context> = {
          schema: documents.schema,
          document: prepared.document,
          operationName,
          variableValues: prepared.variableValues,
          contextValue: { caller, requestId, backlog, visit },
        }
        return args
      } catch (error) {
        if (error instanceof LimitExceeded) return refuseWith([describeLimit(error)], error.status)
        if (error instanceof GraphQLError) return refuseWith([error], statusOf({ errors: [error] }, RESPONSE_TYPE))
        throw error
      }
    },
    validate: () => [],
    execute: operations.execute,
    async subscribe(args) {
      const { caller, backlog, visit } = args.contextValue
      const keptBytes = JSON.stringify(args.variableValues ?? null).length
      const giveBack = admission.openSubscription(visit.origin, caller, keptBytes)
      const result = await operations.subscribe(args)
      if (isResultStream(result)) return backlog.pace(revocations.guard(caller, result), giveBack)
      giveBack()
      return result
    },
    onNext(_context, { headers, url }, result) {
      known.get(tokenIn(headers.get(TOKEN_HEADER_KEY), url))?.added()
      return result.errors ? { ...result, errors: withoutNotes(result.errors) } : undefined
    },
  })

  const ask = (raw: Raw, asked: { method: string; url: string; headers: IncomingMessage['headers'] }) =>
    handler({
      ...asked,
      headers: { get: (name) => firstOf(asked.headers[name.toLowerCase()]) },
      body: () => readBody(raw.request, limits.bodyBytes, raw.visit),
      raw,
      context: undefined,
    })

  /** It waits no more to be opened. */
  const settle = (token: string) => {
    const reservation = waiting.get(token)
    clearTimeout(reservation?.timer)
    reservation?.giveBack()
    waiting.delete(token)
  }

  const forget = (token: string) => {
    settle(token)
    known.get(token)?.dissolve()
    known.delete(token)
  }

  // The library has no call that gives a stream up: opening it and returning it at once does.
  const giveUp = async (raw: Raw, token: string) => {
    settle(token)
    const headers = { accept: 'text/event-stream', [TOKEN_HEADER_KEY]: token }
    const [body] = await ask(raw, { method: 'GET', url: '/graphql', headers })
    if (body && typeof body !== 'string') await body.return()
    forget(token)
  }

  const reserve = (raw: Raw, token: string, giveBack: GiveBack) => {
    known.set(token, createBacklog())
    const timer = setTimeout(() => void giveUp(raw, token), RESERVATION_MS).unref()
    waiting.set(token, { timer, giveBack })
  }

  return {
    async answer(request, response, { requestId, visit }) {
      const raw = { request, requestId, visit }
      const { method = 'GET', url = '', headers } = request
      const giveBack = method === 'PUT' ? admission.reserveStream(visit.origin) : null
      const [body, { status, headers: answered }] = await ask(raw, { method, url, headers })
      if (giveBack && status === 201 && typeof body === 'string') reserve(raw, body, giveBack)
      else giveBack?.()
      response.writeHead(status, answered)
      if (!body || typeof body === 'string') {
        response.end(body ?? undefined)
        return
      }
      const token = tokenIn(firstOf(headers[TOKEN_HEADER_KEY]), url)
      settle(token)
      visit.end()
      const backlog = known.get(token)
      eventStreams.add(response)
      response.once('close', () => {
        forget(token)
        void body.return()
      })
      for await (const chunk of body) {
        if (response.writableEnded) break
        if (chunk.startsWith('event: next')) backlog?.taken()
        response.write(chunk)
        await drained(response, stalledMs)
      }
      if (!response.writableEnded) response.end()
    },
  }
}

// The type of the library wants GraphQLErrors; it only writes them.
function withoutNotes(errors: readonly GraphQLError[]): GraphQLError[] {
  return writeErrors(errors) as GraphQLError[]
}

function tokenIn(header: string | null | undefined, url: string): string {
  return header || tokenOf(url) || ''
}

function tokenOf(url: string): string | null {
  const query = url.indexOf('?')
  return query < 0 ? null : new URLSearchParams(url.slice(query)).get(TOKEN_QUERY_KEY)
}

function firstOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}

function refuse(status: number, code: string, message: string): Response {
  return refuseWith([new GraphQLError(message, { extensions: { code } })], status)
}

function refuseWith(errors: readonly GraphQLError[], status: number): Response {
  return [
    writeResult({ errors }),
    {
      status,
      statusText: '',
      headers: { 'content-type': 'application/json; charset=utf-8', ...headersOf(status, errors) },
    },
  ]
}

// Everything that answers at /graphql: HTTP, server-sent events, WebSocket and GraphiQL, over one pipeline.

import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { GraphQLSchema } from 'graphql'
import { type Admission, createAdmission } from '../runtime/limits/admission.ts'
import type { Limits } from '../runtime/limits/table.ts'
import type { Logger } from '../runtime/logger.ts'
import { type Authenticate, createIdentify } from './authentication.ts'
import { createEventStreams } from './event-streams/event-streams.ts'
import { createReservedStreams } from './event-streams/reserved-streams.ts'
import type { DocumentLimits } from './execution/document-limits.ts'
import { createDocuments } from './execution/documents.ts'
import { createOperations, type OpenContext } from './execution/operations.ts'
import { createPipeline } from './execution/pipeline.ts'
import type { Subscribe } from './fan-out/sinks.ts'
import { createSubscriptionGroups } from './fan-out/subscription-groups.ts'
import { createGraphiql, type Demo, isForGraphiql } from './graphiql/graphiql.ts'
import { type AllowedOrigins, createCrossOrigin } from './http/cross-origin.ts'
import { STALLED_MS } from './http/draining.ts'
import { createGraphqlRequests } from './http/graphql-requests.ts'
import { createPlainPost } from './http/plain-post.ts'
import { createYogaRequests } from './http/yoga-requests.ts'
import { createRevocations, type FindRevoked } from './revocations.ts'
import type { RequestHandler, Routes } from './routes.ts'
import { createWebSockets } from './websocket/websockets.ts'

export interface GraphqlEndpoint extends AsyncDisposable {
  routes: Routes
  upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  /** WebSockets are closed with 1001, event streams end; done when all are gone. */
  sendStreamsAway: () => Promise<void>
  openStreams: () => { webSockets: number; eventStreams: number }
  /** Groups of subscribers that share their results. */
  groups: () => number
}

interface GraphqlEndpointInput {
  schema: GraphQLSchema
  openContext: OpenContext
  authenticate: Authenticate
  findRevoked: FindRevoked
  logger: Logger
  /** Null: GraphiQL opens without a key and with placeholders. */
  demo?: Demo | null
  allowedOrigins?: AllowedOrigins
  limits?: Partial<Limits>
  /** Shared with the other ways in; left out: one of its own, by `limits`. */
  admission?: Admission
  documentLimits?: Partial<DocumentLimits>
  /** Over how long sockets and event streams are sent away. */
  goingAwayMs?: number
  connectionInitMs?: number
  /** How long a client of a subscription may leave its connection full. */
  stalledMs?: number
  keepAliveMs?: number
}

export function createGraphqlEndpoint(input: GraphqlEndpointInput): GraphqlEndpoint {
  const { schema, logger, goingAwayMs = 5000, connectionInitMs = 3000, keepAliveMs = 12_000 } = input
  const { stalledMs = STALLED_MS } = input
  const { admission = createAdmission({ limits: input.limits }) } = input
  const identify = createIdentify({ authenticate: input.authenticate, admission, logger })
  const operations = createOperations({ openContext: input.openContext, logger })
  const documents = createDocuments(schema, input.documentLimits)
  const pipeline = createPipeline({ documents, operations, logger })
  const { execute } = operations
  const groups = createSubscriptionGroups({ operations, stalledMs })
  const subscribe: Subscribe = (args, sink) => groups.subscribe(args, sink) ?? operations.subscribe(args)
  const revocations = createRevocations({ findRevoked: input.findRevoked, logger })
  const crossOrigin = createCrossOrigin(input.allowedOrigins ?? '*')
  const eventStreams = createEventStreams({ heartbeatMs: keepAliveMs, stalledMs })
  const webSockets = createWebSockets({
    documents,
    execute,
    subscribe,
    identify,
    revocations,
    admission,
    connectionInitMs,
    keepAliveMs,
    logger,
  })
  const graphiql = createGraphiql({
    demo: input.demo ?? null,
    documents,
    execute,
    identify,
    originOf: admission.originOf,
    logger,
  })
  const answerRequest = createGraphqlRequests({
    documents,
    execute,
    subscribe,
    identify,
    revocations,
    answerPlainPost: createPlainPost({ schema: documents.schema, execute }),
    answerThroughYoga: createYogaRequests(pipeline),
    eventStreams,
    reservedStreams: createReservedStreams({
      documents,
      operations,
      identify,
      revocations,
      eventStreams,
      admission,
      stalledMs,
    }),
    admission,
  })

  const answer: RequestHandler = (request, response, requestId) => {
    if (request.method === 'OPTIONS') return crossOrigin.answerPreflight(request, response)
    if (isForGraphiql(request)) {
      response.once('close', admission.beginRequest(request).end)
      return graphiql.answerPage(request, response, requestId)
    }
    crossOrigin.allow(request, response)
    return answerRequest(request, response, requestId)
  }

  return {
    routes: {
      '/': (_, response) => void response.writeHead(302, { location: '/graphql', 'cache-control': 'no-store' }).end(),
      '/graphql': answer,
      '/graphql/stream': answer,
      '/graphiql/*': graphiql.answerAsset,
    },
    upgrade(request, socket, head) {
      const path = request.url?.split('?')[0]
      if (path !== '/graphql') return refuseUpgrade(socket, '404 Not Found')
      if (!crossOrigin.allowsUpgrade(request)) return refuseUpgrade(socket, '403 Forbidden')
      webSockets.upgrade(request, socket, head)
    },
    async sendStreamsAway() {
      await Promise.all([webSockets.sendAway(goingAwayMs), eventStreams.sendAway(goingAwayMs)])
    },
    openStreams: () => ({ webSockets: webSockets.size(), eventStreams: eventStreams.size() }),
    groups: groups.size,
    async [Symbol.asyncDispose]() {
      eventStreams[Symbol.dispose]()
      await revocations[Symbol.asyncDispose]()
      await webSockets[Symbol.asyncDispose]()
    },
  }
}

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.on('error', () => {})
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
}

// The HTTP listener and its table of routes: who answers which path, and how requests in flight are drained.

import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, type Socket, Server as TcpServer } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import type { Admission } from './runtime/limits/admission.ts'
import { LimitExceeded } from './runtime/limits/limit-exceeded.ts'
import type { Logger } from './runtime/logger.ts'
import { OperatorError } from './runtime/operator-error.ts'
import { answerBrokenRequest, refuseConnection } from './server/http/broken-requests.ts'
import { abandonBody, answerJson, answerLimit, answerRefusal, RequestRefusal } from './server/http/refusals.ts'
import { createReadiness } from './server/readiness.ts'
import { findRoute, type Routes } from './server/routes.ts'

export interface Server extends AsyncDisposable {
  /** Where it listens, as a client on this machine would write it. */
  url: string
}

interface ServerInput {
  host: string
  port: number
  /** The variable that names the port, for the sentence about a busy one. */
  portName: string
  routes: Routes
  onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  /** Whether what it depends on answers; asked by /readyz, throws if not. */
  requireReady?: () => Promise<unknown>
  /** Tells the open streams to go elsewhere; called when no new connection is accepted any more. */
  sendStreamsAway?: () => Promise<void>
  /** Left out: any number of connections. */
  admission?: Admission
  /** How long requests in flight may take to end when it closes. */
  drainTimeoutMs?: number
  logger: Logger
}

/** What a slow client may take: nobody holds a connection by sending a byte now and then. */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 30_000
/** How often Node looks for connections that took longer. */
const CHECKING_MS = 2000
/** Longer than the minute after which load balancers drop idle connections, so that they never use a dead one. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000
/**
 * Whoever sends on an idle connection just as it is closed cannot know whether the request was heard: within this time the
 * connection takes one more, and its answer says that it was the last.
 */
const LAST_REQUESTS_MS = 500

/** Disposing: not ready, no new connections, streams sent away, requests in flight answered and those that cross the closing. */
export async function openServer(input: ServerInput): Promise<Server> {
  const { logger, drainTimeoutMs = 10_000 } = input
  let draining = false
  const readiness = createReadiness(input.requireReady)
  const routes: Routes = {
    '/healthz': (_, response) => answerJson(response, 200, { status: 'alive' }),
    '/readyz': async (_, response) => {
      const status = draining ? 'draining' : await readiness()
      answerJson(response, status === 'ready' ? 200 : 503, { status })
    },
    ...input.routes,
  }

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const requestId = readRequestId(request)
    response.setHeader('x-request-id', requestId)
    response.setHeader('x-content-type-options', 'nosniff')
    // Keeps a client from sending its next request on a connection that is about to close.
    if (draining) response.setHeader('connection', 'close')
    try {
      const answer = findRoute(routes, request.url ?? '/')
      if (!answer) throw new RequestRefusal(404, 'NOT_FOUND', 'There is nothing at this address.')
      await answer(request, response, requestId)
    } catch (error) {
      const isExpected = error instanceof RequestRefusal || error instanceof LimitExceeded
      if (!isExpected) logger.error({ err: error, requestId }, 'a request failed')
      if (response.headersSent) {
        response.destroy()
        return
      }
      abandonBody(request, response)
      if (error instanceof LimitExceeded) answerLimit(response, error)
      else answerRefusal(response, error instanceof RequestRefusal ? error : fault())
    }
  }

  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      connectionsCheckingInterval: CHECKING_MS,
    },
    handle,
  )
  server.on('clientError', answerBrokenRequest)
  if (input.admission) countConnections(server, input.admission)
  if (input.onUpgrade) server.on('upgrade', input.onUpgrade)
  server.listen(input.port, input.host)
  await once(server, 'listening').catch((cause) => {
    throw describeListenError(cause, input)
  })
  return {
    url: formatUrl(server.address() as AddressInfo),
    async [Symbol.asyncDispose]() {
      if (draining) return
      draining = true
      const closed = once(server, 'close')
      stopAccepting(server)
      const deadline = setTimeout(() => {
        logger.warn('requests in flight were cut off: they did not end in time')
        server.closeAllConnections()
      }, drainTimeoutMs)
      await Promise.all([input.sendStreamsAway?.(), Promise.race([closed, delay(LAST_REQUESTS_MS)])])
      // What has arrived by now is read first.
      await nextTurn()
      server.close()
      closeIdleUntilClosed(server, closed)
      await closed
      clearTimeout(deadline)
    },
  }
}

function countConnections(server: HttpServer, admission: Admission): void {
  server.on('connection', (socket: Socket) => {
    try {
      socket.once('close', admission.openConnection(socket))
    } catch (error) {
      if (!(error instanceof LimitExceeded)) throw error
      refuseConnection(socket, error)
    }
  })
}

// Unlike the method of the HTTP server this closes no idle connection.
function stopAccepting(server: HttpServer): void {
  TcpServer.prototype.close.call(server)
}

// A connection that was answering when the closing began turns idle later.
function closeIdleUntilClosed(server: HttpServer, closed: Promise<unknown>): void {
  server.closeIdleConnections()
  const sweep = setInterval(() => server.closeIdleConnections(), 50)
  void closed.finally(() => clearInterval(sweep))
}

function readRequestId({ headers }: IncomingMessage): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && /^[\w.:-]{8,128}$/.test(given) ? given : randomUUID()
}

function fault(): RequestRefusal {
  return new RequestRefusal(500, 'INTERNAL_SERVER_ERROR', 'Something went wrong on our side. It has been logged.')
}

function formatUrl({ address, family, port }: AddressInfo): string {
  const isAny = address === '0.0.0.0' || address === '::'
  return `http://${isAny ? 'localhost' : family === 'IPv6' ? `[${address}]` : address}:${port}`
}

function describeListenError(cause: NodeJS.ErrnoException, { host, port, portName }: ServerInput): Error {
  const sentences: Record<string, string> = {
    EADDRINUSE: `Port ${port} is already in use. Stop what uses it, or set ${portName} to another one.`,
    EACCES: `Port ${port} may not be opened by this user. Set ${portName} to one above 1023.`,
    EADDRNOTAVAIL: `HOST ${host} is not an address of this machine.`,
    ENOTFOUND: `HOST ${host} is not an address of this machine.`,
  }
  const sentence = sentences[cause.code ?? '']
  return sentence ? new OperatorError(sentence, { cause }) : cause
}

// The WebSocket door: graphql-ws keeps the protocol (graphql-transport-ws), `ws` the frames, this file the connections.

import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type ExecutionArgs, type ExecutionResult, GraphQLError } from 'graphql'
import { type Context, handleProtocols, makeServer, type ServerOptions, type SubscribePayload } from 'graphql-ws'
import { WebSocket, WebSocketServer } from 'ws'
import type { Caller } from '../domain/callers.ts'
import type { Logger } from '../runtime/logger.ts'
import { type Identify, readConnectionAuthorization } from './authentication.ts'
import { type Documents, isPrepared } from './documents.ts'
import { sendAwayInSlices } from './going-away.ts'
import { createKeepAlive } from './keep-alive.ts'
import type { Principal } from './operations.ts'
import type { ResultStream } from './result-stream.ts'
import type { Revocations } from './revocations.ts'
import {
  type Corks,
  createCorks,
  createSocketSink,
  isResultStream,
  type Sink,
  type Subscribe,
  UNSENT_LIMIT_BYTES,
} from './sinks.ts'
import { writeErrors } from './statuses.ts'

export interface WebSockets extends AsyncDisposable {
  upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  /** 1001 to everybody, in slices; done when all are closed. */
  sendAway: (spreadMs: number) => Promise<void>
  size: () => number
}

interface WebSocketsInput {
  documents: Documents
  execute: (args: ExecutionArgs) => Promise<ExecutionResult> | ExecutionResult
  subscribe: Subscribe
  identify: Identify
  revocations: Revocations
  limits: { messageBytes: number; subscriptionsPerSocket: number }
  connectionInitMs: number
  keepAliveMs: number
  logger: Logger
}

interface Connection {
  socket: WebSocket
  /** What `socket` writes its frames to. */
  raw: Socket
  /** Of the upgrade request: clients outside a browser may send it there. */
  authorization: string | undefined
  caller: Caller | null
  /** The caller's key was revoked: what runs has ended, and nothing new begins. */
  isRevoked: boolean
  unwatch: () => void
  /** Operations that were asked for and have no result yet, or no source. */
  starting: Map<string, { abandoned: boolean }>
  streams: Map<string, ResultStream>
}

const GOING_AWAY = 1001
const TRY_AGAIN_LATER = 1013
const INTERNAL_ERROR = 4500
/** How long a client may take to answer the closing handshake. */
const CLOSING_MS = 2000

export function createWebSockets(input: WebSocketsInput): WebSockets {
  const { limits, logger } = input
  const connections = new Map<WebSocket, () => Promise<void>>()
  const keepAlive = createKeepAlive(input.keepAliveMs)
  const protocol = makeServer<Record<string, unknown> | undefined, Connection>(protocolOptions(input))
  const webSocketServer = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    // Compression costs memory per socket and more than the small messages gain.
    perMessageDeflate: false,
    maxPayload: limits.messageBytes,
    handleProtocols,
  })

  const open = (socket: WebSocket, request: IncomingMessage) => {
    const connection: Connection = {
      socket,
      raw: request.socket,
      authorization: request.headers.authorization,
      caller: null,
      isRevoked: false,
      unwatch() {},
      starting: new Map(),
      streams: new Map(),
    }
    const fail = (error: unknown) => {
      logger.error({ err: error }, 'a message on a WebSocket failed')
      socket.close(INTERNAL_ERROR, 'Internal server error')
    }
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        send: (text) =>
          new Promise((resolve) => {
            if (socket.readyState === socket.OPEN) socket.send(text, () => resolve())
            else resolve()
          }),
        close: (code, reason) => socket.close(code, reason),
        onMessage(take) {
          socket.on('message', (data) => {
            void take(String(data)).catch(fail)
            holdBack(connection)
          })
        },
      },
      connection,
    )
    keepAlive.add(socket)
    const ended = new Promise<void>((resolve) => {
      socket.once('close', (code, reason) => {
        connections.delete(socket)
        keepAlive.delete(socket)
        connection.unwatch()
        for (const stream of connection.streams.values()) void stream.return(undefined)
        closed(code, String(reason)).catch(fail).finally(resolve)
      })
    })
    // Broken frames and messages over the limit: `ws` closes the socket with the code that says so.
    socket.on('error', (error) => logger.debug({ reason: error.message }, 'a WebSocket broke'))
    // Each subscription of a full socket waits for it to drain.
    connection.raw.setMaxListeners(0)
    connections.set(socket, () => ended)
  }

  return {
    upgrade(request, socket, head) {
      webSocketServer.handleUpgrade(request, socket, head, open)
    },
    async sendAway(spreadMs) {
      await sendAwayInSlices(connections.keys(), (socket) => socket.close(GOING_AWAY, 'Going away'), spreadMs)
      const stragglers = setTimeout(() => {
        for (const socket of connections.keys()) socket.terminate()
      }, CLOSING_MS)
      await Promise.all([...connections.values()].map((ended) => ended()))
      clearTimeout(stragglers)
    },
    size: () => connections.size,
    async [Symbol.asyncDispose]() {
      keepAlive[Symbol.dispose]()
      for (const socket of connections.keys()) socket.terminate()
      await Promise.all([...connections.values()].map((ended) => ended()))
    },
  }
}

/** Who asks and does not read the answers is not read either, until they are sent. */
function holdBack({ socket, raw }: Connection): void {
  if (raw.writableLength < UNSENT_LIMIT_BYTES || socket.isPaused) return
  socket.pause()
  raw.once('drain', () => socket.resume())
}

type SocketPrincipal = Principal & { id: string; connection: Connection }

function protocolOptions({
  documents,
  execute,
  subscribe,
  identify,
  revocations,
  limits,
  connectionInitMs,
}: WebSocketsInput): ServerOptions<Record<string, unknown> | undefined, Connection> {
  type Ctx = Context<Record<string, unknown> | undefined, Connection>
  const corks = createCorks()

  const prepare = (
    { subscriptions, extra }: Ctx,
    id: string,
    payload: SubscribePayload,
  ): ExecutionArgs | readonly GraphQLError[] => {
    if (Object.keys(subscriptions).length > limits.subscriptionsPerSocket) {
      return [refusal('RATE_LIMITED', `A socket carries at most ${limits.subscriptionsPerSocket} operations at once.`)]
    }
    // graphql-ws knows one operation per id: of two that start under one id it would lose the first, which nobody
    // would ever return. So the first is given up, and the second is refused.
    const starting = extra.starting.get(id)
    if (starting) {
      starting.abandoned = true
      return [refusal('BAD_REQUEST', `The operation before with the id ${id} is still ending.`)]
    }
    if (extra.isRevoked) return [refusal('UNAUTHENTICATED', 'The key of this socket was revoked.')]
    const prepared = documents.prepare(payload.query, payload.operationName)
    if (!isPrepared(prepared)) return prepared
    extra.starting.set(id, { abandoned: false })
    return {
      schema: documents.schema,
      document: prepared.document,
      operationName: payload.operationName,
      variableValues: payload.variables,
      contextValue: {
        caller: extra.caller,
        requestId: randomUUID(),
        id,
        connection: extra,
      } satisfies SocketPrincipal,
    }
  }

  return {
    connectionInitWaitTimeout: connectionInitMs,
    async onConnect({ connectionParams, extra }) {
      const authorization = readConnectionAuthorization(connectionParams, extra.authorization)
      try {
        extra.caller = await identify(authorization, randomUUID())
        if (extra.caller && extra.socket.readyState === WebSocket.OPEN) {
          extra.unwatch = revocations.watch(extra.caller, () => {
            extra.isRevoked = true
            for (const stream of extra.streams.values()) void stream.return(undefined)
          })
        }
        return true
      } catch (error) {
        const isRefused = error instanceof GraphQLError && error.extensions.code === 'UNAUTHENTICATED'
        if (!isRefused) extra.socket.close(TRY_AGAIN_LATER, 'Try again later')
        return false
      }
    },
    onSubscribe: prepare,
    async execute(args) {
      const { connection, id } = args.contextValue as SocketPrincipal
      try {
        return await execute(args)
      } finally {
        connection.starting.delete(id)
      }
    },
    async subscribe(args) {
      const { connection, id } = args.contextValue as SocketPrincipal
      const starting = connection.starting.get(id)
      try {
        const isWanted = () => !starting?.abandoned
        const result = await subscribe(args, sinkOf(connection, { id, corks, isWanted }))
        if (!isResultStream(result)) return result
        const isOpen = connection.socket.readyState === WebSocket.OPEN && !connection.isRevoked
        if (isWanted() && isOpen) connection.streams.set(id, result)
        else await result.return(undefined)
        return result
      } finally {
        connection.starting.delete(id)
      }
    },
    onComplete: ({ extra }, id) => void extra.streams.delete(id),
    onNext: (_ctx, _id, _payload, _args, result) =>
      result.errors ? { ...result, errors: writeErrors(result.errors) } : undefined,
    onError: (_ctx, _id, _payload, errors) => writeErrors(errors),
  }
}

function sinkOf(
  { socket, raw, streams }: Connection,
  given: { id: string; corks: Corks; isWanted: () => boolean },
): Sink {
  return createSocketSink(socket, { ...given, raw, sharesSocket: () => streams.size > 1 })
}

function refusal(code: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code } })
}

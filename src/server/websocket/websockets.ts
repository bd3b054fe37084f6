// The WebSocket door: graphql-ws keeps the protocol (graphql-transport-ws), `ws` the frames, this file the connections.

import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type ExecutionArgs, type ExecutionResult, GraphQLError } from 'graphql'
import {
  type Context,
  handleProtocols,
  makeServer,
  type WebSocket as ProtocolSocket,
  type ServerOptions,
  type SubscribePayload,
} from 'graphql-ws'
import { WebSocket, WebSocketServer } from 'ws'
import type { Caller } from '../../domain/people/callers.ts'
import type { Logger } from '../../runtime/logger.ts'
import { type Identify, readConnectionAuthorization } from '../authentication.ts'
import { type Documents, isPrepared, toExecutionArgs } from '../execution/documents.ts'
import type { Principal } from '../execution/operations.ts'
import type { ResultStream } from '../fan-out/result-stream.ts'
import {
  createCorks,
  createSocketSink,
  isResultStream,
  type SocketSink,
  type Subscribe,
  UNSENT_LIMIT_BYTES,
} from '../fan-out/sinks.ts'
import { sendAwayInSlices } from '../going-away.ts'
import { writeErrors } from '../http/statuses.ts'
import type { Revocations, Watcher } from '../revocations.ts'
import { createKeepAlive } from './keep-alive.ts'

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

interface Connection extends Watcher {
  socket: WebSocket
  /** What `socket` writes its frames to. */
  raw: Socket
  /** Of the upgrade request: clients outside a browser may send it there. */
  authorization: string | undefined
  caller: Caller | null
  /** The caller's key was revoked: what runs has ended, and nothing new begins. */
  isRevoked: boolean
  operations: Operation[]
}

/** What was asked for under an id, until its result is sent or its stream has ended. */
interface Operation extends Principal {
  id: string
  connection: Connection
  sink: SocketSink
  /** Null: it has no result yet, or no source. */
  stream: ResultStream | null
}

const GOING_AWAY = 1001
const TRY_AGAIN_LATER = 1013
const INTERNAL_ERROR = 4500
/** How long a client may take to answer the closing handshake. */
const CLOSING_MS = 2000

export function createWebSockets(input: WebSocketsInput): WebSockets {
  const { limits, logger, revocations } = input
  const sockets = new Set<WebSocket>()
  /** Who waits until all are closed. */
  let emptied: PromiseWithResolvers<void> | null = null
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

  const fail = (socket: WebSocket, error: unknown) => {
    logger.error({ err: error }, 'a message on a WebSocket failed')
    socket.close(INTERNAL_ERROR, 'Internal server error')
  }
  // Broken frames and messages over the limit: `ws` closes the socket with the code that says so.
  const noteBroken = (error: Error) => logger.debug({ reason: error.message }, 'a WebSocket broke')

  const open = (socket: WebSocket, request: IncomingMessage) => {
    const connection: Connection = {
      socket,
      raw: request.socket,
      authorization: request.headers.authorization,
      caller: null,
      isRevoked: false,
      operations: [],
      revoked: endOperations,
    }
    const closed = protocol.opened(protocolSocket(connection, fail), connection)
    keepAlive.add(socket)
    socket.once('close', (code, reason) => {
      keepAlive.delete(socket)
      if (connection.caller) revocations.unwatch(connection.caller, connection)
      for (const { stream } of [...connection.operations]) void stream?.return(undefined)
      void closed(code, String(reason))
        .catch((error: unknown) => fail(socket, error))
        .finally(() => {
          sockets.delete(socket)
          if (sockets.size === 0) emptied?.resolve()
        })
    })
    socket.on('error', noteBroken)
    // Each subscription of a full socket waits for it to drain.
    connection.raw.setMaxListeners(0)
    sockets.add(socket)
  }

  const whenEmpty = async () => {
    if (sockets.size === 0) return
    // One for all who wait: the second must not take the place of the first.
    emptied ??= Promise.withResolvers()
    await emptied.promise
    emptied = null
  }

  return {
    upgrade(request, socket, head) {
      webSocketServer.handleUpgrade(request, socket, head, open)
    },
    async sendAway(spreadMs) {
      await sendAwayInSlices(sockets, (socket) => socket.close(GOING_AWAY, 'Going away'), spreadMs)
      const stragglers = setTimeout(() => {
        for (const socket of sockets) socket.terminate()
      }, CLOSING_MS)
      await whenEmpty()
      clearTimeout(stragglers)
    },
    size: () => sockets.size,
    async [Symbol.asyncDispose]() {
      keepAlive[Symbol.dispose]()
      for (const socket of sockets) socket.terminate()
      await whenEmpty()
    },
  }
}

function endOperations(this: Connection): void {
  this.isRevoked = true
  for (const { stream } of [...this.operations]) void stream?.return(undefined)
}

/** What graphql-ws knows of a socket. */
function protocolSocket(connection: Connection, fail: (socket: WebSocket, error: unknown) => void): ProtocolSocket {
  const { socket } = connection
  return {
    protocol: socket.protocol,
    send: (text) =>
      new Promise((resolve) => {
        if (socket.readyState === socket.OPEN) socket.send(text, () => resolve())
        else resolve()
      }),
    close: (code, reason) => socket.close(code, reason),
    onMessage(take) {
      socket.on('message', (data) => {
        void take(String(data)).catch((error: unknown) => fail(socket, error))
        holdBack(connection)
      })
    },
  }
}

/** Who asks and does not read the answers is not read either, until they are sent. */
function holdBack({ socket, raw }: Connection): void {
  if (raw.writableLength < UNSENT_LIMIT_BYTES || socket.isPaused) return
  socket.pause()
  raw.once('drain', () => socket.resume())
}

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
    const starting = extra.operations.find((operation) => operation.id === id && operation.stream === null)
    if (starting) {
      starting.sink.isAbandoned = true
      return [refusal('BAD_REQUEST', `The operation before with the id ${id} is still ending.`)]
    }
    if (extra.isRevoked) return [refusal('UNAUTHENTICATED', 'The key of this socket was revoked.')]
    const prepared = documents.prepare(payload)
    if (!isPrepared(prepared)) return prepared
    // graphql-ws keeps the payload for as long as the operation runs: it keeps what is used of it.
    Object.assign(payload, { query: prepared.query, variables: prepared.variableValues, extensions: undefined })
    const operation: Operation = {
      caller: extra.caller,
      requestId: newRequestId(),
      id,
      connection: extra,
      sink: createSocketSink(extra, id, corks),
      stream: null,
    }
    extra.operations.push(operation)
    return toExecutionArgs(documents.schema, prepared, operation)
  }

  return {
    connectionInitWaitTimeout: connectionInitMs,
    async onConnect({ connectionParams, extra }) {
      const authorization = readConnectionAuthorization(connectionParams, extra.authorization)
      try {
        const caller = await identify(authorization, randomUUID())
        if (caller && extra.socket.readyState === WebSocket.OPEN) {
          extra.caller = caller
          revocations.watch(caller, extra)
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
      const operation = args.contextValue as Operation
      try {
        return await execute(args)
      } finally {
        forget(operation)
      }
    },
    async subscribe(args) {
      const operation = args.contextValue as Operation
      const { connection, sink } = operation
      let isKept = false
      try {
        const result = await subscribe(args, sink)
        if (!isResultStream(result)) return result
        isKept = !sink.isAbandoned && connection.socket.readyState === WebSocket.OPEN && !connection.isRevoked
        if (isKept) operation.stream = result
        else await result.return(undefined)
        return result
      } finally {
        if (!isKept) forget(operation)
      }
    },
    onComplete({ extra }, id) {
      const ended = extra.operations.find((operation) => operation.id === id && operation.stream !== null)
      if (ended) forget(ended)
    },
    onNext: (_ctx, _id, _payload, _args, result) =>
      result.errors ? { ...result, errors: writeErrors(result.errors) } : undefined,
    onError: (_ctx, _id, _payload, errors) => writeErrors(errors),
  }
}

function forget(operation: Operation): void {
  const { operations } = operation.connection
  const index = operations.indexOf(operation)
  if (index >= 0) operations.splice(index, 1)
}

/** Kept for as long as a subscription lives: in one piece, for what randomUUID makes is put together of twenty. */
function newRequestId(): string {
  return randomUUID().toLowerCase()
}

function refusal(code: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code } })
}

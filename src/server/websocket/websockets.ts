// The WebSocket door: graphql-ws keeps the protocol (graphql-transport-ws), `ws` the frames, this file the connections.

import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { handleProtocols, makeServer, type WebSocket as ProtocolSocket } from 'graphql-ws'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Admission } from '../../runtime/limits/admission.ts'
import { LimitExceeded } from '../../runtime/limits/limit-exceeded.ts'
import type { Logger } from '../../runtime/logger.ts'
import { UNSENT_LIMIT_BYTES } from '../fan-out/sinks.ts'
import { sendAwayInSlices } from '../going-away.ts'
import { refuseConnection } from '../http/broken-requests.ts'
import { createKeepAlive } from './keep-alive.ts'
import { countMessage, openSocketPlaces, type SocketPlaces } from './socket-places.ts'
import { type Connection, type ProtocolInput, protocolOptions } from './socket-protocol.ts'

export interface WebSockets extends AsyncDisposable {
  upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  /** 1001 to everybody, in slices; done when all are closed. */
  sendAway: (spreadMs: number) => Promise<void>
  size: () => number
}

interface WebSocketsInput extends ProtocolInput {
  keepAliveMs: number
  logger: Logger
}

const GOING_AWAY = 1001
const INTERNAL_ERROR = 4500
/** How long a client may take to answer the closing handshake. */
const CLOSING_MS = 2000

export function createWebSockets(input: WebSocketsInput): WebSockets {
  const { admission, logger, revocations } = input
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
    maxPayload: admission.limits.messageBytes,
    handleProtocols,
  })

  const fail = (socket: WebSocket, error: unknown) => {
    logger.error({ err: error }, 'a message on a WebSocket failed')
    socket.close(INTERNAL_ERROR, 'Internal server error')
  }
  // Broken frames and messages over the limit: `ws` closes the socket with the code that says so.
  const noteBroken = (error: Error) => logger.debug({ reason: error.message }, 'a WebSocket broke')

  const open = (socket: WebSocket, request: IncomingMessage, places: SocketPlaces) => {
    const connection: Connection = {
      socket,
      raw: request.socket,
      authorization: request.headers.authorization,
      places,
      caller: null,
      isRevoked: false,
      operations: [],
      revoked: endOperations,
    }
    const closed = protocol.opened(protocolSocket(connection, admission, fail), connection)
    keepAlive.add(socket)
    socket.once('close', (code, reason) => {
      keepAlive.delete(socket)
      if (connection.caller) revocations.unwatch(connection.caller, connection)
      for (const { stream, giveBack } of [...connection.operations]) {
        giveBack()
        void stream?.return(undefined)
      }
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
      try {
        const places = openSocketPlaces(admission, request)
        webSocketServer.handleUpgrade(request, socket, head, (opened) => open(opened, request, places))
      } catch (error) {
        if (!(error instanceof LimitExceeded)) throw error
        refuseConnection(socket, error)
      }
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
function protocolSocket(
  connection: Connection,
  admission: Admission,
  fail: (socket: WebSocket, error: unknown) => void,
): ProtocolSocket {
  const { socket, places } = connection
  // `ws` answers a ping by itself: who pings and reads no answers is held back like who asks and reads none.
  const hearControl = () => {
    if (countMessage(admission, places, socket)) holdBack(connection)
  }
  socket.on('ping', hearControl).on('pong', hearControl)
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
        if (!countMessage(admission, places, socket)) return
        const text = String(data)
        places.messageBytes = text.length
        void take(text).catch((error: unknown) => fail(socket, error))
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

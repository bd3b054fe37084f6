// Where the results of a subscription go, for whoever writes them there without being asked for each.

import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { ExecutionArgs, ExecutionResult } from 'graphql'
import { WebSocket } from 'ws'
import type { ResultStream } from './result-stream.ts'
import type { SharedBytes } from './shared-bytes.ts'

export interface Sink {
  /** False: so much waits to be sent that nothing should be added. */
  isReady(): boolean
  write(bytes: SharedBytes): void
  /** Calls back once when everything was sent. */
  whenDrained(listener: () => void): void
  /** Ends the connection without another word: the client does not read. */
  abandon(): void
}

/** Beyond this much unsent, updates wait and are conflated. */
export const UNSENT_LIMIT_BYTES = 256 * 1024

export interface SocketSink extends Sink {
  connection: SinkConnection
  corks: Corks
  /** The subscription's id, as JSON. */
  label: string
  /** The id may belong to another operation by now: nothing is written under it any more. */
  isAbandoned: boolean
}

interface SinkConnection {
  socket: WebSocket
  /** What `socket` writes its frames to. */
  raw: Socket
  operations: ArrayLike<unknown>
}

/**
 * Frames go straight to the socket below `ws`, which writes whole frames too: they never mix. There are many thousands of
 * sinks, so they share their functions.
 */
export function createSocketSink(connection: SinkConnection, id: string, corks: Corks): SocketSink {
  return {
    connection,
    corks,
    label: JSON.stringify(id),
    isAbandoned: false,
    isReady: isSocketReady,
    write: writeToSocket,
    whenDrained: whenSocketDrained,
    abandon: abandonSocket,
  }
}

function isSocketReady(this: SocketSink): boolean {
  return this.connection.raw.writableLength < UNSENT_LIMIT_BYTES
}

function writeToSocket(this: SocketSink, bytes: SharedBytes): void {
  const { socket, raw, operations } = this.connection
  if (this.isAbandoned || socket.readyState !== WebSocket.OPEN) return
  if (operations.length > 1) this.corks.cork(raw)
  bytes.writeFrame(raw, this.label)
}

function whenSocketDrained(this: SocketSink, listener: () => void): void {
  this.connection.raw.once('drain', listener)
}

function abandonSocket(this: SocketSink): void {
  this.connection.socket.terminate()
}

interface EventSink extends Sink {
  response: ServerResponse
}

/** The headers of the response have been sent. */
export function createEventSink(response: ServerResponse): Sink {
  const sink: EventSink = {
    response,
    isReady: isResponseReady,
    write: writeToResponse,
    whenDrained: whenResponseDrained,
    abandon: abandonResponse,
  }
  return sink
}

function isResponseReady(this: EventSink): boolean {
  return this.response.writableLength < UNSENT_LIMIT_BYTES
}

/**
 * As a finished chunk, straight to the socket: the response would make the chunk anew for each client, of four pieces. What
 * was written in this turn may still be in the response; then the chunk goes the same way.
 */
function writeToResponse(this: EventSink, bytes: SharedBytes): void {
  const { response } = this
  if (response.writableEnded || response.destroyed) return
  const { socket } = response
  const isEmpty = response.writableCorked === 0 && socket !== null && response.writableLength === socket.writableLength
  if (isEmpty && response.chunkedEncoding) socket.write(bytes.chunk())
  else response.write(bytes.event())
}

function whenResponseDrained(this: EventSink, listener: () => void): void {
  this.response.socket?.once('drain', listener)
}

function abandonResponse(this: EventSink): void {
  this.response.destroy()
}

export interface Corks {
  cork(socket: Socket): void
}

/** Several subscriptions of one socket that are told in one turn of the event loop are one write. */
export function createCorks(): Corks {
  const corked = new Set<Socket>()
  const uncork = () => {
    for (const socket of corked) socket.uncork()
    corked.clear()
  }
  return {
    cork(socket) {
      if (corked.has(socket)) return
      if (corked.size === 0) setImmediate(uncork)
      corked.add(socket)
      socket.cork()
    },
  }
}

/** Starts a subscription. The transport keeps the protocol around it and calls `return` when the client leaves. */
export type Subscribe = (args: ExecutionArgs, sink: Sink) => Promise<ResultStream | ExecutionResult>

export function isResultStream(result: ResultStream | ExecutionResult): result is ResultStream {
  return Symbol.asyncIterator in result
}

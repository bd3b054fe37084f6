// Where the results of a subscription go, for whoever writes them there without being asked for each.

import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { ExecutionArgs, ExecutionResult } from 'graphql'
import type { WebSocket } from 'ws'
import type { ResultStream } from './result-stream.ts'
import { frameHead, type SharedBytes } from './shared-bytes.ts'

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

interface SocketSinkInput {
  /** What `socket` writes its frames to. */
  raw: Socket
  id: string
  corks: Corks
  sharesSocket: () => boolean
  /** False: the id may belong to another operation by now. */
  isWanted: () => boolean
}

/** Frames go straight to the socket below `ws`, which writes whole frames too: they never mix. */
export function createSocketSink(socket: WebSocket, { raw, id, corks, sharesSocket, isWanted }: SocketSinkInput): Sink {
  const head = frameHead(id)
  return {
    isReady: () => raw.writableLength < UNSENT_LIMIT_BYTES,
    write(bytes) {
      if (socket.readyState !== socket.OPEN || !isWanted()) return
      if (sharesSocket()) corks.cork(raw)
      raw.write(bytes.frameFor(head))
    },
    whenDrained: (listener) => void raw.once('drain', listener),
    abandon: () => socket.terminate(),
  }
}

export function createEventSink(response: ServerResponse): Sink {
  return {
    isReady: () => response.writableLength < UNSENT_LIMIT_BYTES,
    write(bytes) {
      if (!response.writableEnded && !response.destroyed) response.write(bytes.event())
    },
    whenDrained: (listener) => void response.once('drain', listener),
    abandon: () => response.destroy(),
  }
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

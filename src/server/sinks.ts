// Where the results of a subscription go, for whoever wants to write them there without being asked for each.

import type { ServerResponse } from 'node:http'
import type { ExecutionArgs, ExecutionResult } from 'graphql'
import type { WebSocket } from 'ws'
import type { ResultStream } from './result-stream.ts'

export type Sink =
  /** `id` is the client's, of the subscription on this socket. */
  { kind: 'websocket'; socket: WebSocket; id: string } | { kind: 'event-stream'; response: ServerResponse }

/**
 * Starts a subscription. Whoever writes to the sink by itself answers a stream whose `next` stays pending until the
 * subscription is over; the transport keeps the protocol around it and calls `return` when the client leaves.
 */
export type Subscribe = (args: ExecutionArgs, sink: Sink) => Promise<ResultStream | ExecutionResult>

export function isResultStream(result: ResultStream | ExecutionResult): result is ResultStream {
  return Symbol.asyncIterator in result
}

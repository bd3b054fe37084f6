// What graphql-ws asks of us: who connects, which operation a message starts, and how its results and errors are written.

import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { type ExecutionArgs, type ExecutionResult, GraphQLError } from 'graphql'
import type { Context, ServerOptions, SubscribePayload } from 'graphql-ws'
import { WebSocket } from 'ws'
import type { Caller } from '../../domain/people/callers.ts'
import type { Admission } from '../../runtime/limits/admission.ts'
import { LimitExceeded } from '../../runtime/limits/limit-exceeded.ts'
import type { GiveBack } from '../../runtime/limits/places.ts'
import { type Identify, readConnectionAuthorization } from '../authentication.ts'
import { type Documents, isPrepared, toExecutionArgs } from '../execution/documents.ts'
import { describeLimit } from '../execution/faults.ts'
import type { Principal } from '../execution/operations.ts'
import type { ResultStream } from '../fan-out/result-stream.ts'
import { createCorks, createSocketSink, isResultStream, type SocketSink, type Subscribe } from '../fan-out/sinks.ts'
import { writeErrors } from '../http/statuses.ts'
import type { Revocations, Watcher } from '../revocations.ts'
import { admitSocket, type SocketPlaces } from './socket-places.ts'

export interface ProtocolInput {
  documents: Documents
  execute: (args: ExecutionArgs) => Promise<ExecutionResult> | ExecutionResult
  subscribe: Subscribe
  identify: Identify
  revocations: Revocations
  admission: Admission
  connectionInitMs: number
}

export interface Connection extends Watcher {
  socket: WebSocket
  /** What `socket` writes its frames to. */
  raw: Socket
  /** Of the upgrade request: clients outside a browser may send it there. */
  authorization: string | undefined
  places: SocketPlaces
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
  giveBack: GiveBack
  /** Null: it has no result yet, or no source. */
  stream: ResultStream | null
}

const TRY_AGAIN_LATER = 1013

export function protocolOptions({
  documents,
  execute,
  subscribe,
  identify,
  revocations,
  admission,
  connectionInitMs,
}: ProtocolInput): ServerOptions<Record<string, unknown> | undefined, Connection> {
  type Ctx = Context<Record<string, unknown> | undefined, Connection>
  const corks = createCorks()

  const prepare = (
    { subscriptions, extra }: Ctx,
    id: string,
    payload: SubscribePayload,
  ): ExecutionArgs | readonly GraphQLError[] => {
    const { subscriptionsPerSocket } = admission.limits
    if (Object.keys(subscriptions).length > subscriptionsPerSocket) {
      return [refusal('RATE_LIMITED', `A socket carries at most ${subscriptionsPerSocket} operations at once.`)]
    }
    // graphql-ws knows one operation per id: of two that start under one id it would lose the first, which nobody
    // would ever return. So the first is given up, and the second is refused.
    const starting = extra.operations.find((operation) => operation.id === id && operation.stream === null)
    if (starting) {
      starting.sink.isAbandoned = true
      return [refusal('BAD_REQUEST', `The operation before with the id ${id} is still ending.`)]
    }
    if (extra.isRevoked) return [refusal('UNAUTHENTICATED', 'The key of this socket was revoked.')]
    const { caller, places } = extra
    // Counted before its document is read.
    if (caller) admission.countRequest(places.origin, caller)
    else admission.countWithoutKey(places.origin)
    const prepared = documents.prepare(payload)
    if (!isPrepared(prepared)) return prepared
    admission.countCost(places.origin, caller, prepared.cost)
    // graphql-ws keeps the payload for as long as the operation runs: it keeps what is used of it.
    Object.assign(payload, { query: prepared.query, variables: prepared.variableValues, extensions: undefined })
    const operation: Operation = {
      caller,
      giveBack: admission.openSubscription(places.origin, caller, places.messageBytes),
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
        const caller = await identify({ authorization, origin: extra.places.origin, requestId: randomUUID() })
        if (extra.socket.readyState !== WebSocket.OPEN) return false
        admitSocket(admission, extra.places, caller, extra.socket)
        if (caller) {
          extra.caller = caller
          revocations.watch(caller, extra)
        }
        return true
      } catch (error) {
        const isRefused = error instanceof GraphQLError && error.extensions.code === 'UNAUTHENTICATED'
        // 1013 says that the client should come back, 4403 (what false leads to) that it should not.
        if (!isRefused) extra.socket.close(TRY_AGAIN_LATER, reasonOf(error))
        return false
      }
    },
    onSubscribe(...subscribed) {
      try {
        return prepare(...subscribed)
      } catch (error) {
        if (error instanceof LimitExceeded) return [describeLimit(error)]
        throw error
      }
    },
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
  operation.giveBack()
  const { operations } = operation.connection
  const index = operations.indexOf(operation)
  if (index >= 0) operations.splice(index, 1)
}

/** Kept for as long as a subscription lives: in one piece, for what randomUUID makes is put together of twenty. */
function newRequestId(): string {
  return randomUUID().toLowerCase()
}

function reasonOf(error: unknown): string {
  const { code, retryAfterMs } = error instanceof GraphQLError ? error.extensions : (error as Partial<LimitExceeded>)
  return typeof retryAfterMs === 'number'
    ? `${String(code)}: come back after ${Math.ceil(retryAfterMs)} ms`
    : 'Try again later'
}

function refusal(code: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code } })
}

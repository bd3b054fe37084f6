// How every transport runs an operation: with a context of its own that is disposed, and with its faults masked.

import {
  createSourceEventStream,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLError,
  locatedError,
} from 'graphql'
import type { Caller } from '../../domain/people/callers.ts'
import type { Logger } from '../../runtime/logger.ts'
import { createResultStream, type ResultStream } from '../fan-out/result-stream.ts'
import { executeEvent } from './event-execution.ts'
import { createExecute, type Execute } from './execution.ts'
import { createFaultMask } from './faults.ts'

/** Who asks; what the transports hand over as `contextValue`. */
export interface Principal {
  caller: Caller | null
  requestId: string
  /** Where an event stream broke off: the id of the last event that its client has read. */
  lastEventId?: string
}

/** Holds what an operation reads from; disposed as soon as its result is complete. */
export type OperationContext = Principal & AsyncDisposable

export type OpenContext = (principal: Principal) => OperationContext

/** `contextValue` is the Principal. */
export interface Operations {
  execute: (args: ExecutionArgs) => Promise<ExecutionResult>
  subscribe: (args: ExecutionArgs) => Promise<ResultStream | ExecutionResult>
  /** The events of a subscription, before they are executed. */
  openSource: (args: ExecutionArgs) => Promise<AsyncIterable<unknown> | ExecutionResult>
  /** One execution for each event. */
  stream: (args: ExecutionArgs, source: AsyncIterable<unknown>) => ResultStream
  /** The last result of a subscription whose source failed. */
  describeFailure: (args: ExecutionArgs, error: unknown) => ExecutionResult
}

interface OperationsInput {
  openContext: OpenContext
  logger: Logger
  execute?: Execute
}

export function createOperations({ openContext, logger, execute = createExecute() }: OperationsInput): Operations {
  const mask = createFaultMask(logger)

  // Not waited for: the result is complete, and giving back the snapshot would add a round trip to every answer.
  const dispose = (context: OperationContext) => {
    Promise.resolve(context[Symbol.asyncDispose]()).catch((error: unknown) =>
      logger.error({ err: error, requestId: context.requestId }, 'a context could not be disposed'),
    )
  }

  const executeOperation = async (args: ExecutionArgs): Promise<ExecutionResult> => {
    const principal = args.contextValue as Principal
    const context = openContext(principal)
    try {
      const result = await execute({ ...args, contextValue: context })
      return result.errors ? mask(result, principal.requestId) : result
    } finally {
      dispose(context)
    }
  }

  const openSource = async (args: ExecutionArgs) => {
    const principal = args.contextValue as Principal
    const context = openContext(principal)
    try {
      const source = await createSourceEventStream({ ...args, contextValue: context })
      return isAsyncIterable(source) ? source : mask(source, principal.requestId)
    } finally {
      dispose(context)
    }
  }

  const describeFailure = (args: ExecutionArgs, error: unknown) => {
    const errors = [locatedError(error, undefined) as GraphQLError]
    return mask({ data: null, errors }, (args.contextValue as Principal).requestId)
  }

  /** Every event is executed with a context of its own: it reads the moment of the event. */
  const stream = (args: ExecutionArgs, source: AsyncIterable<unknown>) =>
    createResultStream({
      source: source[Symbol.asyncIterator](),
      execute: (event, isWanted) => executeEvent(() => executeOperation({ ...args, rootValue: event }), isWanted),
      describeFailure: (error) => describeFailure(args, error),
    })

  return {
    execute: executeOperation,
    openSource,
    stream,
    describeFailure,
    async subscribe(args) {
      const source = await openSource(args)
      return isAsyncIterable(source) ? stream(args, source) : source
    },
  }
}

function isAsyncIterable(value: object): value is AsyncIterable<unknown> {
  return Symbol.asyncIterator in value
}

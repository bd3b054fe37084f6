// What leaves the gateway when something breaks: a fault is masked and logged once, a refusal goes out as it is.

import { type ExecutionResult, GraphQLError } from 'graphql'
import { isDatabaseAway } from '../../db/errors.ts'
import { SubscriberTooSlowError } from '../../realtime/update-stream.ts'
import { LimitExceeded } from '../../runtime/limits/limit-exceeded.ts'
import type { Logger } from '../../runtime/logger.ts'

const RETRY_AFTER_MS = 1000

/** Keeps what was meant for the client (a GraphQLError, a malformed variable) and masks the rest. */
export function createFaultMask(logger: Logger): (result: ExecutionResult, requestId: string) => ExecutionResult {
  const logged = new WeakSet<object>()

  const maskError = (error: GraphQLError, requestId: string): GraphQLError => {
    const cause = causeOf(error)
    if (cause === undefined) return error
    if (!(typeof cause === 'object' && cause !== null && logged.has(cause))) {
      if (typeof cause === 'object' && cause !== null) logged.add(cause)
      logFault(logger, cause, { requestId, path: error.path?.join('.') })
    }
    return describeFault(cause, requestId, error)
  }

  return (result, requestId) => {
    if (!result.errors) return result
    // No data and no path: nothing ran, the operation or its variables are malformed, and the sentence says how. An error
    // with a path comes from a resolver, also where a subscription could not start.
    const errors = result.errors.map((error) =>
      'data' in result || error.path ? maskError(error, requestId) : asBadInput(error),
    )
    return { ...result, errors }
  }
}

/** For what breaks before there is an operation to run. */
export function describeFault(cause: unknown, requestId: string | undefined, at?: GraphQLError): GraphQLError {
  const position = { nodes: at?.nodes, path: at?.path }
  if (isDatabaseAway(cause)) {
    return new GraphQLError('The database cannot be reached at the moment. Send the same request again.', {
      ...position,
      extensions: { code: 'UNAVAILABLE', retryAfterMs: RETRY_AFTER_MS, requestId },
    })
  }
  if (cause instanceof LimitExceeded) return describeLimit(cause)
  if (cause instanceof SubscriberTooSlowError) {
    return new GraphQLError('More has changed than you have read. Read the present state, and subscribe again.', {
      ...position,
      extensions: { code: 'UNAVAILABLE', requestId },
    })
  }
  return new GraphQLError('Something went wrong on our side. It has been logged under the request id.', {
    ...position,
    extensions: { code: 'INTERNAL_SERVER_ERROR', requestId },
  })
}

export function describeLimit({ message, code, retryAfterMs }: LimitExceeded): GraphQLError {
  return new GraphQLError(message, { extensions: { code, retryAfterMs: Math.ceil(retryAfterMs) } })
}

/** A database that is away is nobody's bug: told without the stack. */
export function logFault(logger: Logger, cause: unknown, at: Record<string, unknown>): void {
  if (isDatabaseAway(cause)) logger.warn({ ...at, reason: (cause as Error).message }, 'the database is away')
  else if (cause instanceof SubscriberTooSlowError) logger.info({ ...at }, 'a subscriber did not keep up')
  else logger.error({ err: cause, ...at }, 'an operation failed')
}

/** Undefined: the error was made for the client. */
export function causeOf(error: unknown): unknown {
  let cause = error
  while (cause instanceof GraphQLError) {
    if (cause.originalError === undefined) return undefined
    cause = cause.originalError
  }
  return cause
}

function asBadInput(error: GraphQLError): GraphQLError {
  if (error.extensions.code) return error
  return new GraphQLError(error.message, {
    nodes: error.nodes,
    path: error.path,
    extensions: { ...error.extensions, code: 'BAD_USER_INPUT' },
  })
}

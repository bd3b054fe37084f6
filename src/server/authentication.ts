// Who calls: the bearer token of a request or a socket, turned into a caller.

import { GraphQLError } from 'graphql'
import type { Caller } from '../domain/people/callers.ts'
import type { Logger } from '../runtime/logger.ts'
import { describeFault, logFault } from './execution/faults.ts'

/** Null: nobody has this token. */
export type Authenticate = (token: string) => Promise<Caller | null>

export type Identify = (authorization: string | undefined, requestId: string) => Promise<Caller | null>

/**
 * No header: null, and the schema says what may be asked without a key (a look at the schema, nothing else).
 * A header that names nobody throws UNAUTHENTICATED, so that a mistyped key is never mistaken for a missing one.
 */
export function createIdentify({ authenticate, logger }: { authenticate: Authenticate; logger: Logger }): Identify {
  return async (authorization, requestId) => {
    if (authorization === undefined || authorization === '') return null
    const token = readBearerToken(authorization)
    if (token === null) throw unauthenticated('The Authorization header must be "Bearer" and a key.')
    let caller: Caller | null
    try {
      caller = await authenticate(token)
    } catch (error) {
      logFault(logger, error, { requestId })
      throw describeFault(error, requestId)
    }
    if (!caller) throw unauthenticated('This key is not known. It may have been mistyped or revoked.')
    return caller
  }
}

/** On a WebSocket the payload of connection_init carries it, with or without the word Bearer; else the upgrade does. */
export function readConnectionAuthorization(
  payload: Readonly<Record<string, unknown>> | undefined,
  header: string | undefined,
): string | undefined {
  const given = payload?.authorization ?? payload?.Authorization
  if (given === undefined || given === null || given === '') return header
  if (typeof given !== 'string') return 'malformed'
  return given.includes(' ') ? given : `Bearer ${given}`
}

function readBearerToken(authorization: string): string | null {
  return /^Bearer +([\w.~+/-]+=*) *$/i.exec(authorization)?.[1] ?? null
}

function unauthenticated(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'UNAUTHENTICATED' } })
}

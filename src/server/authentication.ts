// Who calls: the bearer token of a request or a socket, turned into a caller.

import { GraphQLError } from 'graphql'
import type { Caller } from '../domain/people/callers.ts'
import type { Admission } from '../runtime/limits/admission.ts'
import type { Origin } from '../runtime/limits/client-addresses.ts'
import { LimitExceeded } from '../runtime/limits/limit-exceeded.ts'
import type { Logger } from '../runtime/logger.ts'
import { describeFault, describeLimit, logFault } from './execution/faults.ts'

/** Null: nobody has this token. */
export type Authenticate = (token: string) => Promise<Caller | null>

export interface Credential {
  authorization: string | undefined
  origin: Origin
  requestId: string
}

export type Identify = (credential: Credential) => Promise<Caller | null>

/**
 * No header: null, and the schema says what may be asked without a key (a look at the schema, nothing else).
 * A header that names nobody throws UNAUTHENTICATED, so that a mistyped key is never mistaken for a missing one. Who is let in is
 * counted here, who is not too; whoever sends no key was counted when the request began.
 */
export function createIdentify({ authenticate, admission, logger }: IdentifyInput): Identify {
  const refuse = (origin: Origin, message: string) => {
    admission.countWithoutKey(origin)
    return new GraphQLError(message, { extensions: { code: 'UNAUTHENTICATED' } })
  }
  const judge = async ({ authorization = '', origin }: Credential) => {
    const token = readBearerToken(authorization)
    if (token === null) throw refuse(origin, 'The Authorization header must be "Bearer" and a key.')
    const caller = await authenticate(token)
    if (!caller) throw refuse(origin, 'This key is not known. It may have been mistyped or revoked.')
    admission.countRequest(origin, caller)
    return caller.kind === 'SECRET' ? caller : { ...caller, network: origin.address }
  }
  return async (credential) => {
    const { authorization, requestId } = credential
    if (authorization === undefined || authorization === '') return null
    try {
      return await judge(credential)
    } catch (error) {
      if (error instanceof GraphQLError) throw error
      if (error instanceof LimitExceeded) throw describeLimit(error)
      logFault(logger, error, { requestId })
      throw describeFault(error, requestId)
    }
  }
}

interface IdentifyInput {
  authenticate: Authenticate
  admission: Admission
  logger: Logger
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

// Top-level errors: not signed in, not allowed, malformed. Faults are masked by whoever executes the operation.
import { GraphQLError } from 'graphql'
import { InvalidInputError, NotFoundError, Refusal } from '../../domain/vocabulary/refusals.ts'
import { TooMuchChangedError } from '../../realtime/appointment-reading.ts'
import { InvalidCursorError } from '../../realtime/invalid-cursor-error.ts'

export function unauthenticated(): GraphQLError {
  const message = 'A valid key is needed: send it as `Authorization: Bearer …` (connection_init payload on WebSocket).'
  return requestError('UNAUTHENTICATED', message)
}

export function forbidden(): GraphQLError {
  return requestError('FORBIDDEN', 'This key does not allow that. A secret key of the organization does.')
}

export function badUserInput(message: string): GraphQLError {
  return requestError('BAD_USER_INPUT', message)
}

/**
 * A refusal that no result union takes up, as a top-level error: queries and subscriptions have none. Errors that are
 * no refusals stay as they are.
 */
export function asRequestError(error: unknown): unknown {
  if (error instanceof NotFoundError || error instanceof InvalidCursorError || error instanceof TooMuchChangedError) {
    return badUserInput(error.message)
  }
  if (error instanceof InvalidInputError) {
    return requestError('BAD_USER_INPUT', error.message, { issues: error.issues })
  }
  return error instanceof Refusal ? requestError(error.code, error.message) : error
}

function requestError(code: string, message: string, details: object = {}): GraphQLError {
  return new GraphQLError(message, { extensions: { code, ...details } })
}

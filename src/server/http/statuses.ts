// The HTTP status of a GraphQL result, and how its errors are written.

import type { ExecutionResult, GraphQLError, GraphQLFormattedError } from 'graphql'

export const JSON_TYPE = 'application/json'
export const RESPONSE_TYPE = 'application/graphql-response+json'
export type JsonMediaType = typeof JSON_TYPE | typeof RESPONSE_TYPE

const STATUSES: Readonly<Record<string, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  RATE_LIMITED: 429,
  INTERNAL_SERVER_ERROR: 500,
  UNAVAILABLE: 503,
}

/**
 * A result with data is 200, whatever else it carries. Without any data the code of its errors decides (the highest), for
 * both media types: 401 without a valid key, 503 when the database is away. A request that could not be run at
 * all (malformed variables) is 400, but 200 for a client that only knows `application/json`, as the older
 * drafts of GraphQL over HTTP have it.
 */
export function statusOf(result: ExecutionResult, mediaType: JsonMediaType): number {
  if (!result.errors || result.data) return 200
  let status = 0
  for (const { extensions } of result.errors) status = Math.max(status, STATUSES[String(extensions.code)] ?? 0)
  if (status > 0) return status
  return 'data' in result || mediaType === JSON_TYPE ? 200 : 400
}

/** What a client of this status is told besides. */
export function headersOf(status: number, errors: readonly GraphQLError[] = []): Record<string, string> {
  if (status === 401) return { 'www-authenticate': 'Bearer' }
  if (status === 503 || status === 429) return { 'retry-after': String(retryAfterSeconds(errors)) }
  return {}
}

function retryAfterSeconds(errors: readonly GraphQLError[]): number {
  const waits = errors.map(({ extensions: { retryAfterMs } }) => (typeof retryAfterMs === 'number' ? retryAfterMs : 0))
  return Math.max(1, Math.ceil(Math.max(0, ...waits) / 1000))
}

export function writeResult(result: ExecutionResult): string {
  return JSON.stringify(result.errors ? { ...result, errors: writeErrors(result.errors) } : result)
}

export function writeErrors(errors: readonly GraphQLError[]): GraphQLFormattedError[] {
  return errors.map(withoutHttp)
}

// `http` and `unexpected` are notes between the parts of the pipeline.
function withoutHttp(error: GraphQLError): GraphQLFormattedError {
  const { extensions, ...rest } = error.toJSON()
  if (!extensions) return rest
  const { http, unexpected, ...kept } = extensions
  return Object.keys(kept).length > 0 ? { ...rest, extensions: kept } : rest
}

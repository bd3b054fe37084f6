// The table of routes: which handler answers a path.

import type { IncomingMessage, ServerResponse } from 'node:http'

export type RequestHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  /** Of this request, in its answer and in the log. */
  requestId: string,
) => void | Promise<void>

/** Exact paths; one that ends in `/*` answers everything below it. */
export type Routes = Readonly<Record<string, RequestHandler>>

export function findRoute(routes: Routes, url: string): RequestHandler | undefined {
  const query = url.indexOf('?')
  const path = query < 0 ? url : url.slice(0, query)
  if (Object.hasOwn(routes, path)) return routes[path]
  const prefix = Object.keys(routes).find((pattern) => pattern.endsWith('/*') && path.startsWith(pattern.slice(0, -1)))
  return prefix === undefined ? undefined : routes[prefix]
}

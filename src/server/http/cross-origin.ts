// Which pages of other origins may call: a booking page lives on its owner's site.

import type { IncomingMessage, ServerResponse } from 'node:http'

/** `*`: any page. There are no cookies, so a page can do only what the key in its hands allows. */
export type AllowedOrigins = '*' | readonly string[]

export interface CrossOrigin {
  /** Adds what the browser of a foreign page asks for. */
  allow: (request: IncomingMessage, response: ServerResponse) => void
  answerPreflight: (request: IncomingMessage, response: ServerResponse) => void
  /** Sockets know no preflight: their server has to look itself. */
  allowsUpgrade: (request: IncomingMessage) => boolean
}

const EXPOSED = 'x-request-id, retry-after'
const DAY_SECONDS = 86_400

export function createCrossOrigin(origins: AllowedOrigins): CrossOrigin {
  const allowed = origins === '*' ? null : new Set(origins)

  const allow = (request: IncomingMessage, response: ServerResponse) => {
    const { origin } = request.headers
    if (origin === undefined) return
    if (allowed) response.setHeader('vary', 'origin')
    if (allowed && !allowed.has(origin)) return
    response.setHeader('access-control-allow-origin', allowed ? origin : '*')
    response.setHeader('access-control-expose-headers', EXPOSED)
  }

  return {
    allow,
    answerPreflight(request, response) {
      allow(request, response)
      response.writeHead(204, {
        'access-control-allow-methods': 'GET, POST, PUT, DELETE',
        // The asterisk would not cover Authorization.
        'access-control-allow-headers':
          request.headers['access-control-request-headers']?.toString() ?? 'authorization, content-type',
        'access-control-max-age': String(DAY_SECONDS),
      })
      response.end()
    },
    allowsUpgrade: ({ headers: { origin } }) => !allowed || origin === undefined || allowed.has(origin),
  }
}

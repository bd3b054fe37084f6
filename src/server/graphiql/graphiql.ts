// GraphiQL: the page, with ready tabs that run as they stand on the demo, or with the key that a visitor gives.

import type { IncomingMessage } from 'node:http'
import { GraphQLError } from 'graphql'
import type { Admission } from '../../runtime/limits/admission.ts'
import type { Origin } from '../../runtime/limits/client-addresses.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Identify } from '../authentication.ts'
import type { Documents } from '../execution/documents.ts'
import type { Operations } from '../execution/operations.ts'
import type { RequestHandler } from '../routes.ts'
import { createGraphiqlAssets, type GraphiqlAssets } from './graphiql-assets.ts'
import { buildExamples, type ExampleFacts, formatHeaders, PLACEHOLDERS } from './graphiql-examples.ts'
import { findExampleFacts } from './graphiql-facts.ts'

/** The demo organization of the embedded mode. */
export interface Demo {
  publishableKey: string
}

interface GraphiqlInput {
  demo: Demo | null
  documents: Documents
  execute: Operations['execute']
  identify: Identify
  originOf: Admission['originOf']
  logger: Logger
}

export interface Graphiql {
  answerPage: RequestHandler
  answerAsset: RequestHandler
}

export function isForGraphiql({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && (headers.accept ?? '').includes('text/html')
}

interface Asking {
  authorization: string | undefined
  origin: Origin
  requestId: string
}

/** What the page says above its tabs, and whether these are filled in. */
interface Filled {
  facts: ExampleFacts | null
  note: string
}

export function createGraphiql({ demo, documents, execute, identify, originOf, logger }: GraphiqlInput): Graphiql {
  const assets = createGraphiqlAssets()

  const fill = async ({ requestId, ...asking }: Asking): Promise<Filled> => {
    try {
      const caller = await identify({ ...asking, requestId })
      if (!caller) return { facts: null, note: NO_KEY }
      const facts = await findExampleFacts({ documents, execute, caller, requestId, now: Date.now() })
      return { facts, note: facts ? FILLED : NOTHING_OPEN }
    } catch (error) {
      // What identify throws is told to whoever asks.
      if (error instanceof GraphQLError) return { facts: null, note: error.message }
      // A page without an answer in its tabs is still of use.
      logger.warn({ err: error, requestId }, 'the examples of GraphiQL could not be filled in')
      return { facts: null, note: NOT_FILLED }
    }
  }

  return {
    answerAsset: assets.answer,
    async answerPage(request, response, requestId) {
      const key = demo?.publishableKey ?? null
      const asking =
        key === null
          ? { authorization: request.headers.authorization, origin: originOf(request) }
          : { authorization: `Bearer ${key}`, origin: OURSELVES }
      const page = await renderPage(assets, { ...(await fill({ ...asking, requestId })), key })
      response
        .writeHead(200, {
          'content-type': 'text/html; charset=utf-8',
          // It carries a key and dates.
          'cache-control': 'no-store',
          'content-security-policy': CONTENT_SECURITY_POLICY,
          'referrer-policy': 'no-referrer',
        })
        .end(page)
    },
  }
}

const NO_KEY = 'Give a key of your organization ("create-key" makes one): then the examples are filled in.'
const FILLED = 'The examples are filled in with a service and an open slot.'
const NOTHING_OPEN =
  'Nothing is open in the next four days: put the id of a service ("{ services { id name } }" lists them) and a time into the variables.'
const NOT_FILLED = 'The examples could not be filled in: put the id of a service and a time into the variables.'

const OURSELVES = { address: 'graphiql', isLocal: true }

// Styles inline and images as data: the editor makes them while it runs.
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/**
 * GraphiQL lets its tabs fly in and hides that, but not of a tab that has the focus: pressed for the first time, each of several
 * ready tabs jumped away from under the pointer, and the click was lost.
 */
const TABS_STAY = '.graphiql-tabs .graphiql-tab.graphiql-tab { transform: none !important }'

const LAYOUT = `
body { display: flex; flex-direction: column; height: 100vh; margin: 0 }
#bar { display: flex; gap: 12px; align-items: center; padding: 6px 16px; font: 14px system-ui, sans-serif; background: #287a5c; color: #fff }
#bar a { color: #fff; margin-left: auto; white-space: nowrap }
#key { display: flex; gap: 6px; align-items: center; margin: 0; white-space: nowrap }
#root { flex: 1; min-height: 0 }
`

/** Opened by this window, so that it knows the key and the hold of this one. */
const SECOND_WINDOW = '<a href="/graphql" target="_blank" rel="opener">Second window</a>'

const KEY_FIELD = `<form id="key">
        <label for="key-field">Key</label>
        <input id="key-field" name="key" type="password" autocomplete="off" spellcheck="false" size="28" placeholder="pk_ or sk_">
        <button>Use it</button>
      </form>`

const ICON =
  'data:image/svg+xml,%3Csvg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"%3E%3Crect width="16" height="16" rx="3" fill="%23287a5c"/%3E%3Cpath d="M4 8l3 3 5-6" fill="none" stroke="%23fff" stroke-width="2"/%3E%3C/svg%3E'

async function renderPage(
  assets: GraphiqlAssets,
  { facts, note, key }: Filled & { key: string | null },
): Promise<string> {
  const [style, script, boot, editorWorkerService, json, graphql] = await Promise.all(
    (['graphiql.css', 'graphiql.js', 'boot.js', 'editor.js', 'json.js', 'graphql.js'] as const).map(assets.address),
  )
  const settings = {
    options: {
      title: 'Slotwire',
      defaultTabs: buildExamples(facts ?? PLACEHOLDERS, key),
      defaultHeaders: formatHeaders(key),
      // Those of the demo are no secret. Others are forgotten with the window.
      shouldPersistHeaders: key !== null,
      // Over HTTP, so that a live view carries the header of its tab or the key.
      subscriptionsProtocol: 'SSE',
    },
    workers: { editorWorkerService, json, graphql },
    fresh: key !== null || facts !== null,
    note,
  }
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Slotwire</title>
    <link rel="icon" href='${ICON}'>
    <link rel="stylesheet" href="${style}">
    <style>${TABS_STAY}${LAYOUT}</style>
    <script id="options" type="application/json">${JSON.stringify(settings).replaceAll('<', '\\u003c')}</script>
  </head>
  <body>
    <noscript>GraphiQL needs JavaScript.</noscript>
    <div id="bar">
      ${key === null ? KEY_FIELD : ''}
      <span id="note"></span>
      ${SECOND_WINDOW}
    </div>
    <div id="root"></div>
    <script src="${boot}"></script>
    <script src="${script}"></script>
  </body>
</html>
`
}

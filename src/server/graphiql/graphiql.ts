// GraphiQL: the page, with ready tabs that run as they stand on the demo.

import type { IncomingMessage } from 'node:http'
import type { Logger } from '../../runtime/logger.ts'
import type { Identify } from '../authentication.ts'
import type { Documents } from '../execution/documents.ts'
import type { Operations } from '../execution/operations.ts'
import type { RequestHandler } from '../routes.ts'
import { createGraphiqlAssets, type GraphiqlAssets } from './graphiql-assets.ts'
import { buildExamples, type ExampleFacts, type ExampleTab, formatHeaders, PLACEHOLDERS } from './graphiql-examples.ts'
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
  logger: Logger
}

export interface Graphiql {
  answerPage: RequestHandler
  answerAsset: RequestHandler
}

export function isForGraphiql({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && (headers.accept ?? '').includes('text/html')
}

export function createGraphiql({ demo, documents, execute, identify, logger }: GraphiqlInput): Graphiql {
  const assets = createGraphiqlAssets()

  const findFacts = async (requestId: string): Promise<ExampleFacts> => {
    if (!demo) return PLACEHOLDERS
    try {
      const caller = await identify({ authorization: `Bearer ${demo.publishableKey}`, origin: OURSELVES, requestId })
      const facts = caller && (await findExampleFacts({ documents, execute, caller, requestId, now: Date.now() }))
      return facts ?? PLACEHOLDERS
    } catch (error) {
      // A page without an answer in its tabs is still of use.
      logger.warn({ err: error, requestId }, 'the examples of GraphiQL could not be filled in')
      return PLACEHOLDERS
    }
  }

  return {
    answerAsset: assets.answer,
    async answerPage(_request, response, requestId) {
      const key = demo?.publishableKey ?? null
      const page = await renderPage(assets, { examples: buildExamples(await findFacts(requestId), key), key })
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

const ICON =
  'data:image/svg+xml,%3Csvg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"%3E%3Crect width="16" height="16" rx="3" fill="%23287a5c"/%3E%3Cpath d="M4 8l3 3 5-6" fill="none" stroke="%23fff" stroke-width="2"/%3E%3C/svg%3E'

async function renderPage(
  assets: GraphiqlAssets,
  { examples, key }: { examples: ExampleTab[]; key: string | null },
): Promise<string> {
  const [style, script, boot, editorWorkerService, json, graphql] = await Promise.all(
    (['graphiql.css', 'graphiql.js', 'boot.js', 'editor.js', 'json.js', 'graphql.js'] as const).map(assets.address),
  )
  const settings = {
    options: {
      title: 'Slotwire',
      defaultTabs: examples,
      defaultHeaders: formatHeaders(key),
      shouldPersistHeaders: true,
      // Over HTTP, so that a live view carries the header of its tab.
      subscriptionsProtocol: 'SSE',
    },
    workers: { editorWorkerService, json, graphql },
    fresh: key !== null,
  }
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Slotwire</title>
    <link rel="icon" href='${ICON}'>
    <link rel="stylesheet" href="${style}">
    <style>${TABS_STAY}</style>
    <script id="options" type="application/json">${JSON.stringify(settings).replaceAll('<', '\\u003c')}</script>
  </head>
  <body>
    <noscript>GraphiQL needs JavaScript.</noscript>
    <div id="root"></div>
    <script src="${script}"></script>
    <script src="${boot}"></script>
  </body>
</html>
`
}

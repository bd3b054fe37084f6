// Our server and pipeline as in production, with a schema of one field: prices everything but resolvers and database.

// Pothos comes from the gateway's own packages and brings the same graphql as the server: two copies refuse each other.
import SchemaBuilder from '@pothos/core'
import { createLogger } from '../../src/runtime/logger.ts'
import { createGraphqlEndpoint } from '../../src/server/graphql-endpoint.ts'
import { openServer } from '../../src/server.ts'

// The types of the gateway's plugins reach into this file; the plugins are not loaded.
const builder = new SchemaBuilder({} as never)
builder.queryType({ fields: (t) => ({ hello: t.string({ resolve: () => 'world' }) }) })

const logger = createLogger('warn')
const endpoint = createGraphqlEndpoint({
  schema: builder.toSchema(),
  openContext: (principal) => ({ ...principal, async [Symbol.asyncDispose]() {} }),
  authenticate: async () => null,
  findRevoked: async () => [],
  limits: { requestsWithoutKey: Number.MAX_SAFE_INTEGER, requestsUnderWayPerAddress: Number.MAX_SAFE_INTEGER },
  logger,
})
await openServer({
  host: '127.0.0.1',
  port: Number(process.argv[2]),
  portName: 'PORT',
  routes: endpoint.routes,
  logger,
})
process.send?.({ ready: true })

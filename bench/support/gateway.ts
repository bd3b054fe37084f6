// Our own gateway as it runs in production: the command in a process of its own.

import { fileURLToPath } from 'node:url'
import { findFreePort } from './free-port.ts'
import { type PinnedProcess, startNode } from './processes.ts'

export interface Gateway extends AsyncDisposable {
  port: number
  process: PinnedProcess
}

const UNLIMITED = '2147483647'

interface GatewayInput {
  databaseUrl: string
  redisUrl?: string
  /** Left out: wherever the system puts it. */
  core?: number
}

export async function startGateway({ databaseUrl, redisUrl = '', core }: GatewayInput): Promise<Gateway> {
  const port = await findFreePort()
  const child = startNode({
    file: fileURLToPath(new URL('../../src/main.ts', import.meta.url)),
    parameters: ['serve'],
    core,
    environment: {
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisUrl,
      HOST: '127.0.0.1',
      PORT: String(port),
      LOG_LEVEL: 'warn',
      NODE_ENV: 'production',
      // All load comes from one address, with one key or none.
      LIMIT_REQUESTS_PER_KEY: UNLIMITED,
      LIMIT_REQUESTS_WITHOUT_KEY: UNLIMITED,
      LIMIT_REQUESTS_UNDER_WAY_PER_ADDRESS: UNLIMITED,
      LIMIT_CONNECTIONS_PER_ADDRESS: UNLIMITED,
      LIMIT_SOCKETS_OPENING_PER_ADDRESS: UNLIMITED,
    },
  })
  await child.printed('"graphql"')
  return { port, process: child, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() }
}

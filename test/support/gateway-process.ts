// A real gateway in a process of its own, as `npm start` runs it.

import { startProcess } from './child-processes.ts'
import { REPOSITORY } from './run-command.ts'
import { until } from './until.ts'

export interface GatewayProcess extends AsyncDisposable {
  url: string
  graphqlUrl: string
  pid: number
  /** SIGTERM; answers the exit code once it has closed. */
  stop: () => Promise<number | NodeJS.Signals>
  /** SIGKILL: it gets to close nothing. */
  kill: () => Promise<void>
  /** What it logged so far. */
  log: () => string
}

interface GatewayOptions {
  /** Null: the embedded PostgreSQL, in the DATA_DIR of `environment`. */
  databaseUrl: string | null
  redisUrl?: string
  environment?: Record<string, string>
}

/** On a free port of this machine, ready to answer. Disposing kills it. */
export async function startGateway(options: GatewayOptions): Promise<GatewayProcess> {
  const child = startProcess('gateway', process.execPath, ['src/slotwire.mjs', 'serve'], {
    cwd: REPOSITORY,
    environment: {
      PATH: process.env.PATH,
      HOST: '127.0.0.1',
      PORT: '0',
      ...(options.databaseUrl !== null && { DATABASE_URL: options.databaseUrl }),
      ...(options.redisUrl !== undefined && { REDIS_URL: options.redisUrl }),
      ...options.environment,
    },
  })
  // Its result, printed when it listens.
  await until(() => child.stdout().includes('\n') || child.exitCode() !== null, {
    deadlineMs: 60_000,
    what: 'The start of a gateway',
  })
  if (child.exitCode() !== null) throw new Error(`The gateway ended with ${child.exitCode()}: ${child.stderr()}`)
  const { graphql } = JSON.parse(child.stdout()) as { graphql: string }
  const url = new URL(graphql).origin
  await until(async () => (await fetch(`${url}/readyz`)).ok, { deadlineMs: 30_000, what: 'Readiness' })
  return {
    url,
    graphqlUrl: graphql,
    pid: child.pid,
    async stop() {
      child.signal('SIGTERM')
      return child.exited
    },
    kill: async () => child[Symbol.asyncDispose](),
    log: child.stderr,
    [Symbol.asyncDispose]: async () => child[Symbol.asyncDispose](),
  }
}

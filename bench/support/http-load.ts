// Starts the HTTP load on its own core and hands it one job after the other.

import { fileURLToPath } from 'node:url'
import type { HttpJob, HttpResult } from '../load/http-load.ts'
import { LOAD_CORE, startNode } from './processes.ts'

export interface HttpLoad extends AsyncDisposable {
  run(job: HttpJob): Promise<HttpResult>
}

/** `core` null: wherever the system puts it. */
export async function startHttpLoad({ core = LOAD_CORE }: { core?: number | null } = {}): Promise<HttpLoad> {
  const file = fileURLToPath(new URL('../load/http-load.ts', import.meta.url))
  const child = startNode({ file, core: core ?? undefined })
  await child.receive('ready')
  return {
    async run(job) {
      child.send(job)
      const patienceMs = job.warmUpMs + job.measureMs + 30_000
      const answer = await child.receive<{ result?: HttpResult; failure?: string }>(['result', 'failure'], patienceMs)
      if (!answer.result) throw new Error(`The load on port ${job.port} failed: ${answer.failure}`)
      return answer.result
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  }
}

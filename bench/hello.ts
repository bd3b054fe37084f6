// Requests per second of a hello world over our server, against mercurius with JIT.

import { fileURLToPath } from 'node:url'
import { findFreePort } from './support/free-port.ts'
import { type HttpLoad, startHttpLoad } from './support/http-load.ts'
import { SERVER_CORE, startNode } from './support/processes.ts'
import type { Report } from './support/report.ts'
import { median } from './support/statistics.ts'

const CONNECTIONS = 32
const ROUNDS = 3
const MEASURE_MS = 3000

export async function measureHello(): Promise<Report> {
  await using load = await startHttpLoad()
  const ours: number[] = []
  const mercurius: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await measureServer('hello', load))
    mercurius.push(await measureServer('mercurius', load))
  }
  return {
    rows: [
      {
        part: 'hello',
        measured: `hello world, requests/s, ${CONNECTIONS} connections`,
        value: median(ours),
        against: 'mercurius with JIT',
        denominator: median(mercurius),
        target: { atLeast: 0.8 },
      },
    ],
    notes: ['hello: the server alone on its core, the load on the other.'],
  }
}

async function measureServer(name: 'hello' | 'mercurius', load: HttpLoad): Promise<number> {
  const port = await findFreePort()
  const file = fileURLToPath(new URL(`servers/${name}.ts`, import.meta.url))
  await using server = startNode({ file, parameters: [port], core: SERVER_CORE })
  await server.receive('ready')
  const { perSecond } = await load.run({
    port,
    path: '/graphql',
    connections: CONNECTIONS,
    headers: { accept: 'application/json' },
    requests: { kind: 'constant', body: JSON.stringify({ query: '{ hello }' }) },
    expect: '{"hello":"world"}',
    warmUpMs: 2000,
    measureMs: MEASURE_MS,
  })
  return perSecond
}

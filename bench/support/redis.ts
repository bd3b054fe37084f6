// A Redis server of the bench's own, on the core of the load.

import { requireProgram } from '../../test/support/programs.ts'
import { findFreePort } from './free-port.ts'
import { LOAD_CORE, startProgram } from './processes.ts'

export interface RedisServer extends AsyncDisposable {
  url: string
  port: number
}

export async function startRedis(): Promise<RedisServer> {
  const port = await findFreePort()
  const server = startProgram({
    file: requireProgram(['redis-server', 'valkey-server'], 'redis-server'),
    parameters: ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    core: LOAD_CORE,
  })
  await server.printed('Ready to accept connections')
  return { url: `redis://127.0.0.1:${port}`, port, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

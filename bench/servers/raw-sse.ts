// The floor of server-sent events: node:http writes one shared chunk to every open response.

import { createServer, type ServerResponse } from 'node:http'
import { monotonicMs } from '../support/clock.ts'
import { type Broadcast, formatEvent } from '../support/messages.ts'

const responses = new Set<ServerResponse>()
const server = createServer((request, response) => {
  request.resume()
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  response.flushHeaders()
  responses.add(response)
  response.on('close', () => responses.delete(response))
})
server.listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 }, () =>
  process.send?.({ ready: true }),
)

process.on('message', async ({ rounds, bytes, gapMs }: Broadcast) => {
  for (let round = 0; round < rounds; round++) {
    const chunk = Buffer.from(formatEvent(monotonicMs(), bytes))
    for (const response of responses) response.write(chunk)
    if (gapMs > 0) await new Promise((resolve) => setTimeout(resolve, gapMs))
    else await drained()
  }
  process.send?.({ broadcast: rounds })
})

async function drained(): Promise<void> {
  do await new Promise((resolve) => setImmediate(resolve))
  while ([...responses].some((response) => response.writableLength > 0))
}

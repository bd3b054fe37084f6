// The floor: `ws` sends one shared buffer to every client in a loop.

import { type WebSocket, WebSocketServer } from 'ws'
import { monotonicMs } from '../support/clock.ts'
import { type Broadcast, formatMessage } from '../support/messages.ts'

const server = new WebSocketServer({
  port: Number(process.argv[2]),
  host: '127.0.0.1',
  perMessageDeflate: false,
  backlog: 4096,
})
const clients = new Set<WebSocket & { _socket?: { writableLength: number } }>()
server.on('connection', (client) => {
  clients.add(client)
  client.on('close', () => clients.delete(client))
})
server.on('listening', () => process.send?.({ ready: true }))

process.on('message', async ({ rounds, bytes, gapMs }: Broadcast) => {
  for (let round = 0; round < rounds; round++) {
    const message = Buffer.from(formatMessage(monotonicMs(), bytes))
    for (const client of clients) client.send(message, { binary: false })
    if (gapMs > 0) await new Promise((resolve) => setTimeout(resolve, gapMs))
    else await drained()
  }
  process.send?.({ broadcast: rounds })
})

async function drained(): Promise<void> {
  do await new Promise((resolve) => setImmediate(resolve))
  while ([...clients].some((client) => (client._socket?.writableLength ?? 0) > 0))
}

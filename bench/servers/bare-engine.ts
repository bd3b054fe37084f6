// The floor of opening a subscription: `ws` and graphql-ws, which keep the protocol, with nothing behind them. Everybody is
// let in unseen, no document is read, and the first answer is the same bytes for all.

import { createServer } from 'node:http'
import { buildSchema, parse } from 'graphql'
import { handleProtocols, makeServer } from 'graphql-ws'
import { WebSocketServer } from 'ws'
import { RIVAL_SCHEMA, RIVAL_SUBSCRIPTION } from '../support/messages.ts'

const [port, answerBytes = 0] = process.argv.slice(2).map(Number)

const schema = buildSchema(RIVAL_SCHEMA)
const document = parse(RIVAL_SUBSCRIPTION.query)
const answer = textFrame(`{"type":"next","payload":{"data":{}}}`.padEnd(answerBytes))
const done: IteratorResult<never> = { done: true, value: undefined }
/** The same for all: nothing ever comes. */
const silence: AsyncGenerator<never> = {
  next: () => new Promise(() => {}),
  return: async () => done,
  throw: async () => done,
  [Symbol.asyncIterator]: () => silence,
  async [Symbol.asyncDispose]() {},
}

const protocol = makeServer({
  onConnect: () => true,
  onSubscribe: () => ({ schema, document }),
  subscribe: () => silence,
})
const sockets = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  handleProtocols,
})
const server = createServer()
server.on('upgrade', (request, raw, head) => {
  sockets.handleUpgrade(request, raw, head, (socket) => {
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        send: (text) => new Promise((resolve) => socket.send(text, () => resolve())),
        close: (code, reason) => socket.close(code, reason),
        onMessage(take) {
          socket.on('message', (data) => {
            const text = String(data)
            void take(text)
            if (text.includes('"subscribe"')) raw.write(answer)
          })
        },
      },
      {},
    )
    socket.once('close', (code, reason) => void closed(code, String(reason)))
  })
})
server.listen({ port, host: '127.0.0.1', backlog: 4096 }, () => process.send?.({ ready: true }))

function textFrame(text: string): Buffer {
  const payload = Buffer.from(text)
  const header = Buffer.from([0x81, 126, 0, 0])
  header.writeUInt16BE(payload.length, 2)
  return Buffer.concat([header, payload])
}

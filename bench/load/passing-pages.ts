// Pages that are opened, get their snapshot, stay for a moment and are closed.

import { connect } from 'node:net'
import type { PageToOpen } from '../support/churn.ts'
import { createFrameReader, HANDSHAKE_HEADERS, textFrame } from './websocket-frames.ts'

/** Twenty at a time, at fifty a second. */
const STAY_MS = 400
const ANSWER_DEADLINE_MS = 20_000

const [port = '', authorization = ''] = process.argv.slice(2)
let finished = 0
let failed = 0
let open = 0
let isLast = false

process.on('message', (command: PageToOpen | { finish: true }) => {
  if ('finish' in command) {
    isLast = true
    report()
  } else visit(command.page)
})
process.send?.({ ready: true })

function visit(page: object): void {
  open++
  let state: 'shaking' | 'initiating' | 'waiting' | 'answered' = 'shaking'
  const socket = connect({ port: Number(port), host: '127.0.0.1', noDelay: true })
  const reader = createFrameReader({
    onText(bytes, start, end) {
      const text = bytes.toString('latin1', start, Math.min(end, start + 200))
      if (state === 'initiating' && text.includes('connection_ack')) {
        socket.write(textFrame(JSON.stringify({ id: '1', type: 'subscribe', payload: page })))
        state = 'waiting'
      } else if (state === 'waiting' && text.includes('"SNAPSHOT"')) {
        state = 'answered'
        setTimeout(() => socket.destroy(), STAY_MS)
      }
    },
    pong: (frame) => socket.write(frame),
  })
  const impatience = setTimeout(() => socket.destroy(), ANSWER_DEADLINE_MS)
  socket.on('connect', () =>
    socket.write(
      `GET /graphql HTTP/1.1\r\nHost: localhost\r\n${HANDSHAKE_HEADERS}\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n`,
    ),
  )
  socket.on('data', (bytes: Buffer) => {
    let start = 0
    if (state === 'shaking') {
      const end = bytes.indexOf('\r\n\r\n')
      if (end < 0) return
      start = end + 4
      state = 'initiating'
      socket.write(textFrame(JSON.stringify({ type: 'connection_init', payload: { authorization } })))
    }
    if (start < bytes.length) reader.push(bytes, start, bytes.length)
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    clearTimeout(impatience)
    if (state === 'answered') finished++
    else failed++
    open--
    report()
  })
}

function report(): void {
  if (isLast && open === 0) process.send?.({ finished, failed })
}

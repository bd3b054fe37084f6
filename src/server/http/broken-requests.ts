// What cannot be read as HTTP gets an answer too: which limit it broke, and an end.

import type { Duplex } from 'node:stream'
import type { LimitExceeded } from '../../runtime/limits/limit-exceeded.ts'

const ANSWERS: Record<string, { status: string; code: string; message: string }> = {
  HPE_HEADER_OVERFLOW: {
    status: '431 Request Header Fields Too Large',
    code: 'REQUEST_TOO_LARGE',
    message: 'The address and headers are longer than this server takes. Send the query as a POST.',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: '408 Request Timeout',
    code: 'REQUEST_TIMEOUT',
    message: 'The request did not arrive in time.',
  },
}

const MALFORMED = { status: '400 Bad Request', code: 'BAD_REQUEST', message: 'This is not a request in HTTP/1.1.' }

export function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const { status, code, message } = ANSWERS[error.code ?? ''] ?? MALFORMED
  endWith(socket, status, { message, extensions: { code } })
}

const STATUS_LINES = { 429: '429 Too Many Requests', 503: '503 Service Unavailable' } as const

/** Before its request was read, or instead of an upgrade. Whoever does not read the answer is cut off. */
export function refuseConnection(socket: Duplex, limit: LimitExceeded): void {
  const { status, code, message, retryAfter, retryAfterMs } = limit
  const error = { message, extensions: { code, retryAfterMs: Math.ceil(retryAfterMs) } }
  socket.on('error', () => {})
  endWith(socket, STATUS_LINES[status], error, `retry-after: ${retryAfter}\r\n`)
  setTimeout(() => socket.destroy(), ANSWERING_MS).unref()
}

const ANSWERING_MS = 1000

function endWith(socket: Duplex, status: string, error: object, headers = ''): void {
  const body = JSON.stringify({ errors: [error] })
  socket.end(
    `HTTP/1.1 ${status}\r\nconnection: close\r\n${headers}content-type: application/json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}

// Reads a request's body into a text, never more than the limit.

import type { IncomingMessage } from 'node:http'
import type { Visit } from '../../runtime/limits/admission.ts'
import { RequestRefusal } from './refusals.ts'

/** Throws a RequestRefusal when the body is too long or the client goes away, a LimitExceeded when too much is under way. */
export async function readBody(request: IncomingMessage, limitBytes: number, visit: Visit): Promise<string> {
  return (await readBytes(request, limitBytes, visit)).toString('utf8')
}

function readBytes(request: IncomingMessage, limitBytes: number, visit: Visit): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > limitBytes) return Promise.reject(tooLong(limitBytes))
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] | null = []
    let length = 0
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (!chunks) return
      try {
        if (length > limitBytes) throw tooLong(limitBytes)
        visit.takeBody(chunk.length)
        chunks.push(chunk)
      } catch (error) {
        chunks = null
        reject(error)
      }
    })
    request.on('end', () => {
      if (!chunks) return
      const [first] = chunks
      resolve(first && chunks.length === 1 ? first : Buffer.concat(chunks))
    })
    request.on('error', () =>
      reject(new RequestRefusal(400, 'BAD_REQUEST', 'The request ended before its body was complete.')),
    )
  })
}

function tooLong(limitBytes: number): RequestRefusal {
  return new RequestRefusal(
    413,
    'REQUEST_TOO_LARGE',
    `The body is longer than ${limitBytes} bytes, which is the most this server takes.`,
  )
}

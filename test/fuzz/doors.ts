// Every way in, as a fuzz uses it: sends one input, and says what should not have been answered.

import { createHmac } from 'node:crypto'
import { WebSocket } from 'ws'
import { signAsRetell } from '../../src/integrations/retell/signature.ts'
import { until } from '../support/until.ts'

/** Codes that a client is promised. */
const DECLARED = new Set([
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'RATE_LIMITED',
  'BAD_USER_INPUT',
  'BAD_REQUEST',
  'REQUEST_TOO_LARGE',
  'NOT_ACCEPTABLE',
  'NOT_FOUND',
  'UNSUPPORTED_MEDIA_TYPE',
  'STREAM_NOT_FOUND',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
])
/** Close codes that graphql-ws and the frames themselves promise. */
const DECLARED_CLOSES = new Set([1000, 1002, 1003, 1005, 1006, 1007, 1009, 4400, 4401, 4403, 4406, 4408, 4409, 4429])

/** Null: as it should be. */
export type Verdict = string | null

export interface HttpInput {
  path: string
  method: string
  headers: Record<string, string>
  body: string | null
}

export async function sendHttp(url: string, { path, method, headers, body }: HttpInput): Promise<Verdict> {
  const ending = new AbortController()
  const response = await fetch(url + path, { method, headers, body, redirect: 'manual', signal: ending.signal })
  const text = await readBeginning(response, ending)
  if (response.status >= 500) return `status ${response.status}: ${text.slice(0, 500)}`
  return judgeErrors(text)
}

/** Of an event stream its first event, else all of it. */
async function readBeginning(response: Response, ending: AbortController): Promise<string> {
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) return response.text()
  let text = ''
  const decoder = new TextDecoder()
  try {
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true })
      if (/^event: (next|complete)\n.*\n\n/ms.test(text)) break
    }
  } finally {
    ending.abort()
  }
  return text
}

function judgeErrors(text: string): Verdict {
  for (const [, code] of text.matchAll(/"extensions":\{"code":"(\w+)"/g)) {
    if (!DECLARED.has(code ?? '')) return `code ${code}: ${text.slice(0, 500)}`
  }
  const json = /^data: (.*)$/m.exec(text)?.[1] ?? text
  if (!json.startsWith('{"')) return null
  const { errors } = JSON.parse(json) as { errors?: { extensions?: { code?: string } }[] }
  if (!Array.isArray(errors)) return null
  const nameless = errors.find(({ extensions }) => extensions?.code === undefined)
  return nameless ? `an error without a code: ${text.slice(0, 500)}` : null
}

export async function sendFrames(url: string, frames: readonly (string | Buffer)[]): Promise<Verdict> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
  let verdict: Verdict = null
  let answered = false
  let closed: number | null = null
  socket.on('error', () => {})
  socket.on('close', (code) => {
    closed = code
  })
  socket.on('pong', () => {
    answered = true
  })
  socket.on('message', (data) => {
    const text = String(data)
    verdict ??= text.includes('"type":"pong"') ? null : judgeErrors(text)
  })
  await until(() => closed !== null || socket.readyState === WebSocket.OPEN)
  for (const frame of frames) if (socket.readyState === WebSocket.OPEN) socket.send(frame)
  // Behind all of them: whoever answers has taken them.
  if (socket.readyState === WebSocket.OPEN) socket.ping()
  await until(() => closed !== null || answered, { deadlineMs: 20_000, what: 'The answer to a ping' })
  if (closed !== null && !DECLARED_CLOSES.has(closed)) return `closed with ${closed}`
  socket.terminate()
  return verdict
}

export function signed(door: 'retell' | 'calcom', body: string, secret: string): Record<string, string> {
  return door === 'retell'
    ? { 'x-retell-signature': signAsRetell(body, secret, Date.now()) }
    : { 'x-cal-signature-256': createHmac('sha256', secret).update(body).digest('hex') }
}

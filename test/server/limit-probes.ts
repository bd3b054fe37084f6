// Callers who use a limit on one way in: from an address of their own, with or without a key, once or as long as they like.

import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { WebSocket } from 'ws'
import { signAsRetell } from '../../src/integrations/retell/signature.ts'
import type { Way } from '../../src/runtime/limits/table.ts'
import { until } from '../support/until.ts'
import type { TestGateway } from './gateway.ts'

export interface Caller {
  gateway: TestGateway
  /** As a trusted proxy would tell it. */
  address: string
  /** Null: without a key. */
  key: string | null
}

/** What somebody was told: a status or closing code, the code of the error, and when to come back. */
export interface Told {
  status: number
  code?: string
  retryAfterMs?: number
  retryAfter?: string
}

export interface Held extends Told {
  release(): Promise<void>
}

const TYPENAME = { query: '{ __typename }' }
const GET_PATH = `/graphql?query=${encodeURIComponent(TYPENAME.query)}`
const LATE = '00000000-0000-7000-8000-000000000000'

export function headersOf({ address, key }: Caller): Record<string, string> {
  return { 'x-forwarded-for': address, ...(key !== null && { authorization: `Bearer ${key}` }) }
}

export const isRefused = ({ status }: Told) => [429, 503, 1013, 1008].includes(status)

async function tell(response: Response): Promise<Told> {
  const retryAfter = response.headers.get('retry-after') ?? undefined
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream')
  if (isStream) await response.body?.cancel()
  const body = isStream ? {} : ((await response.json().catch(() => ({}))) as { errors?: GraphqlFault[] })
  const { code, retryAfterMs } = body.errors?.[0]?.extensions ?? {}
  return { status: response.status, code, retryAfterMs, retryAfter }
}

interface GraphqlFault {
  extensions?: { code?: string; retryAfterMs?: number }
}

/** One request on a way in. */
export const ASK: Record<Way, (caller: Caller, integrationId: string) => Promise<Told>> = {
  POST: async (caller) => tell(await postJson(caller, TYPENAME)),
  GET: async (caller) => tell(await fetch(`${caller.gateway.url}${GET_PATH}`, { headers: headersOf(caller) })),
  SSE: async (caller) => tell(await postJson(caller, TYPENAME, { accept: 'text/event-stream' })),
  async WEBSOCKET(caller) {
    const socket = await openSocket(caller)
    if (isRefused(socket)) return socket
    const told = await socket.ask(TYPENAME)
    await socket.release()
    return told
  },
  async DOORS({ gateway, address, key }, integrationId) {
    const body = JSON.stringify({ event: 'unheard_of' })
    const id = key === null ? LATE : integrationId
    const response = await fetch(`${gateway.url}/webhooks/retell/${id}/events`, {
      method: 'POST',
      headers: { 'x-forwarded-for': address, ...(key !== null && signature(body)) },
      body,
    })
    await response.arrayBuffer()
    const retryAfter = response.headers.get('retry-after') ?? undefined
    return { status: response.status, code: codeOf(response.status), retryAfter }
  },
}

export const WEBHOOK_KEY = 'key_of_the_webhook_badge'

export function signature(body: string): Record<string, string> {
  return { 'x-retell-signature': signAsRetell(body, WEBHOOK_KEY, Date.now()) }
}

export function postJson(caller: Caller, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(caller.gateway.graphqlUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headersOf(caller), ...headers },
    body: JSON.stringify(body),
  })
}

/** What is counted of somebody at the moment. */
export type Used = () => number

/** A request of which `sent` bytes of the body have arrived and the last one has not. */
export async function holdBody(
  caller: Caller,
  { way, integrationId, sent, used }: { way: Way; integrationId: string; sent: number; used: Used },
): Promise<Held> {
  const path = way === 'DOORS' ? `/webhooks/retell/${integrationId}/events` : '/graphql'
  const request = httpRequest(`${caller.gateway.url}${path}`, {
    method: 'POST',
    agent: false,
    headers: {
      'content-type': 'application/json',
      'content-length': sent + 1,
      ...headersOf(caller),
      ...(way === 'SSE' && { accept: 'text/event-stream' }),
    },
  })
  const before = used()
  let told: Told | null = null
  request.on('error', () => {})
  request.on('response', async (response) => {
    told = await readAnswer(response)
  })
  request.write(' '.repeat(sent))
  await until(() => told !== null || used() > before, { what: 'The request' })
  return {
    ...(told ?? { status: 0 }),
    async release() {
      request.destroy()
    },
  }
}

async function readAnswer(response: IncomingMessage): Promise<Told> {
  const text = Buffer.concat((await response.toArray()) as Buffer[]).toString()
  const body = text === '' ? {} : (JSON.parse(text) as { errors?: GraphqlFault[] })
  const status = response.statusCode ?? 0
  const { code = codeOf(status), retryAfterMs } = body.errors?.[0]?.extensions ?? {}
  return { status, code, retryAfterMs, retryAfter: response.headers['retry-after'] }
}

function codeOf(status: number): string | undefined {
  return { 429: 'RATE_LIMITED', 503: 'UNAVAILABLE' }[status]
}

export interface ProbeSocket extends Held {
  closedWith(): number | null
  ask(payload: object): Promise<Told>
  ping(): void
}

/** Acknowledged, or closed or refused with a code. `init` false: it says nothing. */
export async function openSocket(caller: Caller, { init = true } = {}): Promise<ProbeSocket> {
  const socket = new WebSocket(caller.gateway.webSocketUrl, 'graphql-transport-ws', {
    headers: { 'x-forwarded-for': caller.address },
  })
  let code: number | null = null
  let refused: Told | null = null
  const messages: { type: string; id?: string; payload?: { message?: string } & GraphqlFault }[] = []
  socket.on('error', () => {})
  socket.on('unexpected-response', (_, response) => {
    const retryAfter = response.headers['retry-after']
    refused = { status: response.statusCode ?? 0, retryAfter, code: 'RATE_LIMITED' }
    response.resume()
    socket.terminate()
  })
  socket.on('message', (data) => messages.push(JSON.parse(String(data))))
  socket.on('close', (given) => {
    code = given
  })
  socket.on('open', () => {
    if (!init) return
    const payload = caller.key === null ? {} : { authorization: caller.key }
    socket.send(JSON.stringify({ type: 'connection_init', payload }))
  })
  const isThere = () => (init ? messages.some(({ type }) => type === 'connection_ack') : socket.readyState === 1)
  await until(() => isThere() || code !== null || refused, { what: 'The socket' })
  let asked = 0
  return {
    ...(refused ?? { status: code ?? 0, code: code === 1013 ? 'RATE_LIMITED' : undefined }),
    closedWith: () => code,
    ping: () => socket.ping(),
    async ask(payload) {
      const id = String(++asked)
      socket.send(JSON.stringify({ id, type: 'subscribe', payload }))
      const answer = await until(() => messages.find((message) => message.id === id), { what: 'An answer' })
      if (answer.type !== 'error') return { status: 200 }
      const [fault] = answer.payload as unknown as GraphqlFault[]
      return { status: 429, code: fault?.extensions?.code, retryAfterMs: fault?.extensions?.retryAfterMs }
    },
    async release() {
      socket.terminate()
      await until(() => code !== null || socket.readyState === WebSocket.CLOSED)
    },
  }
}

/** A connection that says nothing. */
export async function openConnection({ gateway }: { gateway: { url: string } }, used: Used): Promise<Held> {
  const { hostname, port } = new URL(gateway.url)
  const before = used()
  const socket = connect(Number(port), hostname)
  let answer = ''
  socket.on('error', () => {})
  socket.setEncoding('utf8').on('data', (text: string) => {
    answer += text
  })
  await until(() => used() > before || answer.endsWith('}'), { what: 'The connection' })
  return {
    status: Number(/^HTTP\/1.1 (\d+)/.exec(answer)?.[1] ?? 0),
    code: /"code":"(\w+)"/.exec(answer)?.[1],
    retryAfter: /retry-after: (\d+)/.exec(answer)?.[1],
    async release() {
      socket.destroy()
    },
  }
}

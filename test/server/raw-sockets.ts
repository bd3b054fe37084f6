// A client of graphql-transport-ws that speaks only as far as a test does, and can stop to read.

import { once } from 'node:events'
import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import { until } from '../support/until.ts'
import type { TestGateway } from './gateway.ts'
import type { Tick } from './ticker.ts'

export interface Message {
  type: string
  id?: string
  payload?: { data?: { ticks: Tick } | null; errors?: { extensions?: { code?: string } }[] }
}

export interface RawSocket {
  socket: WebSocket
  messages: Message[]
  send(message: object): void
  subscribe(id: string, query: string, variables: object): void
  /** What the subscription was told so far. */
  texts(id: string): (string | undefined)[]
  /** Stops and goes on to take bytes from the connection. */
  pause(): void
  resume(): void
  closed: Promise<number>
}

/** Connected and acknowledged. */
export async function openRawSocket(gateway: Pick<TestGateway, 'webSocketUrl'>, key: string): Promise<RawSocket> {
  const socket = new WebSocket(gateway.webSocketUrl, 'graphql-transport-ws')
  const closed = once(socket, 'close').then(([code]) => Number(code))
  const raw = once(socket, 'upgrade').then(([response]) => response.socket as Socket)
  const messages: Message[] = []
  socket.on('message', (data) => messages.push(JSON.parse(String(data))))
  const send = (message: object) => socket.send(JSON.stringify(message))
  await once(socket, 'open')
  const connection = await raw
  send({ type: 'connection_init', payload: { authorization: key } })
  await until(() => messages.some(({ type }) => type === 'connection_ack'))
  return {
    socket,
    messages,
    closed,
    send,
    subscribe: (id, query, variables) => send({ id, type: 'subscribe', payload: { query, variables } }),
    texts: (id) => messages.flatMap((m) => (m.id === id && m.type === 'next' ? [m.payload?.data?.ticks?.text] : [])),
    pause: () => void connection.pause(),
    resume: () => void connection.resume(),
  }
}

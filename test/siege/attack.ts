// What an attack is given, and the few moves that many of them share.

import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { Organization } from './world.ts'

export interface Attack {
  name: string
  /** Until the signal. Whatever it gets for an answer is noted. */
  run(target: Target): Promise<void>
  /** The answer that says that it was stopped. The short version runs until it comes. */
  meets?: string
}

/** What crosses into the attacker's thread. */
export interface Field {
  gateways: [{ url: string; pid: number }, { url: string; pid: number }]
  organizations: [Organization, Organization]
  integrationId: string
  redisUrl: string
}

/** What only the siege itself can do. */
export type Order = 'freeze Redis' | 'thaw Redis' | 'cut the second database'

export interface Target {
  world: Field & {
    redis: { url: string; freeze(): void; thaw(): void }
    secondDatabase: { cut(): void }
  }
  url: string
  key: string
  /** As a trusted proxy would tell it. */
  address: string
  signal: AbortSignal
  note(answer: string): void
}

export const sleep = (milliseconds: number, signal: AbortSignal) =>
  pause(milliseconds, undefined, { signal }).catch(() => {})

/** So many at once, each again and again. */
export async function repeat({ signal }: Target, times: number, step: (index: number) => Promise<void>): Promise<void> {
  const work = async (index: number) => {
    while (!signal.aborted) {
      await step(index).catch(() => {})
      await new Promise(setImmediate)
    }
  }
  await Promise.all(Array.from({ length: times }, (_, index) => work(index)))
}

/** One request with whatever it takes; the answer is its code, or else its status. */
export async function send(target: Target, path: string, init: RequestInit = {}): Promise<void> {
  const timeout = AbortSignal.timeout(5000)
  const headers = { 'x-forwarded-for': target.address, ...init.headers }
  const response = await fetch(`${target.url}${path}`, { ...init, headers, signal: timeout })
  const text = await response.text()
  target.note(/"code":"(\w+)"/.exec(text)?.[1] ?? String(response.status))
}

export function ask(target: Target, body: unknown, key: string | null = target.key): Promise<void> {
  return send(target, '/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key !== null && { authorization: `Bearer ${key}` }) },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

/** A connection that is written to by hand. */
export async function openRaw(target: Target): Promise<Socket> {
  const { hostname, port } = new URL(target.url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  await Promise.race([
    new Promise((resolve) => socket.once('connect', resolve)),
    new Promise((resolve) => socket.once('close', resolve)),
  ])
  return socket
}

/** Open, or noted as refused. With a key it is acknowledged. */
async function openSocket(target: Target, key: string | null): Promise<WebSocket> {
  const socket = new WebSocket(`${target.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
    headers: { 'x-forwarded-for': target.address },
  })
  socket.on('error', () => {})
  socket.on('unexpected-response', (_, { statusCode }) => {
    target.note(String(statusCode))
    socket.terminate()
  })
  socket.on('close', (code) => target.note(`closed ${code}`))
  const ended = new Promise((resolve) => socket.once('close', resolve))
  await Promise.race([new Promise((resolve) => socket.once('open', resolve)), ended])
  if (key === null || socket.readyState !== WebSocket.OPEN) return socket
  const acknowledged = new Promise((resolve) => socket.once('message', resolve))
  socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: key } }))
  await Promise.race([acknowledged, ended])
  return socket
}

/** Sockets that are kept open, and opened again when they are closed. */
export async function holdSockets(
  target: Target,
  { count, key, use }: { count: number; key: string | null; use?: (socket: WebSocket) => void },
): Promise<void> {
  const open = new Set<WebSocket>()
  while (!target.signal.aborted) {
    const socket = await openSocket(target, key)
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    if (socket.readyState === WebSocket.OPEN) use?.(socket)
    while (open.size >= count && !target.signal.aborted) await sleep(20, target.signal)
  }
  for (const socket of open) socket.terminate()
}

export const DAY_MS = 86_400_000

export function watchPayload(target: Target, fromDay = 3, days = 5): { query: string; variables: object } {
  const from = Date.now() + fromDay * DAY_MS
  const input = {
    serviceId: target.world.organizations[0].serviceId,
    from: new Date(from).toISOString(),
    to: new Date(from + days * DAY_MS).toISOString(),
  }
  const query = `subscription ($input: AvailabilityInput!, $after: String) {
    availability(input: $input, after: $after) { kind opened { startsAt segments { candidates { id } } } closed { startsAt } cursor } }`
  return { query, variables: { input } }
}

export function subscribe(socket: WebSocket, id: string, payload: object): void {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ id, type: 'subscribe', payload }))
}

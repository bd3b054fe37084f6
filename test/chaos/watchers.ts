// Subscribers that come back by themselves, each with the cursor of what it has read last, over WebSocket and EventSource.

import { setTimeout as pause } from 'node:timers/promises'
import { EventSource } from 'eventsource'
import { WebSocket } from 'ws'
import { createKnownSlots, type KnownSlots, type SlotUpdate, WATCH_SLOTS } from '../support/known-slots.ts'
import type { Random } from '../support/seeded-random.ts'

export interface View {
  serviceId: string
  from: string
  to: string
  resourceIds?: string[]
}

export interface Watcher {
  input: View
  known: KnownSlots
}

export interface Watchers {
  all: Watcher[]
  /** Results with errors, and operations that were refused. */
  errors: string[]
  connections: () => number
  close: () => void
}

interface WatchersInput {
  /** Where to connect, asked anew for each connection. */
  addressOf: () => string
  key: string
  views: View[]
  perSocket: number
  random: Random
  /** Longest pause before a client comes back. */
  returnWithinMs: number
  onClose?: (code: number) => void
}

interface Message {
  type: string
  id?: string
  payload?: { data?: { availability: SlotUpdate } | null; errors?: unknown }
}

export function watchOverWebSockets(input: WatchersInput): Watchers {
  const errors: string[] = []
  const all = input.views.map((view) => ({ input: view, known: createKnownSlots() }))
  const sockets: ReturnType<typeof keepConnected>[] = []
  for (let first = 0; first < all.length; first += input.perSocket) {
    sockets.push(keepConnected(input, all.slice(first, first + input.perSocket), errors))
  }
  return {
    all,
    errors,
    connections: () => sockets.reduce((sum, { count }) => sum + count(), 0),
    close() {
      for (const { close } of sockets) close()
    },
  }
}

function keepConnected(
  { addressOf, key, random, returnWithinMs, onClose }: WatchersInput,
  own: Watcher[],
  errors: string[],
) {
  let count = 0
  let isOver = false
  let present: WebSocket

  const connect = () => {
    if (isOver) return
    count++
    const socket = new WebSocket(`${addressOf().replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
    const send = (message: object) => socket.send(JSON.stringify(message))
    const subscribe = (index: number) => {
      const { input, known } = own[index] as Watcher
      known.comeBack()
      const variables = { input, after: known.cursor() }
      send({ id: String(index), type: 'subscribe', payload: { query: WATCH_SLOTS, variables } })
    }
    present = socket
    socket.on('error', () => {})
    socket.on('open', () => send({ type: 'connection_init', payload: { authorization: key } }))
    socket.on('close', (code) => {
      if (!isOver) onClose?.(code)
      void pause(random.next() * returnWithinMs).then(connect)
    })
    socket.on('message', (data) => {
      const { type, id, payload } = JSON.parse(String(data)) as Message
      if (type === 'connection_ack') for (const index of own.keys()) subscribe(index)
      if (type !== 'next' && type !== 'error') return
      const update = type === 'next' && !payload?.errors ? payload?.data?.availability : undefined
      if (update) return own[Number(id)]?.known.take(update)
      // What it should have been told is told when it asks again.
      errors.push(JSON.stringify(payload))
      socket.terminate()
    })
  }
  connect()
  return {
    count: () => count,
    close() {
      isOver = true
      present.terminate()
    },
  }
}

export function watchOverEventSources(
  input: Omit<WatchersInput, 'perSocket' | 'returnWithinMs' | 'onClose'>,
): Watchers {
  const errors: string[] = []
  let count = 0
  const opened = input.views.map((view) => {
    const known = createKnownSlots()
    const url = new URL(`${input.addressOf()}/graphql`)
    url.searchParams.set('query', WATCH_SLOTS)
    url.searchParams.set('variables', JSON.stringify({ input: view }))
    const source = new EventSource(url, {
      fetch(address, init) {
        count++
        return fetch(address, { ...init, headers: { ...init.headers, authorization: `Bearer ${input.key}` } })
      },
    })
    source.addEventListener('open', () => known.comeBack())
    source.addEventListener('next', ({ data }: MessageEvent<string>) => {
      const { data: answer, errors: faults } = JSON.parse(data) as NonNullable<Message['payload']>
      if (faults || !answer) errors.push(data)
      else known.take(answer.availability)
    })
    return { source, watcher: { input: view, known } }
  })
  return {
    all: opened.map(({ watcher }) => watcher),
    errors,
    connections: () => count,
    close() {
      for (const { source } of opened) source.close()
    },
  }
}

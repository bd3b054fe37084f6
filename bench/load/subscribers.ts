// Thousands of subscribers in one process: opens them, counts what they get, records how late it was.

import { connect } from 'node:net'
import { monotonicMs } from '../support/clock.ts'
import { percentile } from '../support/statistics.ts'
import { createEventCounter } from './event-stream.ts'
import { createFrameReader, HANDSHAKE_HEADERS, textFrame } from './websocket-frames.ts'

export interface SubscribersJob {
  transport: 'raw-websocket' | 'websocket' | 'raw-sse' | 'sse'
  port: number
  /** The number of the first client to open. */
  first: number
  count: number
  /** Client i subscribes with the i-th, round and round. */
  subscriptions: object[]
  /** Bearer token of our gateway. */
  authorization?: string
  /** A client counts as open when its first message came (a snapshot). */
  awaitsSnapshot: boolean
  /** Text in front of what tells when a message was sent: a stamp of the monotonic clock, or a name given with `sent`. */
  mark?: string
}

export interface Latencies {
  messages: number
  p50Ms: number
  p99Ms: number
  maxMs: number
}

type Command =
  | { open: SubscribersJob }
  /** Messages from now on, or how often they have this text in them. */
  | { countFrom: string | null }
  /** Answers when so many have come since `countFrom`, or when none has come for that long. */
  | { awaitCount: number; idleMs: number }
  | { record: true }
  /** The message with this name was sent at this time. */
  | { sent: string; at: number }
  | { latencies: true }

const OPENED_AT_ONCE = 50
const READ_BYTES = 256 * 1024
const WATCH_INTERVAL_MS = 10

let received = 0
let receivedBytes = 0
let awaited: { count: number; answer: () => void } | null = null
let recording = false
let mark: Buffer | null = null
let counted: Buffer | null = null
let sample: string | null = null
const arrivals: number[] = []
const stamps: (number | string)[] = []
const sentAt = new Map<string, number>()

process.on('message', (command: Command) => {
  if ('open' in command) void open(command.open)
  else if ('countFrom' in command) {
    received = receivedBytes = 0
    counted = command.countFrom === null ? null : Buffer.from(command.countFrom)
  } else if ('awaitCount' in command) awaitCount(command.awaitCount, command.idleMs)
  else if ('record' in command) {
    recording = true
    arrivals.length = stamps.length = 0
    sentAt.clear()
  } else if ('sent' in command) sentAt.set(command.sent, command.at)
  else process.send?.({ latencies: collectLatencies() })
})
process.send?.({ ready: true })

async function open(job: SubscribersJob): Promise<void> {
  mark = job.mark ? Buffer.from(job.mark) : null
  try {
    for (let i = 0; i < job.count; i += OPENED_AT_ONCE) {
      const count = Math.min(OPENED_AT_ONCE, job.count - i)
      await Promise.all(Array.from({ length: count }, (_, j) => subscribe(job, job.first + i + j)))
    }
    process.send?.({ opened: job.count, sample })
  } catch (error) {
    process.send?.({ failure: (error as Error).message })
  }
}

function subscribe(job: SubscribersJob, index: number): Promise<void> {
  const payload = job.subscriptions[index % Math.max(1, job.subscriptions.length)]
  return new Promise((resolve, reject) => {
    let state: 'shaking' | 'initiating' | 'waiting' | 'open' = 'shaking'
    const become = (next: typeof state) => {
      state = next
      if (state === 'open') resolve()
    }
    const onMessage = (bytes: Buffer, start: number, end: number) => {
      if (state === 'open') return deliver(bytes, start, end)
      const text = bytes.toString('latin1', start, Math.min(end, start + 600))
      if (/"type":"error"|"errors":/.test(text)) return reject(new Error(`The subscription was refused: ${text}`))
      if (state === 'initiating' && text.includes('connection_ack')) {
        const id = `${String(index).padStart(8, '0')}-0000-4000-8000-000000000000`
        socket.write(textFrame(JSON.stringify({ id, type: 'subscribe', payload })))
        become(job.awaitsSnapshot ? 'waiting' : 'open')
      } else if (state === 'waiting' && text.includes('"data"')) {
        sample ??= text
        become('open')
      }
    }
    const isWebsocket = job.transport.endsWith('websocket')
    const reader = isWebsocket
      ? createFrameReader({ onText: onMessage, pong: (frame) => socket.write(frame) })
      : createEventCounter(onMessage)
    const shake = (bytes: Buffer, length: number): number => {
      const end = bytes.subarray(0, length).indexOf('\r\n\r\n')
      if (end < 0) return length
      const status = bytes.toString('latin1', 9, 12)
      if (status !== (isWebsocket ? '101' : '200')) {
        reject(new Error(`The server answered ${bytes.toString('latin1', 0, Math.min(length, 500))}`))
      }
      if (job.transport === 'websocket') {
        const initiation = { type: 'connection_init', payload: { authorization: job.authorization } }
        socket.write(textFrame(JSON.stringify(initiation)))
        become('initiating')
      } else become(job.awaitsSnapshot ? 'waiting' : 'open')
      return end + 4
    }
    const socket = connect({
      port: job.port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback(length, bytes) {
          const start = state === 'shaking' ? shake(bytes as Buffer, length) : 0
          if (state === 'open') receivedBytes += length
          if (start < length) reader.push(bytes as Buffer, start, length)
          return true
        },
      },
    })
    socket.on('connect', () => socket.write(formatRequest(job, payload)))
    socket.on('error', reject)
    socket.on('close', () => process.send?.({ failure: 'The server closed a connection.' }))
  })
}

// All sockets read into one buffer: what is read is looked at before the next read.
const readBuffer = Buffer.alloc(READ_BYTES)

function formatRequest(job: SubscribersJob, payload: object | undefined): string {
  if (job.transport.endsWith('websocket')) {
    const protocol = job.transport === 'websocket' ? '\r\nSec-WebSocket-Protocol: graphql-transport-ws' : ''
    return `GET /graphql HTTP/1.1\r\nHost: localhost\r\n${HANDSHAKE_HEADERS}${protocol}\r\n\r\n`
  }
  const body = JSON.stringify(payload ?? {})
  const authorization = job.authorization ? `Authorization: ${job.authorization}\r\n` : ''
  return `POST /graphql HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\n${authorization}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

function deliver(bytes: Buffer, start: number, end: number): void {
  received += counted ? occurrences(counted, bytes, start, end) : 1
  if (awaited && received >= awaited.count) awaited.answer()
  if (!recording || !mark) return
  const now = monotonicMs()
  const found = bytes.indexOf(mark, start)
  if (found < 0 || found >= end) return
  const stop = bytes.indexOf(34, found + mark.length)
  if (stop < 0 || stop >= end) return
  arrivals.push(now)
  stamps.push(bytes.toString('latin1', found + mark.length, stop))
}

function occurrences(text: Buffer, bytes: Buffer, start: number, end: number): number {
  let count = 0
  for (let at = bytes.indexOf(text, start); at >= 0 && at < end; at = bytes.indexOf(text, at + text.length)) count++
  return count
}

function awaitCount(count: number, idleMs: number): void {
  let grown = { received, at: monotonicMs() }
  const answer = (at: number) => {
    awaited = null
    clearInterval(watch)
    process.send?.({ counted: received, bytes: receivedBytes, at })
  }
  const watch = setInterval(() => {
    const now = monotonicMs()
    if (received > grown.received) grown = { received, at: now }
    else if (now - grown.at > idleMs) answer(grown.at)
  }, WATCH_INTERVAL_MS)
  awaited = { count, answer: () => answer(monotonicMs()) }
  if (received >= count) awaited.answer()
}

function collectLatencies(): Latencies {
  recording = false
  const latencies = arrivals.flatMap((arrival, i) => {
    const stamp = String(stamps[i])
    const at = sentAt.get(stamp) ?? Number(stamp)
    return Number.isFinite(at) ? [arrival - at] : []
  })
  return {
    messages: latencies.length,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    maxMs: percentile(latencies, 1),
  }
}

// Load over raw keep-alive HTTP connections: as many requests as the server answers, every answer checked.

import { connect, type Socket } from 'node:net'
import { percentile } from '../support/statistics.ts'
import { type AnswerReader, createAnswerReader } from './http-answers.ts'
import { createRequests, type RequestsInput } from './requests.ts'

export interface HttpJob {
  port: number
  path: string
  connections: number
  headers: Record<string, string>
  requests: RequestsInput
  /** Every answer must contain it. */
  expect: string
  warmUpMs: number
  measureMs: number
}

export interface HttpResult {
  /** Answers in the measured time. */
  answers: number
  perSecond: number
  p50Ms: number
  p99Ms: number
  /** Requests sent in all: the slots that are used up. */
  sent: number
}

process.on('message', (job: HttpJob) => {
  runJob(job).then(
    (result) => process.send?.({ result }),
    (error: Error) => process.send?.({ failure: error.message }),
  )
})
process.send?.({ ready: true })

async function runJob(job: HttpJob): Promise<HttpResult> {
  const next = createRequests(job.requests)
  const head = formatHead(job)
  const startAt = performance.now() + job.warmUpMs
  const endAt = startAt + job.measureMs
  const latencies: number[] = []
  let sent = 0
  const exchange = (socket: Socket, reader: AnswerReader) =>
    new Promise<void>((resolve, reject) => {
      let sentAt = 0
      const send = () => {
        const body = next()
        sent++
        sentAt = performance.now()
        socket.write(`${head}${Buffer.byteLength(body)}\r\n\r\n${body}`)
      }
      socket.on('error', reject)
      socket.on('close', () => reject(new Error('The server closed a connection.')))
      socket.on('data', (chunk: Buffer) => {
        const answer = reader.push(chunk)
        if (answer === null) return
        const now = performance.now()
        if (!answer.includes(job.expect)) return reject(new Error(`Not the expected answer: ${answer.slice(0, 1000)}`))
        if (sentAt >= startAt && now <= endAt) latencies.push(now - sentAt)
        if (now < endAt) send()
        else {
          socket.removeAllListeners('close')
          socket.end(resolve)
        }
      })
      send()
    })
  const sockets = await Promise.all(Array.from({ length: job.connections }, () => open(job.port)))
  await Promise.all(sockets.map((socket) => exchange(socket, createAnswerReader())))
  return {
    answers: latencies.length,
    perSecond: latencies.length / (job.measureMs / 1000),
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    sent,
  }
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket.setNoDelay(true)))
    socket.once('error', reject)
  })
}

function formatHead({ path, headers }: HttpJob): string {
  const lines = Object.entries({ host: 'localhost', 'content-type': 'application/json', ...headers })
  return `POST ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}content-length: `
}

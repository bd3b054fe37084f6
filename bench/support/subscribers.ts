// Starts the process of subscribers on the core of the load, and asks it what arrived.

import { fileURLToPath } from 'node:url'
import type { Latencies, SubscribersJob } from '../load/subscribers.ts'
import { LOAD_CORE, startNode } from './processes.ts'

export interface Counted {
  counted: number
  /** What came over the sockets, framing included. */
  bytes: number
  /** When the last message came, on the monotonic clock. */
  at: number
}

export interface Subscribers extends AsyncDisposable {
  /** One of the snapshots that came, if they were awaited. */
  open(job: SubscribersJob): Promise<string | null>
  /** With a mark: how often it is in the messages, instead of the messages. */
  countFrom(of?: { mark: string }): void
  /** How many messages came and when the last one did, once there are so many or none comes any more. */
  awaitCount(count: number, idleMs?: number): Promise<Counted>
  record(): void
  sent(name: string, at: number): void
  latencies(): Promise<Latencies>
}

export async function startSubscribers(): Promise<Subscribers> {
  const file = fileURLToPath(new URL('../load/subscribers.ts', import.meta.url))
  // Reading waits for those who write on the same core: a server that has nothing to deliver is not measured.
  const child = startNode({ file, core: LOAD_CORE, niceness: 19 })
  await child.receive('ready')
  return {
    async open(job) {
      child.send({ open: job })
      const answer = await child.receive<{ opened?: number; sample?: string; failure?: string }>(
        ['opened', 'failure'],
        90_000,
      )
      if (answer.failure) throw new Error(`Opening ${job.count} subscribers failed: ${answer.failure}`)
      return answer.sample ?? null
    },
    countFrom: (of) => child.send({ countFrom: of?.mark ?? null }),
    awaitCount(awaitCount, idleMs = 3000) {
      child.send({ awaitCount, idleMs })
      return child.receive('counted')
    },
    record: () => child.send({ record: true }),
    sent: (sent, at) => child.send({ sent, at }),
    async latencies() {
      child.send({ latencies: true })
      const { latencies } = await child.receive<{ latencies: Latencies }>('latencies')
      return latencies
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  }
}

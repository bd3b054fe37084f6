// The floor of the way from commit to client: one Redis subscriber, told the time of the commit.

import { Redis } from 'ioredis'
import { monotonicMs } from '../support/clock.ts'
import { median } from '../support/statistics.ts'

const redis = new Redis(process.argv[2] ?? '')
const latencies: number[] = []
redis.on('message', (_channel, committedAt) => {
  latencies.push(monotonicMs() - Number(committedAt))
})
process.on('message', () => process.send?.({ medianMs: median(latencies), messages: latencies.length }))
await redis.subscribe('bare')
process.send?.({ ready: true })

// Pages that come and go: opens fifty a second, each for a moment, and weighs the server every half second.

import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { monotonicMs } from './clock.ts'
import type { Gateway } from './gateway.ts'
import { LOAD_CORE, startNode } from './processes.ts'

export interface Churned {
  opened: number
  peakMb: number
  /** Of the straight line through what was weighed after the first third of the time. */
  growthMbPerMinute: number
}

interface ChurnInput {
  seconds: number
  authorization: string
  /** What a page that opens now asks. */
  subscription: (now: number) => object
}

/** Told to the process that opens it. */
export interface PageToOpen {
  page: object
}

const PER_SECOND = 50
const WEIGHED_EVERY = PER_SECOND / 2

export async function churn(gateway: Gateway, { seconds, authorization, subscription }: ChurnInput): Promise<Churned> {
  const file = fileURLToPath(new URL('../load/passing-pages.ts', import.meta.url))
  await using visitors = startNode({ file, parameters: [gateway.port, authorization], core: LOAD_CORE })
  await visitors.receive('ready')
  const startedAt = monotonicMs()
  const weighed: { minute: number; mb: number }[] = []
  for (let page = 0; page < seconds * PER_SECOND; page++) {
    visitors.send({ page: subscription(Date.now()) } satisfies PageToOpen)
    if (page % WEIGHED_EVERY === 0) {
      const minute = (monotonicMs() - startedAt) / 60_000
      weighed.push({ minute, mb: gateway.process.residentBytes() / 1024 / 1024 })
    }
    await pause(Math.max(0, startedAt + ((page + 1) * 1000) / PER_SECOND - monotonicMs()))
  }
  visitors.send({ finish: true })
  const { finished, failed } = await visitors.receive<{ finished: number; failed: number }>('finished')
  if (failed > 0) throw new Error(`${failed} of ${finished + failed} pages were not answered.`)
  const settled = weighed.slice(Math.floor(weighed.length / 3))
  return { opened: finished, peakMb: Math.max(...weighed.map(({ mb }) => mb)), growthMbPerMinute: slopeOf(settled) }
}

/** By least squares. */
function slopeOf(points: { minute: number; mb: number }[]): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [x, y] = [mean(points.map(({ minute }) => minute)), mean(points.map(({ mb }) => mb))]
  const covariance = points.reduce((sum, { minute, mb }) => sum + (minute - x) * (mb - y), 0)
  return covariance / points.reduce((sum, { minute }) => sum + (minute - x) ** 2, 0)
}

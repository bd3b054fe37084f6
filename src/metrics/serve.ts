// The answer at /metrics: all series of this process in the text format of Prometheus.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { collectDefaultMetrics } from 'prom-client'
import { registry } from './series.ts'

/** Called where metrics are served: the series of Node itself cost something as soon as they are collected. */
/** `observe` sets the gauges of what is open now; it is called at each scrape. */
export function createMetricsHandler(
  observe: () => void,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  if (!registry.getSingleMetric('process_cpu_seconds_total')) collectDefaultMetrics({ register: registry })
  return async (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end()
      return
    }
    observe()
    const text = await registry.metrics()
    response.writeHead(200, { 'content-type': registry.contentType, 'cache-control': 'no-store' })
    response.end(request.method === 'HEAD' ? undefined : text)
  }
}

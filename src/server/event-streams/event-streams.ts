// Server-sent events: one response per subscription (the distinct connections mode of graphql-sse).

import type { ServerResponse } from 'node:http'
import type { ExecutionResult } from 'graphql'
import { resumePointOf } from '../../realtime/resume-points.ts'
import type { ResultStream } from '../fan-out/result-stream.ts'
import { formatEvent } from '../fan-out/shared-bytes.ts'
import { createEventSink, isResultStream, type Sink } from '../fan-out/sinks.ts'
import { sendAwayInSlices } from '../going-away.ts'
import { drained } from '../http/draining.ts'
import { writeResult } from '../http/statuses.ts'

export interface EventStreams extends Disposable {
  /**
   * Opens the stream, starts what it carries and writes until that is over. A client that leaves ends its source at
   * once, also if it leaves before the source has started.
   */
  serve: (response: ServerResponse, start: (sink: Sink) => Promise<ResultStream | ExecutionResult>) => Promise<void>
  /** Keeps another one alive and sends it away with the rest. */
  add: (response: ServerResponse) => void
  /**
   * Ends the responses without the event `complete`: it would say that nothing more will ever come, and a client
   * would not ask again.
   */
  sendAway: (spreadMs: number) => Promise<void>
  size: () => number
}

const EVENT_STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  // nginx would collect events before it passes them on.
  'x-accel-buffering': 'no',
}

const COMMENT = ':\n\n'

// Browsers would wait three to five seconds. Each is told another delay: who was cut together does not come back together.
const RETRY_MS = { from: 500, to: 1500 }

export function createEventStreams({
  heartbeatMs,
  stalledMs,
}: {
  heartbeatMs: number
  stalledMs: number
}): EventStreams {
  const open = new Set<ServerResponse>()

  const heartbeat = setInterval(() => {
    for (const response of open) if (!response.writableNeedDrain) response.write(COMMENT)
  }, heartbeatMs).unref()

  const add = (response: ServerResponse) => {
    open.add(response)
    response.once('close', () => open.delete(response))
  }

  return {
    add,
    async serve(response, start) {
      response.writeHead(200, EVENT_STREAM_HEADERS)
      // Some browsers wait for the first bytes before they take the response as begun.
      response.write(`retry: ${Math.round(RETRY_MS.from + Math.random() * (RETRY_MS.to - RETRY_MS.from))}\n\n`)
      add(response)
      const results = await start(createEventSink(response))
      if (isResultStream(results)) await writeResults(response, results, stalledMs)
      else await write(response, formatNext(results), stalledMs)
      // Sent away or left: nothing was completed.
      if (open.has(response)) response.end('event: complete\ndata:\n\n')
    },
    async sendAway(spreadMs) {
      await sendAwayInSlices(
        open,
        (response) => {
          open.delete(response)
          response.end()
        },
        spreadMs,
      )
    },
    size: () => open.size,
    [Symbol.dispose]: () => clearInterval(heartbeat),
  }
}

function formatNext(result: ExecutionResult): string {
  return formatEvent(writeResult(result), resumePointOf(result))
}

async function writeResults(response: ServerResponse, results: ResultStream, stalledMs: number): Promise<void> {
  const leave = () => void results.return(undefined)
  response.once('close', leave)
  if (response.closed) leave()
  for await (const result of results) {
    if (response.writableEnded) break
    await write(response, formatNext(result), stalledMs)
  }
  response.off('close', leave)
}

/** Waits for a slow client, so that its results are not read ahead of it. */
async function write(response: ServerResponse, text: string, stalledMs: number): Promise<void> {
  if (response.destroyed || response.writableEnded) return
  response.write(text)
  await drained(response, stalledMs)
}

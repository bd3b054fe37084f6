// Waits for a client to read what was written to it, but not for ever.

import { once } from 'node:events'
import type { ServerResponse } from 'node:http'

/** How long a client may leave its connection full. */
export const STALLED_MS = 30_000

/** Done when everything was sent or the connection has closed; one that does not drain in time is closed. */
export async function drained(response: ServerResponse, stalledMs: number): Promise<void> {
  if (response.destroyed || !response.writableNeedDrain) return
  const settled = new AbortController()
  const { signal } = settled
  const stalled = setTimeout(() => response.destroy(), stalledMs).unref()
  await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })])
    .catch(() => {})
    .finally(() => settled.abort())
  clearTimeout(stalled)
}

// Sends open connections away in slices, so that their clients do not all come back in the same moment.

import { setTimeout as pause } from 'node:timers/promises'

const SLICE_PAUSE_MS = 50
const SLICE_MIN = 25

/** Takes about `spreadMs` for many, no time for a few. */
export async function sendAwayInSlices<Connection>(
  connections: Iterable<Connection>,
  sendAway: (connection: Connection) => void,
  spreadMs: number,
): Promise<void> {
  const order = [...connections].map((connection) => ({ connection, place: Math.random() }))
  order.sort((one, other) => one.place - other.place)
  const slices = Math.max(1, Math.floor(spreadMs / SLICE_PAUSE_MS))
  const size = Math.max(SLICE_MIN, Math.ceil(order.length / slices))
  for (let start = 0; start < order.length; start += size) {
    if (start > 0) await pause(SLICE_PAUSE_MS * (0.5 + Math.random()))
    for (const { connection } of order.slice(start, start + size)) sendAway(connection)
  }
}

// Pings the open WebSockets and ends those that do not answer.

import type { WebSocket } from 'ws'

export interface KeepAlive extends Disposable {
  add: (socket: WebSocket) => void
  delete: (socket: WebSocket) => void
}

const SLICES = 12

/**
 * One timer for all: two per socket cost memory, and one sweep over ten thousand sockets would stop the process for a
 * tenth of a second, so a twelfth of them is pinged at a time. A silent socket ends within two intervals.
 */
export function createKeepAlive(intervalMs: number): KeepAlive {
  const slices = Array.from({ length: SLICES }, () => new Set<WebSocket>())
  /** Pinged, and not heard of since. */
  const silent = new Set<WebSocket>()
  let turn = 0
  let joined = 0

  const timer = setInterval(() => {
    turn = (turn + 1) % SLICES
    for (const socket of slices[turn] ?? []) {
      if (silent.has(socket)) {
        socket.terminate()
      } else if (socket.readyState === socket.OPEN) {
        silent.add(socket)
        socket.ping()
      }
    }
  }, intervalMs / SLICES).unref()

  function hear(this: WebSocket) {
    silent.delete(this)
  }

  return {
    add(socket) {
      joined = (joined + 1) % SLICES
      slices[joined]?.add(socket)
      socket.on('pong', hear)
    },
    delete(socket) {
      silent.delete(socket)
      for (const slice of slices) slice.delete(socket)
    },
    [Symbol.dispose]: () => clearInterval(timer),
  }
}

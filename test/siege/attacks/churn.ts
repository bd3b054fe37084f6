// Subscriptions that are begun and ended at once.

import { type Attack, holdSockets, subscribe, watchPayload } from '../attack.ts'

export const churn: Attack = {
  name: 'subscribe and unsubscribe',
  run(target) {
    let id = 0
    return holdSockets(target, {
      count: 10,
      key: target.key,
      use(socket) {
        const churning = setInterval(() => {
          if (socket.readyState !== socket.OPEN) return clearInterval(churning)
          for (let count = 0; count < 10; count++) {
            subscribe(socket, String(++id), watchPayload(target, 3 + (id % 40)))
            socket.send(JSON.stringify({ id: String(id), type: 'complete' }))
          }
        }, 5)
        socket.once('close', () => clearInterval(churning))
      },
    })
  },
}

// Acknowledged subscribers whose machine is gone: nothing is read, no ping is answered.

import { type Attack, holdSockets, subscribe, watchPayload } from '../attack.ts'

export const halfOpenSockets: Attack = {
  name: 'half-open sockets',
  run(target) {
    const payload = watchPayload(target)
    return holdSockets(target, {
      count: 100,
      key: target.key,
      use(socket) {
        for (let id = 0; id < 5; id++) subscribe(socket, String(id), payload)
        socket.pause()
      },
    })
  },
}

// Sockets that are acknowledged without a key and stay.

import { type Attack, holdSockets } from '../attack.ts'

export const keylessSockets: Attack = {
  name: 'keyless sockets',
  meets: 'closed 1013',
  run: (target) =>
    holdSockets(target, {
      count: 300,
      key: null,
      use: (socket) => socket.send(JSON.stringify({ type: 'connection_init' })),
    }),
}

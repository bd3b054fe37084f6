// Messages of many megabytes.

import { type Attack, holdSockets } from '../attack.ts'

const message = 'x'.repeat(8_000_000)

export const oversizedFrames: Attack = {
  name: 'oversized frames',
  meets: 'closed 1009',
  run: (target) => holdSockets(target, { count: 20, key: target.key, use: (socket) => socket.send(message) }),
}

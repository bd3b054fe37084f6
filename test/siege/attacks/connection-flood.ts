// Connections that are opened and closed without a word.

import { type Attack, openRaw, repeat } from '../attack.ts'

export const connectionFlood: Attack = {
  name: 'connection flood',
  run: (target) =>
    repeat(target, 64, async () => {
      const socket = await openRaw(target)
      target.note('connected')
      socket.destroy()
    }),
}

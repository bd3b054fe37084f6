// Redis is frozen for half of the time.

import { type Attack, sleep } from '../attack.ts'

export const slowRedis: Attack = {
  name: 'slow Redis',
  async run({ world, signal, note }) {
    while (!signal.aborted) {
      world.redis.freeze()
      note('frozen')
      await sleep(500, signal)
      world.redis.thaw()
      await sleep(500, signal)
    }
  },
}

// Everything in Redis is thrown away, and every connection to it cut.

import { Redis } from 'ioredis'
import { type Attack, sleep } from '../attack.ts'

export const redisFlush: Attack = {
  name: 'flushed Redis',
  async run({ world, signal, note }) {
    const redis = new Redis(world.redis.url)
    while (!signal.aborted) {
      await redis.flushall()
      await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
      await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub', 'SKIPME', 'yes')
      note('flushed')
      await sleep(200, signal)
    }
    redis.disconnect()
  },
}

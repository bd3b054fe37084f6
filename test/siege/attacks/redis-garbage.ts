// Anything at all on every channel of the bus.

import { Redis } from 'ioredis'
import { type Attack, sleep } from '../attack.ts'

const MESSAGES = [
  '',
  'null',
  '{',
  '[]',
  '{"from":"x","transaction":{}}',
  '{"from":"x","transaction":{"changes":[1]}}',
  'x'.repeat(100_000),
]

export const redisGarbage: Attack = {
  name: 'garbage in Redis',
  async run({ world, signal, note }) {
    const redis = new Redis(world.redis.url)
    while (!signal.aborted) {
      const channels = (await redis.pubsub('CHANNELS', '*')) as string[]
      for (const channel of channels) for (const message of MESSAGES) await redis.publish(channel, message)
      note('published')
      await sleep(20, signal)
    }
    redis.disconnect()
  },
}

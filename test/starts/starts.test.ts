import { afterAll, beforeAll, expect, test } from 'vitest'
import { seededRandom } from '../support/seeded-random.ts'
import { runOnce } from './run-once.ts'
import { openWorld, type World } from './world.ts'

/** `npm run starts -- --count N --seed S` does more of them. */
const COUNT = Number(process.env.STARTS_COUNT ?? 8)
const SEED = Number(process.env.STARTS_SEED ?? 1)
const LANES = 2

let worlds: World[]
beforeAll(async () => {
  worlds = await Promise.all(Array.from({ length: LANES }, openWorld))
})
afterAll(async () => {
  for (const world of worlds) await world[Symbol.asyncDispose]()
})

test(
  `${COUNT} starts end with the right status and last words, and nothing is left (seed ${SEED})`,
  async () => {
    const wrong: string[] = []
    const ways = new Map<string, number>()
    const lane = async (world: World, index: number) => {
      for (let number = index; number < COUNT; number += LANES) {
        // Each has a seed of its own: one that went wrong can be run again alone.
        const random = seededRandom(SEED * 1_000_003 + number)
        try {
          const way = await runOnce(world, random, { longestMs: 2500 })
          ways.set(way, (ways.get(way) ?? 0) + 1)
        } catch (error) {
          wrong.push(`start ${number}: ${(error as Error).message}`)
        }
      }
    }
    await Promise.all(worlds.map(lane))
    if (COUNT > 100) console.log(Object.fromEntries(ways))
    expect(wrong).toEqual([])
  },
  60_000 + COUNT * 10_000,
)

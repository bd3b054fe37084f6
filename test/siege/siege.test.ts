// The siege in short: a small crowd, the attacks that a limit stops at once, and no honest request fails.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase } from '../support/database.ts'
import { ATTACKS } from './attacks.ts'
import { besiege } from './besiege.ts'
import { type Crowd, gatherCrowd } from './crowd.ts'
import { openWorld, type World } from './world.ts'

const stack = new AsyncDisposableStack()
let world: World
let crowd: Crowd

beforeAll(async () => {
  const database = stack.use(await openTestDatabase())
  world = stack.use(await openWorld(database.url))
  crowd = stack.use(await gatherCrowd(world, { watchers: 20, bookers: 4 }))
})

afterAll(() => stack.disposeAsync())

test('at least 25 attacks are there, each by a name of its own', () => {
  expect(new Set(ATTACKS.map(({ name }) => name)).size).toBeGreaterThanOrEqual(25)
})

const stopped = ATTACKS.filter(({ meets }) => meets !== undefined)

test.for(stopped)('$name: it is stopped with $meets, and no honest request fails', async (attack) => {
  const outcome = await besiege({ world, crowd }, attack, { milliseconds: 100, settleMs: 0, untilMet: true })
  expect(outcome.failures).toEqual([])
})

import { expect, test } from 'vitest'
import { createLogger } from '../../src/runtime/logger.ts'
import { startLoop } from '../../src/runtime/loops.ts'
import { until } from '../support/until.ts'

const logger = createLogger('silent')
const NEVER_BY_ITSELF = 3_600_000

test('turns never overlap, however often the loop is woken', async () => {
  let turns = 0
  let running = 0
  let most = 0
  await using loop = startLoop({
    name: 'counting',
    intervalMs: 1,
    logger,
    async run() {
      running += 1
      most = Math.max(most, running)
      await until(() => true)
      running -= 1
      turns += 1
    },
  })
  await until(() => {
    loop.wake()
    return turns >= 20
  })
  expect(most).toBe(1)
})

test('waking begins the next turn at once, and is not lost while a turn runs', async () => {
  let turns = 0
  const first = Promise.withResolvers<void>()
  await using loop = startLoop({
    name: 'waking',
    intervalMs: NEVER_BY_ITSELF,
    logger,
    async run() {
      turns += 1
      if (turns === 1) await first.promise
    },
  })
  loop.wake()
  await until(() => turns === 1)
  loop.wake()
  first.resolve()
  await until(() => turns === 2)
})

test('closing waits for the turn that runs, and no other begins', async () => {
  const events: string[] = []
  const turn = Promise.withResolvers<void>()
  const loop = startLoop({
    name: 'closing',
    intervalMs: 1,
    logger,
    async run(closing) {
      events.push('begun')
      await turn.promise
      events.push(closing.aborted ? 'ended, told to close' : 'ended')
    },
  })
  await until(() => events.length > 0)
  const closed = loop[Symbol.asyncDispose]().then(() => events.push('closed'))
  turn.resolve()
  await closed
  expect(events).toEqual(['begun', 'ended, told to close', 'closed'])
})

test('a failed turn does not end the loop', async () => {
  let turns = 0
  await using _loop = startLoop({
    name: 'failing',
    intervalMs: 1,
    logger,
    run() {
      turns += 1
      return Promise.reject(new Error('once more'))
    },
  })
  await until(() => turns >= 3)
})

test('the pause is asked for before each turn', async () => {
  const intervals = [1, 2, 3]
  await using _loop = startLoop({
    name: 'adapting',
    intervalMs: () => intervals.shift() ?? NEVER_BY_ITSELF,
    logger,
    run: async () => {},
  })
  await until(() => intervals.length === 0)
})

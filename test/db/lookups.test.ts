// Many questions at once are one read, and an answer is remembered, also that there is nothing.

import { expect, test } from 'vitest'
import { createLookups } from '../../src/db/lookups.ts'

function openLookups({ staysTrue = false, keptLimit = 100 } = {}) {
  const clock = { now: 0 }
  const reads: string[][] = []
  const lookups = createLookups({
    trustedForMs: 1000,
    staysTrue,
    keptLimit,
    now: () => clock.now,
    async read(names) {
      reads.push(names)
      await new Promise(setImmediate)
      return new Map(names.filter((name) => name.startsWith('known')).map((name) => [name, name.toUpperCase()]))
    },
  })
  return { find: lookups.find, reads, clock }
}

test('a thousand who ask while one read is under way share the next one', async () => {
  const { find, reads } = openLookups({ keptLimit: 2000 })
  const first = find('known')
  const others = Array.from({ length: 1000 }, (_, index) => find(`invented ${index}`))
  expect(await first).toBe('KNOWN')
  expect((await Promise.all(others)).every((value) => value === null)).toBe(true)
  expect(reads.map(({ length }) => length)).toEqual([1, 1000])
})

test('what is not there is remembered, and pushes out nothing that is', async () => {
  const { find, reads, clock } = openLookups({ keptLimit: 3 })
  await find('known')
  for (let index = 0; index < 10; index++) await find(`invented ${index}`)
  await find('known')
  await find('invented 9')
  expect(reads).toHaveLength(11)
  clock.now = 1000
  await find('known')
  expect(reads).toHaveLength(12)
})

test('what stays true is read once', async () => {
  const { find, reads, clock } = openLookups({ staysTrue: true })
  await find('known')
  clock.now = 1_000_000
  await find('known')
  expect(reads).toHaveLength(1)
})

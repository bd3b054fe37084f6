import fc from 'fast-check'
import { expect, test } from 'vitest'
import { diffSlots } from '../../../src/domain/slots/slot-diff.ts'
import type { Slot } from '../../../src/domain/vocabulary/types.ts'

function slot(startsAt: number, ...candidateIds: string[]): Slot {
  return { startsAt, endsAt: startsAt + 30, segments: [{ name: 'cut', startsAt, endsAt: startsAt + 30, candidateIds }] }
}

const slotLists = fc
  .uniqueArray(fc.tuple(fc.nat(12), fc.subarray(['anna', 'ben'])), {
    selector: ([startsAt]) => startsAt,
    maxLength: 10,
  })
  .map((list) => list.sort(([a], [b]) => a - b).map(([startsAt, ids]) => slot(startsAt, ...ids)))

test('what opened and closed is told, what stayed is not', () => {
  expect(diffSlots([slot(1, 'anna'), slot(2, 'anna')], [slot(2, 'anna'), slot(3, 'ben')])).toEqual({
    opened: [slot(3, 'ben')],
    closed: [slot(1, 'anna')],
  })
})

test('a slot whose candidates changed is opened only', () => {
  expect(diffSlots([slot(1, 'anna', 'ben')], [slot(1, 'anna')])).toEqual({ opened: [slot(1, 'anna')], closed: [] })
})

test('a slot whose length or segment names changed is opened only', () => {
  const longer = { ...slot(1, 'anna'), endsAt: 90 }
  expect(diffSlots([slot(1, 'anna')], [longer])).toEqual({ opened: [longer], closed: [] })
  const renamed = { ...slot(1, 'anna'), segments: slot(1, 'anna').segments.map((each) => ({ ...each, name: 'trim' })) }
  expect(diffSlots([slot(1, 'anna')], [renamed])).toEqual({ opened: [renamed], closed: [] })
})

test('applying the changes always gives the new answer, and equal answers differ in nothing', () => {
  fc.assert(
    fc.property(slotLists, slotLists, (before, after) => {
      const { opened, closed } = diffSlots(before, after)
      const known = new Map(before.map((each) => [each.startsAt, each]))
      for (const each of closed) expect(known.delete(each.startsAt)).toBe(true)
      for (const each of opened) {
        expect(known.get(each.startsAt)).not.toEqual(each)
        known.set(each.startsAt, each)
      }
      expect([...known.values()].sort((a, b) => a.startsAt - b.startsAt)).toEqual(after)
      expect(diffSlots(after, structuredClone(after))).toEqual({ opened: [], closed: [] })
    }),
    { seed: 20_270_328 },
  )
})

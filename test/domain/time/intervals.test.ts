import fc from 'fast-check'
import { expect, test } from 'vitest'
import { covers, intersect, normalize, overlaps, subtract } from '../../../src/domain/time/intervals.ts'
import type { Interval } from '../../../src/domain/vocabulary/types.ts'

const seed = 20_270_328
const range = 40

const interval = fc
  .tuple(fc.integer({ min: 0, max: range - 1 }), fc.integer({ min: 0, max: 8 }))
  .map(([start, length]) => ({ start, end: Math.min(range, start + length) }))
const intervals = fc.array(interval, { maxLength: 8 })

/** The units of time that the intervals contain. */
function units(list: readonly Interval[]): number[] {
  return Array.from({ length: range }, (_, unit) => unit).filter((unit) =>
    list.some(({ start, end }) => start <= unit && unit < end),
  )
}

test('normalized intervals are sorted, apart and hold the same time', () => {
  fc.assert(
    fc.property(intervals, (list) => {
      const normal = normalize(list)
      expect(units(normal)).toEqual(units(list))
      for (const [index, { start, end }] of normal.entries()) {
        expect(start).toBeLessThan(end)
        expect(start).toBeGreaterThan(normal[index - 1]?.end ?? -1)
      }
    }),
    { seed },
  )
})

test('touching intervals become one', () => {
  const list = [
    { start: 5, end: 7 },
    { start: 1, end: 5 },
  ]
  expect(normalize(list)).toEqual([{ start: 1, end: 7 }])
  expect(list[0]).toEqual({ start: 5, end: 7 })
})

test('subtract and intersect agree with the sets they stand for', () => {
  fc.assert(
    fc.property(intervals, intervals, (left, right) => {
      const a = normalize(left)
      const b = normalize(right)
      const inB = new Set(units(b))
      expect(units(subtract(a, b))).toEqual(units(a).filter((unit) => !inB.has(unit)))
      expect(units(intersect(a, b))).toEqual(units(a).filter((unit) => inB.has(unit)))
      expect(normalize(subtract(a, b))).toEqual(subtract(a, b))
    }),
    { seed },
  )
})

test('covers and overlaps agree with the sets they stand for', () => {
  fc.assert(
    fc.property(intervals, interval, (list, { start, end }) => {
      const normal = normalize(list)
      const inside = new Set(units(normal))
      const asked = units([{ start, end }])
      if (asked.length === 0) return
      expect(covers(normal, start, end)).toBe(asked.every((unit) => inside.has(unit)))
      expect(overlaps(normal, start, end)).toBe(asked.some((unit) => inside.has(unit)))
    }),
    { seed },
  )
})

test('a range that only touches an interval does not overlap it', () => {
  const list = [{ start: 10, end: 20 }]
  expect(overlaps(list, 0, 10)).toBe(false)
  expect(overlaps(list, 20, 30)).toBe(false)
  expect(overlaps(list, 19, 30)).toBe(true)
})

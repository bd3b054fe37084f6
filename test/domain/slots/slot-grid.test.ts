import { expect, test } from 'vitest'
import { gridStarts, isOnGrid } from '../../../src/domain/slots/slot-grid.ts'
import { at, hour, minute } from '../../support/slot-builders.ts'
import { isGridMinute } from '../../support/slot-oracle.ts'
import { allTransitions } from '../../support/time-zones.ts'

function wallStarts(timeZone: string, interval: number, from: string, to: string): string[] {
  return gridStarts(timeZone, interval, at(from), at(to)).map((start) => {
    const wall = Temporal.Instant.fromEpochMilliseconds(start).toZonedDateTimeISO(timeZone)
    return `${wall.toPlainTime().toString({ smallestUnit: 'minute' })}${wall.offset}`
  })
}

test('from is in, to is out', () => {
  expect(gridStarts('Europe/Berlin', 30, at('2027-03-01T09:00Z'), at('2027-03-01T10:00Z'))).toEqual([
    at('2027-03-01T09:00Z'),
    at('2027-03-01T09:30Z'),
  ])
  expect(gridStarts('Europe/Berlin', 30, at('2027-03-01T09:00:00.001Z'), at('2027-03-01T09:30Z'))).toEqual([])
  expect(gridStarts('Europe/Berlin', 30, at('2027-03-01T10:00Z'), at('2027-03-01T09:00Z'))).toEqual([])
})

test('the grid is that of the wall clock, also where the offset is no whole hour', () => {
  expect(wallStarts('Asia/Kathmandu', 30, '2027-03-01T00:00Z', '2027-03-01T01:30Z')).toEqual([
    '06:00+05:45',
    '06:30+05:45',
    '07:00+05:45',
  ])
  expect(isOnGrid(at('2027-03-01T00:15Z'), 'Asia/Kathmandu', 30)).toBe(true)
  expect(isOnGrid(at('2027-03-01T00:00Z'), 'Asia/Kathmandu', 30)).toBe(false)
})

test('an interval that does not divide the day begins anew at midnight', () => {
  expect(wallStarts('UTC', 50, '2027-03-01T22:00Z', '2027-03-02T02:00Z')).toEqual([
    '22:30+00:00',
    '23:20+00:00',
    '00:00+00:00',
    '00:50+00:00',
    '01:40+00:00',
  ])
})

test('the missing hour has no starts, the doubled hour has them twice', () => {
  expect(wallStarts('Europe/Berlin', 30, '2027-03-28T00:30Z', '2027-03-28T02:00Z')).toEqual([
    '01:30+01:00',
    '03:00+02:00',
    '03:30+02:00',
  ])
  expect(wallStarts('Europe/Berlin', 30, '2027-10-31T00:00Z', '2027-10-31T02:00Z')).toEqual([
    '02:00+02:00',
    '02:30+02:00',
    '02:00+01:00',
    '02:30+01:00',
  ])
})

test('a start with seconds is off the grid', () => {
  expect(isOnGrid(at('2027-03-01T09:00:01Z'), 'Europe/Berlin', 15)).toBe(false)
  expect(isOnGrid(at('2027-03-01T09:00:00.500Z'), 'Europe/Berlin', 15)).toBe(false)
  expect(isOnGrid(at('2027-03-01T09:05Z'), 'Europe/Berlin', 15)).toBe(false)
  expect(isOnGrid(at('2027-03-01T09:15Z'), 'Europe/Berlin', 15)).toBe(true)
})

test('an interval below one minute is refused instead of never ending', () => {
  expect(() => gridStarts('UTC', 0, 0, hour)).toThrow(RangeError)
})

test('around every transition from 2024 to 2029 the grid holds exactly the minutes that the oracle finds', () => {
  for (const { timeZone, transitionAt } of allTransitions()) {
    for (const interval of [15, 50, 60]) {
      const from = transitionAt - 3 * hour - 7 * minute
      const expected: number[] = []
      for (let instant = from; instant < from + 6 * hour; instant += minute) {
        const isGrid = isGridMinute(timeZone, interval, instant)
        if (isGrid) expected.push(instant)
        if (isOnGrid(instant, timeZone, interval) !== isGrid) throw new Error(`${timeZone} ${new Date(instant)}`)
      }
      expect(gridStarts(timeZone, interval, from, from + 6 * hour)).toEqual(expected)
    }
  }
})

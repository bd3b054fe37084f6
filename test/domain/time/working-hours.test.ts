import fc from 'fast-check'
import { expect, test } from 'vitest'
import { workingIntervals } from '../../../src/domain/time/working-hours.ts'
import type { ResourceSchedule } from '../../../src/domain/vocabulary/types.ts'
import { allWeekdays, at, everyDay, hour, minute, schedule, wallRange } from '../../support/slot-builders.ts'
import { worksAt } from '../../support/slot-oracle.ts'
import { wallRanges } from '../../support/slot-scenarios.ts'
import { allTransitions, testedZones } from '../../support/time-zones.ts'

const seed = 20_270_328

/** The intervals in the zone's wall time: '03-28 01:00+01:00 to 03-28 04:00+02:00'. */
function onTheWall(zoned: ResourceSchedule, from: string, to: string): string[] {
  const wall = (instant: number) => {
    const time = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zoned.timeZone)
    return `${time.toPlainDate().toString().slice(5)} ${time.toPlainTime().toString({ smallestUnit: 'minute' })}${time.offset}`
  }
  return workingIntervals(zoned, at(from), at(to)).map(({ start, end }) => `${wall(start)} to ${wall(end)}`)
}

/** Every fifth minute is enough: all hours and all transitions lie on one. */
function expectSameMinutes(zoned: ResourceSchedule, from: number, to: number): void {
  const intervals = workingIntervals(zoned, from, to)
  const wrong: string[] = []
  let index = 0
  for (let instant = from; instant < to; instant += 5 * minute) {
    while ((intervals[index]?.end ?? Number.POSITIVE_INFINITY) <= instant) index++
    const isOpen = (intervals[index]?.start ?? Number.POSITIVE_INFINITY) <= instant
    if (isOpen !== worksAt(zoned, instant)) wrong.push(new Date(instant).toISOString())
  }
  expect({ zone: zoned.timeZone, hours: zoned.weeklyHours[0], wrong: wrong.slice(0, 3) }).toMatchObject({ wrong: [] })
}

test('hours are those of the weekday in the zone of the location', () => {
  const monday = schedule('anna', { weeklyHours: [{ weekday: 'MONDAY', ...wallRange('09:00-17:00') }] })
  expect(onTheWall(monday, '2027-03-01T00:00Z', '2027-03-15T00:00Z')).toEqual([
    '03-01 09:00+01:00 to 03-01 17:00+01:00',
    '03-08 09:00+01:00 to 03-08 17:00+01:00',
  ])
})

test('hours are cut to the range that was asked for', () => {
  const anna = schedule('anna')
  expect(workingIntervals(anna, at('2027-03-01T10:00+01:00'), at('2027-03-01T11:00+01:00'))).toEqual([
    { start: at('2027-03-01T10:00+01:00'), end: at('2027-03-01T11:00+01:00') },
  ])
  expect(workingIntervals(anna, at('2027-03-01T20:00+01:00'), at('2027-03-01T21:00+01:00'))).toEqual([])
  expect(workingIntervals(anna, at('2027-03-01T12:00Z'), at('2027-03-01T12:00Z'))).toEqual([])
})

test('a shift across midnight is one interval', () => {
  const night = schedule('anna', { weeklyHours: [{ weekday: 'SATURDAY', ...wallRange('22:00-06:00') }] })
  expect(onTheWall(night, '2027-03-06T00:00Z', '2027-03-08T00:00Z')).toEqual(['03-06 22:00+01:00 to 03-07 06:00+01:00'])
})

test('ranges that meet at midnight become one, and round the clock never ends', () => {
  const untilMidnight = schedule('anna', { weeklyHours: everyDay('18:00-24:00', '00:00-02:00') })
  expect(onTheWall(untilMidnight, '2027-03-06T11:00Z', '2027-03-07T11:00Z')).toEqual([
    '03-06 18:00+01:00 to 03-07 02:00+01:00',
  ])
  for (const range of ['00:00-24:00', '00:00-00:00', '09:00-09:00']) {
    const always = schedule('anna', { weeklyHours: everyDay(range) })
    const [from, to] = [at('2027-03-20T00:00Z'), at('2027-04-10T00:00Z')]
    expect(workingIntervals(always, from, to)).toEqual([{ start: from, end: to }])
  }
})

test('an override replaces what begins on its date, also past midnight, and leaves the tail of the date before', () => {
  const night = schedule('anna', {
    weeklyHours: everyDay('20:00-04:00'),
    dateOverrides: [{ date: '2027-03-10', hours: [wallRange('10:00-12:00')], reason: 'inventory' }],
  })
  expect(onTheWall(night, '2027-03-09T12:00+01:00', '2027-03-11T23:00+01:00')).toEqual([
    '03-09 20:00+01:00 to 03-10 04:00+01:00',
    '03-10 10:00+01:00 to 03-10 12:00+01:00',
    '03-11 20:00+01:00 to 03-11 23:00+01:00',
  ])
})

test('an override without hours closes the date, one with hours opens a closed date', () => {
  const anna = schedule('anna', {
    weeklyHours: [{ weekday: 'MONDAY', ...wallRange('09:00-17:00') }],
    dateOverrides: [
      { date: '2027-03-08', hours: [], reason: 'holiday' },
      { date: '2027-03-09', hours: [wallRange('12:00-20:00')], reason: null },
    ],
  })
  expect(onTheWall(anna, '2027-03-07T00:00Z', '2027-03-14T00:00Z')).toEqual(['03-09 12:00+01:00 to 03-09 20:00+01:00'])
})

test('a shift over the missing hour is an hour shorter, over the doubled hour an hour longer', () => {
  const night = schedule('anna', { weeklyHours: everyDay('22:00-06:00') })
  const [spring] = workingIntervals(night, at('2027-03-27T12:00Z'), at('2027-03-28T12:00Z'))
  const [autumn] = workingIntervals(night, at('2027-10-30T12:00Z'), at('2027-10-31T12:00Z'))
  expect(((spring?.end ?? 0) - (spring?.start ?? 0)) / hour).toBe(7)
  expect(((autumn?.end ?? 0) - (autumn?.start ?? 0)) / hour).toBe(9)
})

test('a wall time in the missing hour is read with the offset before the gap', () => {
  const lateClosing = schedule('anna', { weeklyHours: everyDay('22:00-02:30') })
  expect(onTheWall(lateClosing, '2027-03-27T12:00Z', '2027-03-28T12:00Z')).toEqual([
    '03-27 22:00+01:00 to 03-28 03:30+02:00',
  ])
  const earlyOpening = schedule('anna', { weeklyHours: everyDay('02:30-06:00') })
  expect(onTheWall(earlyOpening, '2027-03-27T23:00Z', '2027-03-28T12:00Z')).toEqual([
    '03-28 03:30+02:00 to 03-28 06:00+02:00',
  ])
})

test('hours that begin and end within the missing hour vanish or move with it, never turn around', () => {
  const gone = schedule('anna', { weeklyHours: everyDay('02:00-03:00') })
  expect(onTheWall(gone, '2027-03-27T23:00Z', '2027-03-28T12:00Z')).toEqual([])
  const inverted = schedule('anna', { weeklyHours: everyDay('02:30-03:15') })
  expect(onTheWall(inverted, '2027-03-27T23:00Z', '2027-03-28T12:00Z')).toEqual([])
  const moved = schedule('anna', { weeklyHours: everyDay('02:15-02:45') })
  expect(onTheWall(moved, '2027-03-27T23:00Z', '2027-03-28T12:00Z')).toEqual(['03-28 03:15+02:00 to 03-28 03:45+02:00'])
})

test('of the doubled hour the first is meant, for opening and for closing', () => {
  const opens = schedule('anna', { weeklyHours: everyDay('02:30-06:00') })
  expect(onTheWall(opens, '2027-10-30T23:00Z', '2027-10-31T12:00Z')).toEqual(['10-31 02:30+02:00 to 10-31 06:00+01:00'])
  const closes = schedule('anna', { weeklyHours: everyDay('22:00-02:30') })
  expect(onTheWall(closes, '2027-10-30T12:00Z', '2027-10-31T12:00Z')).toEqual([
    '10-30 22:00+02:00 to 10-31 02:30+02:00',
  ])
})

test('where clocks skip midnight the date begins after it', () => {
  const always = schedule('anna', { timeZone: 'Africa/Cairo', weeklyHours: [] })
  const friday = { ...always, weeklyHours: [{ weekday: 'FRIDAY' as const, ...wallRange('00:00-24:00') }] }
  expect(onTheWall(friday, '2027-04-28T00:00Z', '2027-05-02T00:00Z')).toEqual([
    '04-30 01:00+03:00 to 05-01 00:00+03:00',
  ])
})

test('around every transition from 2024 to 2029 hours hold exactly the minutes that the oracle finds', () => {
  const shifts = [
    '00:00-24:00',
    '22:00-06:00',
    '23:30-00:30',
    '00:30-02:30',
    '01:45-02:15',
    '02:00-03:00',
    '20:00-01:30',
  ]
  const transitions = allTransitions()
  expect(transitions.length).toBeGreaterThan(100)
  for (const { timeZone, transitionAt } of transitions) {
    for (const shift of shifts) {
      const zoned = schedule('anna', { timeZone, weeklyHours: everyDay(shift) })
      expectSameMinutes(zoned, transitionAt - 14 * hour, transitionAt + 14 * hour)
    }
  }
})

test('any weekly hours and overrides hold exactly the minutes that the oracle finds', () => {
  const moments = fc.oneof(
    fc.constantFrom(...allTransitions()),
    fc.record({
      timeZone: fc.constantFrom(...testedZones),
      transitionAt: fc
        .integer({ min: Date.UTC(2024, 0, 1) / (5 * minute), max: Date.UTC(2029, 11, 31) / (5 * minute) })
        .map((fifth) => fifth * 5 * minute),
    }),
  )
  const overrides = fc.array(fc.tuple(fc.integer({ min: -2, max: 2 }), wallRanges), { maxLength: 2 })
  const weeks = fc.tuple(...allWeekdays.map(() => wallRanges))
  fc.assert(
    fc.property(moments, weeks, overrides, ({ timeZone, transitionAt }, week, replaced) => {
      const date = Temporal.Instant.fromEpochMilliseconds(transitionAt).toZonedDateTimeISO(timeZone).toPlainDate()
      const byDate = new Map(replaced.map(([days, hours]) => [date.add({ days }).toString(), hours]))
      const zoned = schedule('anna', {
        timeZone,
        weeklyHours: allWeekdays.flatMap((weekday, index) =>
          (week[index] ?? []).map((range) => ({ weekday, ...range })),
        ),
        dateOverrides: [...byDate].map(([key, hours]) => ({ date: key, hours, reason: null })),
      })
      expectSameMinutes(zoned, transitionAt - 20 * hour, transitionAt + 30 * hour)
    }),
    { seed, numRuns: 150 },
  )
})

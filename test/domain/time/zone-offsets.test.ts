import { expect, test } from 'vitest'
import { localDayAt, offsetAt, offsetSpans, startOfLocalDay } from '../../../src/domain/time/zone-offsets.ts'
import { at, hour } from '../../support/slot-builders.ts'
import { allTransitions } from '../../support/time-zones.ts'

function zonedAt(timeZone: string, instant: number): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(timeZone)
}

test('around every transition from 2024 to 2029 offset, local date and start of day are those of Temporal', () => {
  for (const { timeZone, transitionAt } of allTransitions()) {
    for (const instant of [-25 * hour, -1, 0, 1, hour, 25 * hour].map((after) => transitionAt + after)) {
      const zoned = zonedAt(timeZone, instant)
      const day = localDayAt(timeZone, instant)
      expect(offsetAt(timeZone, instant)).toBe(zoned.offsetNanoseconds / 1e6)
      expect(day).toBe(zoned.toPlainDate().since('1970-01-01').days)
      expect(startOfLocalDay(timeZone, day)).toBe(zoned.startOfDay().epochMilliseconds)
    }
  }
})

test('a day whose midnight lies inside a gap begins when the gap is over', () => {
  const noon = at('1919-03-31T16:00Z')
  const start = startOfLocalDay('America/Toronto', localDayAt('America/Toronto', noon))
  expect(start).toBe(zonedAt('America/Toronto', noon).startOfDay().epochMilliseconds)
  expect(zonedAt('America/Toronto', start).toPlainTime().toString()).toBe('00:30:00')
})

test('the spans cover the range without a gap, and neighbours differ', () => {
  const [from, to] = [at('2024-06-01T00:00Z'), at('2029-06-01T00:00Z')]
  const spans = offsetSpans('Europe/Berlin', from, to)
  expect(spans).toHaveLength(11)
  expect(spans[0]?.start).toBe(from)
  expect(spans.at(-1)?.end).toBe(to)
  for (const [index, span] of spans.slice(1).entries()) {
    expect(span.start).toBe(spans[index]?.end)
    expect(span.offsetMilliseconds).not.toBe(spans[index]?.offsetMilliseconds)
  }
})

test('more stretches than are kept still give right answers', () => {
  for (let year = 2000; year < 6500; year++) offsetAt('UTC', Date.UTC(year, 6, 1))
  expect(offsetAt('Europe/Berlin', at('2027-07-01T00:00Z'))).toBe(2 * hour)
  expect(offsetAt('Europe/Berlin', at('9000-01-01T00:00Z'))).toBe(hour)
})

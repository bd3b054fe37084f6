import { expect, test } from 'vitest'
import { bookingWindow, horizonReachesAt } from '../../../src/domain/slots/booking-window.ts'
import { at, hour, minute, segment, service } from '../../support/slot-builders.ts'
import { isInBookingWindow } from '../../support/slot-oracle.ts'
import { allTransitions } from '../../support/time-zones.ts'

const cut = (parts: Parameters<typeof service>[1]) => service([segment(30, [])], parts)

test('the notice counts from now', () => {
  const now = at('2027-03-01T09:00Z')
  expect(bookingWindow(cut({ minimumNoticeMinutes: 0 }), now).earliestAt).toBe(now)
  expect(bookingWindow(cut({ minimumNoticeMinutes: 90 }), now).earliestAt).toBe(at('2027-03-01T10:30Z'))
})

test('the horizon ends with a local date, not after so many hours', () => {
  const today = cut({ bookingHorizonDays: 0 })
  expect(bookingWindow(today, at('2027-03-01T00:30+01:00')).latestAt).toBe(at('2027-03-02T00:00+01:00'))
  expect(bookingWindow(today, at('2027-03-01T23:59:59+01:00')).latestAt).toBe(at('2027-03-02T00:00+01:00'))
  expect(bookingWindow(today, at('2027-03-02T00:00+01:00')).latestAt).toBe(at('2027-03-03T00:00+01:00'))
})

test('the horizon keeps to local midnight over a change of the clocks', () => {
  const week = cut({ bookingHorizonDays: 7 })
  expect(bookingWindow(week, at('2027-03-27T12:00+01:00')).latestAt).toBe(at('2027-04-04T00:00+02:00'))
})

test('a start comes within the horizon at the very instant that is foretold', () => {
  const week = cut({ bookingHorizonDays: 7 })
  const startsAt = at('2027-04-03T15:00+02:00')
  const reachedAt = horizonReachesAt(week, startsAt)
  expect(reachedAt).toBe(at('2027-03-27T00:00+01:00'))
  expect(bookingWindow(week, reachedAt).latestAt).toBeGreaterThan(startsAt)
  expect(bookingWindow(week, reachedAt - 1).latestAt).toBeLessThanOrEqual(startsAt)
})

test('around every transition from 2024 to 2029 the window holds exactly the starts that the oracle allows', () => {
  for (const { timeZone, transitionAt } of allTransitions()) {
    for (const daysBefore of [0, 1]) {
      const zoned = cut({ timeZone, bookingHorizonDays: daysBefore, minimumNoticeMinutes: 0 })
      const now = transitionAt - 2 * hour - daysBefore * 24 * hour
      const { earliestAt, latestAt } = bookingWindow(zoned, now)
      for (let startsAt = now - 30 * minute; startsAt < transitionAt + 28 * hour; startsAt += 30 * minute) {
        const isInWindow = startsAt >= earliestAt && startsAt < latestAt
        if (isInWindow !== isInBookingWindow(zoned, startsAt, now)) {
          expect.fail(`${timeZone} now ${new Date(now).toISOString()} start ${new Date(startsAt).toISOString()}`)
        }
      }
    }
  }
})

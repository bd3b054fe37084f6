import { expect, test } from 'vitest'
import { type AlternativeWish, rankAlternatives } from '../../../src/domain/slots/alternative-ranking.ts'
import type { Slot } from '../../../src/domain/vocabulary/types.ts'
import { at, hour } from '../../support/slot-builders.ts'

function slot(text: string): Slot {
  return { startsAt: at(`${text}+01:00`), endsAt: at(`${text}+01:00`) + hour, segments: [] }
}

/** Ranks Berlin wall times near Monday, 2027-03-01 10:00; answers likewise. */
function ranked(texts: string[], parts: Partial<AlternativeWish> = {}): string[] {
  const near = at('2027-03-01T10:00+01:00')
  return rankAlternatives(texts.map(slot), { near, timeZone: 'Europe/Berlin', first: 10, ...parts }).map((each) =>
    Temporal.Instant.fromEpochMilliseconds(each.startsAt)
      .toZonedDateTimeISO('Europe/Berlin')
      .toPlainDateTime()
      .toString({ smallestUnit: 'minute' }),
  )
}

test('the same day comes before any other, the closest first', () => {
  expect(
    ranked(['2027-02-28T10:00', '2027-03-01T08:00', '2027-03-01T10:30', '2027-03-01T17:00', '2027-03-02T10:00']),
  ).toEqual(['2027-03-01T10:30', '2027-03-01T08:00', '2027-03-01T17:00', '2027-03-02T10:00', '2027-02-28T10:00'])
})

test('of two equally close the later one comes first', () => {
  expect(ranked(['2027-03-01T09:30', '2027-03-01T10:30'])).toEqual(['2027-03-01T10:30', '2027-03-01T09:30'])
})

test('on other days the same time of day counts more than the sooner day', () => {
  expect(ranked(['2027-03-02T09:00', '2027-03-02T10:00', '2027-03-02T15:00', '2027-03-03T10:00'])).toEqual([
    '2027-03-02T10:00',
    '2027-03-02T09:00',
    '2027-03-03T10:00',
    '2027-03-02T15:00',
  ])
})

test('just after midnight is close to just before it', () => {
  const near = at('2027-03-01T23:50+01:00')
  expect(ranked(['2027-03-02T00:10', '2027-03-02T23:50'], { near })).toEqual(['2027-03-02T00:10', '2027-03-02T23:50'])
})

test('the same time of day is that of the wall clock, over a change of the clocks too', () => {
  const near = at('2027-03-27T10:00+01:00')
  const slots = [at('2027-03-28T10:00+02:00'), at('2027-03-28T11:00+02:00')].map((startsAt) => ({
    startsAt,
    endsAt: startsAt + hour,
    segments: [],
  }))
  const best = rankAlternatives(slots.toReversed(), { near, timeZone: 'Europe/Berlin', first: 1 })
  expect(best[0]?.startsAt).toBe(at('2027-03-28T10:00+02:00'))
})

test('what overlaps the own appointments of the customer is left out, what touches them is not', () => {
  const own = { start: at('2027-03-01T11:00+01:00'), end: at('2027-03-01T12:00+01:00') }
  expect(
    ranked(['2027-03-01T10:00', '2027-03-01T10:30', '2027-03-01T11:30', '2027-03-01T12:00'], { exclude: [own] }),
  ).toEqual(['2027-03-01T10:00', '2027-03-01T12:00'])
})

test('an open wish is the best of all, a refused one is left out', () => {
  const texts = ['2027-03-01T10:30', '2027-03-01T10:00']
  expect(ranked(texts)[0]).toBe('2027-03-01T10:00')
  expect(ranked(texts, { excludeStarts: [at('2027-03-01T10:00+01:00')] })).toEqual(['2027-03-01T10:30'])
})

test('no more than the first ones are given', () => {
  expect(ranked(['2027-03-01T10:30', '2027-03-01T11:00'], { first: 1 })).toEqual(['2027-03-01T10:30'])
  expect(ranked(['2027-03-01T10:30'], { first: 0 })).toEqual([])
  expect(ranked([], { first: 3 })).toEqual([])
})

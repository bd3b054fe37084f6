// The scalars: strict about what comes in, exact about what goes out.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeId, encodeId, parseId } from '../../src/schema/machinery/ids.ts'
import {
  formatInstant,
  formatLocalTime,
  parseDate,
  parseInstant,
  parseLocalTime,
  parseTimeZone,
} from '../../src/schema/machinery/instants.ts'

test.for([
  ['2027-03-01T09:00:00Z', '2027-03-01T09:00:00Z'],
  ['2027-03-01T10:00:00+01:00', '2027-03-01T09:00:00Z'],
  ['2027-03-01T02:30:00-06:30', '2027-03-01T09:00:00Z'],
  ['2027-03-01t09:00:00z', '2027-03-01T09:00:00Z'],
  ['2027-03-01T09:00:00.000Z', '2027-03-01T09:00:00Z'],
  ['2027-03-01T09:00:00.5Z', '2027-03-01T09:00:00.500Z'],
  ['2027-03-01T09:00:00.1239999Z', '2027-03-01T09:00:00.123Z'],
  ['2028-02-29T00:00:00+14:00', '2028-02-28T10:00:00Z'],
] as const)('%s is the instant %s', ([written, answered]) => {
  expect(formatInstant(parseInstant(written))).toBe(answered)
})

test.for([
  '2027-03-01T09:00:00',
  '2027-03-01T09:00Z',
  '2027-03-01',
  '2027-3-1T09:00:00Z',
  '2027-03-01 09:00:00Z',
  '2027-03-01T24:00:00Z',
  '2027-03-01T09:60:00Z',
  '2027-03-01T09:00:60Z',
  '2027-03-01T09:00:00+25:00',
  '2027-03-01T09:00:00+01:60',
  '2027-03-01T09:00:00+0100',
  '2027-02-29T09:00:00Z',
  '2027-13-01T09:00:00Z',
  '0000-01-01T00:00:00Z',
  '+12027-03-01T09:00:00Z',
  ' 2027-03-01T09:00:00Z',
  '2027-03-01T09:00:00Z\n',
  '',
])('%j is no instant', (written) => {
  expect(() => parseInstant(written)).toThrow()
})

test('whatever instant goes out comes back as it was', () => {
  const instant = fc.integer({ min: Date.UTC(1900, 0, 1), max: Date.UTC(2999, 11, 31) })
  fc.assert(fc.property(instant, (at) => parseInstant(formatInstant(at)) === at))
})

test('an instant is the same in every offset', () => {
  const instant = fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => seconds * 1000)
  fc.assert(
    fc.property(instant, fc.integer({ min: -1439, max: 1439 }), (at, offset) => {
      const wall = new Date(at + offset * 60_000).toISOString().slice(0, 19)
      const sign = offset < 0 ? '-' : '+'
      expect(parseInstant(`${wall}${sign}${formatLocalTime(Math.abs(offset))}`)).toBe(at)
    }),
  )
})

test('every wall-clock time from 00:00 to 24:00 goes out and comes back', () => {
  for (let minutes = 0; minutes <= 1440; minutes++) expect(parseLocalTime(formatLocalTime(minutes))).toBe(minutes)
})

test.for(['24:01', '25:00', '12:60', '9:30', '09:30:00', '0930', '', 930])('%j is no wall-clock time', (written) => {
  expect(() => parseLocalTime(written)).toThrow()
})

test.for([
  '2027-02-29',
  '2027-04-31',
  '2027-00-10',
  '27-01-01',
  '2027-1-1',
  '2027-01-01T00:00:00Z',
  '9999-01-01',
  20270101,
])('%j is no date', (written) => {
  expect(() => parseDate(written)).toThrow()
})

test('a zone is spelled as the zone database spells it', () => {
  expect(
    ['Europe/Berlin', 'europe/berlin', 'UTC', 'America/Argentina/Buenos_Aires', 'Etc/GMT+5'].map(parseTimeZone),
  ).toEqual(['Europe/Berlin', 'Europe/Berlin', 'UTC', 'America/Argentina/Buenos_Aires', 'Etc/GMT+5'])
})

test.for(['+01:00', 'Europe/Atlantis', 'CEST!', '', 'Europe/Berlin ', 60])('%j is no zone', (written) => {
  expect(() => parseTimeZone(written)).toThrow()
})

test('an id is read back as what it was, and as nothing else', () => {
  fc.assert(
    fc.property(fc.uuid(), (uuid) => {
      expect(decodeId('time_off', encodeId('time_off', uuid))).toBe(uuid)
      expect(decodeId('service', encodeId('resource', uuid))).toBeNull()
      expect(parseId(encodeId('resource', uuid))).toEqual({ type: 'resource', uuid })
      expect(parseId(uuid)).toBeNull()
      expect(parseId(`service_${uuid} `)).toBeNull()
    }),
  )
})

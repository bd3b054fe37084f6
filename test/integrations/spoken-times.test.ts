import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readTimeWish } from '../../src/integrations/retell/spoken-times/read-wish.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { meaningOf } from '../support/spoken-meanings.ts'
import { makeWording, type WordingLanguage } from '../support/spoken-wordings.ts'

const timeZone = 'Europe/Berlin'
/** A Wednesday. */
const WEDNESDAY = '2025-11-12T10:00'

function at(wall: string): number {
  return Temporal.PlainDateTime.from(wall).toZonedDateTime(timeZone).epochMilliseconds
}

function read(date: string, time = '', now = WEDNESDAY): string {
  return meaningOf({ date, time }, { now, timeZone })
}

const day = (date: string) => `${date}T00:00..${Temporal.PlainDate.from(date).add({ days: 1 })}T00:00`

describe('a start in words', () => {
  it.each([
    ['morgen um 14 Uhr', '2025-11-13T14:00'],
    ['morgen um vierzehn Uhr dreißig', '2025-11-13T14:30'],
    ['übermorgen um halb drei', '2025-11-14T14:30'],
    ['morgen um Viertel nach neun', '2025-11-13T09:15'],
    ['morgen Viertel vor drei', '2025-11-13T14:45'],
    ['morgen dreiviertel drei', '2025-11-13T14:45'],
    ['morgen um fünf vor halb drei', '2025-11-13T14:25'],
    ['morgen zehn nach neun', '2025-11-13T09:10'],
    ['Mittwoch den 19. November um 14 Uhr', '2025-11-19T14:00'],
    ['am neunzehnten November um 9:30 Uhr', '2025-11-19T09:30'],
    ['am Freitag um 15 Uhr 30', '2025-11-14T15:30'],
    ['Freitag, 14. November 2025, 15.30 Uhr', '2025-11-14T15:30'],
    ['Fr. 14.11. um 10 Uhr', '2025-11-14T10:00'],
    ['19.11. 14 Uhr', '2025-11-19T14:00'],
    ['19.11.2025 14:30', '2025-11-19T14:30'],
    ['19.11.25 14:30', '2025-11-19T14:30'],
    ['am 20. um 14 Uhr', '2025-11-20T14:00'],
    ['morgen nachmittags um drei', '2025-11-13T15:00'],
    ['morgen Abend um acht', '2025-11-13T20:00'],
    ['morgen früh um 8', '2025-11-13T08:00'],
    ['Freitagmorgen um neun', '2025-11-14T09:00'],
    ['heute Nachmittag um 4', '2025-11-12T16:00'],
    ['in zwei Wochen um 10 Uhr', '2025-11-26T10:00'],
    ['heute in einer Woche um 10 Uhr', '2025-11-19T10:00'],
    ['in drei Tagen um 11 Uhr', '2025-11-15T11:00'],
    ['nächste Woche Montag um 11 Uhr', '2025-11-17T11:00'],
    ['Dienstag nächster Woche um 11 Uhr', '2025-11-18T11:00'],
    ['ich hätte gerne einen Termin morgen um 14 Uhr bitte', '2025-11-13T14:00'],
    ['tomorrow at 2pm', '2025-11-13T14:00'],
    ['tomorrow at 2:30 p.m.', '2025-11-13T14:30'],
    ['tomorrow at half past two', '2025-11-13T14:30'],
    ['quarter to three tomorrow', '2025-11-13T14:45'],
    ['friday @3', '2025-11-14T15:00'],
    ['noon on Friday', '2025-11-14T12:00'],
    ['November 19th at 9 am', '2025-11-19T09:00'],
    ['Wednesday the nineteenth of November at 2 pm', '2025-11-19T14:00'],
    ['Tuesday next week at eleven o’clock', '2025-11-18T11:00'],
    ['the day after tomorrow at 10:15', '2025-11-14T10:15'],
    ['next Tuesday at 10am', '2025-11-18T10:00'],
    ['2025-11-19 14:00', '2025-11-19T14:00'],
    ['2025-11-19T14:00', '2025-11-19T14:00'],
    ['2025-11-19T14:00:00+01:00', '2025-11-19T14:00'],
  ])('%s', (text, expected) => {
    expect(read(text)).toBe(expected)
  })

  it.each([
    ['2025-11-19', '14:00', '2025-11-19T14:00'],
    ['2025-11-19', '14', '2025-11-19T14:00'],
    ['2025-11-19', '1430', '2025-11-19T14:30'],
    ['2025-11-19', '14.30', '2025-11-19T14:30'],
    ['19.11', '14:00', '2025-11-19T14:00'],
    ['2025-11-19T00:00:00.000Z', '14:00', '2025-11-19T14:00'],
    ['2025-11-19', '2025-11-19T14:00:00', '2025-11-19T14:00'],
    ['', 'morgen 14 Uhr', '2025-11-13T14:00'],
  ])('is put together from the fields %s and %s', (date, time, expected) => {
    expect(read(date, time)).toBe(expected)
  })
})

describe('a stretch of time in words', () => {
  it.each([
    ['heute', '2025-11-12T10:00..2025-11-13T00:00'],
    ['morgen', day('2025-11-13')],
    ['übermorgen', day('2025-11-14')],
    ['nächste Woche Montag', day('2025-11-17')],
    ['Mittwoch den 19. November', day('2025-11-19')],
    ['7. Dezember', day('2025-12-07')],
    ['7. Januar', day('2026-01-07')],
    ['in zwei Wochen', day('2025-11-26')],
    ['kommenden Freitag', day('2025-11-14')],
    ['Freitag in einer Woche', day('2025-11-21')],
    ['morgen vormittags', '2025-11-13T09:00..2025-11-13T12:00'],
    ['morgen Vormittag', '2025-11-13T09:00..2025-11-13T12:00'],
    ['Freitag nachmittags', '2025-11-14T12:00..2025-11-14T18:00'],
    ['Freitagabend', '2025-11-14T17:00..2025-11-14T22:00'],
    ['morgen früh', '2025-11-13T06:00..2025-11-13T12:00'],
    ['heute Morgen', '2025-11-12T10:00..2025-11-12T12:00'],
    ['morgen ab 14 Uhr', '2025-11-13T14:00..2025-11-14T00:00'],
    ['morgen Nachmittag ab 15 Uhr', '2025-11-13T15:00..2025-11-13T18:00'],
    ['morgen zwischen 10 und 12', '2025-11-13T10:00..2025-11-13T12:00'],
    ['morgen zwischen 10 Uhr und 12 Uhr', '2025-11-13T10:00..2025-11-13T12:00'],
    ['morgen von 14 bis 16 Uhr', '2025-11-13T14:00..2025-11-13T16:00'],
    ['morgen 10-12 Uhr', '2025-11-13T10:00..2025-11-13T12:00'],
    ['morgen vor 12 Uhr', '2025-11-13T00:00..2025-11-13T12:00'],
    ['next Tuesday afternoon', '2025-11-18T12:00..2025-11-18T18:00'],
    ['tomorrow morning', '2025-11-13T06:00..2025-11-13T12:00'],
    ['between 10 and 12 tomorrow', '2025-11-13T10:00..2025-11-13T12:00'],
    ['Friday after 2pm', '2025-11-14T14:00..2025-11-15T00:00'],
    ['nächste Woche', '2025-11-17T00:00..2025-11-24T00:00'],
    ['nächste Woche nachmittags', '2025-11-17T12:00..2025-11-23T18:00 at 720-1080'],
    ['nächste Woche um 14 Uhr', '2025-11-17T14:00..2025-11-23T14:01 at 840-841'],
    ['diese Woche', '2025-11-12T10:00..2025-11-17T00:00'],
    ['am Wochenende', '2025-11-15T00:00..2025-11-17T00:00'],
    ['so bald wie möglich', '2025-11-12T10:00..2025-11-26T00:00'],
    ['as soon as possible', '2025-11-12T10:00..2025-11-26T00:00'],
  ])('%s', (text, expected) => {
    expect(read(text)).toBe(expected)
  })

  it.each([
    ['morgen gegen 14 Uhr', '~2025-11-13T14:00'],
    ['tomorrow around 2pm', '~2025-11-13T14:00'],
    ['in zwei Stunden', '~2025-11-12T12:00'],
  ])('%s is near a start, not the start', (text, expected) => {
    expect(read(text)).toBe(expected)
  })
})

describe('what has two meanings or none', () => {
  it.each([
    ['morgen um acht', 'WHICH_MINUTE 480 1200'],
    ['morgen um halb acht', 'WHICH_MINUTE 450 1170'],
    ['nächsten Freitag', 'WHICH_DATE 2025-11-14 2025-11-21'],
    ['next Friday at 2pm', 'WHICH_DATE 2025-11-14 2025-11-21'],
    ['Mittwoch um 14 Uhr', 'WHICH_DATE 2025-11-12 2025-11-19'],
    ['04/05/2026', 'WHICH_DATE 2026-05-04 2026-04-05'],
    ['Donnerstag den 19. November', 'OTHER_WEEKDAY'],
    ['30. Februar', 'NO_SUCH_DATE'],
    ['14 Uhr', 'DAY_MISSING 840'],
    ['nachmittags', 'DAY_MISSING'],
    ['morgen nicht um 14 Uhr', 'NOT_UNDERSTOOD'],
    ['Dienstag oder Donnerstag', 'WHICH_DATE 2025-11-13 2025-11-18'],
    ['morgen nicht am Freitag @0', 'NOT_UNDERSTOOD'],
    ['Ende nächster Woche nicht am Freitag', 'NOT_UNDERSTOOD'],
    ['nach Silvester um 10 Uhr', 'NOT_UNDERSTOOD'],
    ['vor Heiligabend', 'NOT_UNDERSTOOD'],
    ['14 Uhr am Sanktnimmerleinstag', 'DAY_MISSING 840'],
    ['in acht Tagen', 'WHICH_DATE 2025-11-19 2025-11-20'],
    ['morgen um 14 Uhr oder 15 Uhr', 'NOT_UNDERSTOOD'],
    ['tomorrow at half two', 'TIME_NOT_UNDERSTOOD 2025-11-13'],
    ['tomorrow ten to twelve', 'NOT_UNDERSTOOD'],
    ['nach dem Urlaub', 'NOT_UNDERSTOOD'],
    ['irgendwann nach Ostern', 'NOT_UNDERSTOOD'],
    ['morgen um 25 Uhr', 'TIME_NOT_UNDERSTOOD 2025-11-13'],
    ['', 'NOT_UNDERSTOOD'],
    ['1763560800', 'NOT_UNDERSTOOD'],
    ['2025-11-19T14:00:00Z', 'OTHER_ZONE'],
    ['2025-13-45T14:00:00Z', 'NO_SUCH_DATE'],
  ])('%s is asked back', (text, expected) => {
    expect(read(text)).toBe(expected)
  })

  it('is "Monday in two weeks" to some the one and to some the other', () => {
    expect(read('Montag in zwei Wochen')).toBe('WHICH_DATE 2025-11-24 2025-12-01')
  })

  it('is no question where both meanings are the same day', () => {
    expect(read('nächsten Dienstag')).toBe(day('2025-11-18'))
    expect(read('nächsten Freitag', '', '2025-11-16T10:00')).toBe(day('2025-11-21'))
  })
})

describe('the past', () => {
  it.each([
    ['19. November 2024 um 14 Uhr'],
    ['2023-11-19', '14:00'],
    ['7. November'],
    ['heute um 9 Uhr'],
    ['heute vormittags', '', '2025-11-12T13:00'],
    ['diese Woche Montag'],
  ])('%s %s is named as such', (date, time = '', now = WEDNESDAY) => {
    expect(read(date, time, now)).toBe('PAST')
  })
})

describe('clock changes', () => {
  it('a time that the clocks skip is asked back', () => {
    expect(read('29. März 2026 um 02:30 Uhr')).toBe('SKIPPED_TIME')
  })

  it('a time that comes twice is asked back, unless its offset says which', () => {
    expect(read('25. Oktober 2026 um 02:30 Uhr')).toBe('DOUBLED_TIME')
    const wish = readTimeWish({ date: '2026-10-25T02:30:00+01:00', time: '' }, { now: at(WEDNESDAY), timeZone })
    expect(wish).toMatchObject({ kind: 'START', startsAt: Date.parse('2026-10-25T01:30:00Z') })
  })

  it('the day of a change has its local hours', () => {
    const wish = readTimeWish({ date: '29. März 2026', time: '' }, { now: at(WEDNESDAY), timeZone })
    expect(wish).toMatchObject({
      kind: 'WINDOW',
      from: Date.parse('2026-03-28T23:00:00Z'),
      to: Date.parse('2026-03-29T22:00:00Z'),
    })
  })

  it('"tomorrow at two" is wall time across a change', () => {
    expect(read('morgen um 14 Uhr', '', '2026-03-28T14:00')).toBe('2026-03-29T14:00')
  })
})

describe('the corpus', () => {
  const rows = readFileSync(new URL('spoken-times.corpus.tsv', import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t') as [string, string, string, WordingLanguage, string])

  it('is understood line by line', () => {
    expect(rows.length).toBeGreaterThanOrEqual(600)
    const misread = rows.flatMap(([wording, now, zone, language, meaning]) => {
      const got = meaningOf({ date: wording, time: '' }, { now, timeZone: zone })
      return got === meaning ? [] : [{ wording, language, now, meaning, got }]
    })
    expect(misread).toEqual([])
  })

  it.each<WordingLanguage>(['de', 'en'])('has company that nobody has seen (%s)', (language) => {
    const seed = Math.floor(Math.random() * 2 ** 31)
    const random = seededRandom(seed)
    for (let count = 0; count < 500; count++) {
      const { text, meaning } = makeWording(random, language, Temporal.PlainDate.from('2025-11-12'))
      const got = meaningOf({ date: text, time: '' }, { now: WEDNESDAY, timeZone })
      expect({ seed, text, got }).toEqual({ seed, text, got: meaning })
    }
  })

  it('never becomes a time that was not said when words are lost or strange ones come between', () => {
    const random = seededRandom(18)
    for (const [wording, now, zone, language] of rows) {
      const words = wording.split(' ')
      // A word that turns it round, anywhere: it may be asked back, it is never booked as if it had not been said.
      words.splice(random.below(words.length + 1), 0, language === 'de' ? 'nicht' : 'not')
      const got = meaningOf({ date: words.join(' '), time: '' }, { now, timeZone: zone })
      const isStart = /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(got)
      expect({ words: words.join(' '), got: isStart ? got : 'asked or searched' }).toEqual({
        words: words.join(' '),
        got: 'asked or searched',
      })
    }
  })
})

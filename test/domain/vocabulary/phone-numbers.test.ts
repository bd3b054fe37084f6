import { describe, expect, test } from 'vitest'
import { readPhone } from '../../../src/domain/vocabulary/phone-numbers.ts'

describe('a phone number', () => {
  test.for([
    '030 23125000',
    '(030) 23125-000',
    '030/23125000',
    '0049 30 23125000',
    '+49 30 23125000',
    '+49 (0)30 23125000',
    '49 30 23125000',
    '＋４９ ３０ ２３１２５０００',
    '  030 23125000  ',
  ])('is one and the same however it is written: %s', (written) => {
    expect(readPhone(written, 'DE')).toEqual({ phone: '+493023125000', issue: null })
  })

  test('is read in the country of the branch when it has no country code', () => {
    expect(readPhone('044 668 18 00', 'CH').phone).toBe('+41446681800')
    expect(readPhone('213-777-1234', 'US').phone).toBe('+12137771234')
  })

  test('with its country code is the same in every country', () => {
    expect(readPhone('+1 213 777 1234', 'DE').phone).toBe('+12137771234')
    expect(readPhone('+1 213 777 1234', null).phone).toBe('+12137771234')
  })

  test('without country code and without a country is refused', () => {
    expect(readPhone('030 23125000', null)).toEqual({ phone: null, issue: expect.stringContaining('country code') })
  })

  test('that is possible is taken though the numbering plan does not know it', () => {
    expect(readPhone('+491234567890', 'DE').phone).toBe('+491234567890')
  })

  test('is known by its line: an extension is left out', () => {
    expect(readPhone('030 23125000 ext. 12', 'DE').phone).toBe('+493023125000')
    expect(readPhone('+493023125000;ext=7', 'DE').phone).toBe('+493023125000')
  })

  test.for([
    ...[
      '110',
      '12',
      '0',
      '+',
      '+49',
      'hello',
      'call me on 030 23125000',
      'tel:+493023125000',
      '030 23125000 030 23125000',
    ],
    ...['+999 123456789', '\u0000', `030 23125000${' '.repeat(100)}1`, '1'.repeat(10_000)],
  ])('is refused, not guessed: %j', (written) => {
    expect(readPhone(written, 'DE')).toEqual({ phone: null, issue: expect.stringContaining('not a phone number') })
  })

  test.for([
    ...['anonymous', 'Anonymous', ' ANONYMOUS ', 'unknown', 'withheld', 'private', 'Restricted', 'unavailable'],
    ...['', '   ', 'unterdrückt', 'unbekannt', '+266696687', '+266 696 687', '+7378742833', null, undefined],
  ])('that is withheld is nobody, and no fault: %j', (written) => {
    expect(readPhone(written, 'DE')).toEqual({ phone: null, issue: null })
  })
})

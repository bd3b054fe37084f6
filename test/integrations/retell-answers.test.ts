import { describe, expect, it } from 'vitest'
import { shorten } from '../../src/integrations/retell/functions/answers.ts'
import { readArguments } from '../../src/integrations/retell/functions/arguments.ts'
import { isSameName, matchByName } from '../../src/integrations/retell/functions/matching.ts'

describe('an answer', () => {
  it('stays under 15,000 characters and stays JSON, its sentence whole', () => {
    const slots = Array.from({ length: 2000 }, (_, index) => ({ startsAt: `slot ${index}` }))
    const answer = shorten({ success: true, outcome: 'SLOTS', message: 'Frei wäre …', slots })
    expect(JSON.stringify(answer).length).toBeLessThan(15_000)
    expect(answer.message).toBe('Frei wäre …')
    expect((answer.slots as unknown[])[0]).toEqual({ startsAt: 'slot 0' })
  })

  it('stays under 15,000 characters whatever is long in it', () => {
    const long = 'ü'.repeat(50_000)
    const answer = shorten({ success: false, outcome: 'NOT_FREE', message: long, service: long })
    expect(JSON.stringify(answer).length).toBeLessThan(15_000)
    expect(answer).toMatchObject({ success: false, outcome: 'NOT_FREE' })
  })
})

describe('arguments', () => {
  it.each([
    'None',
    'null',
    'undefined',
    ' ',
    'N/A',
    '{{customer_name}}',
    '<name>',
    'dummy_call_id',
    'unknown',
    'string',
  ])('say nothing with the placeholder %j', (value) => {
    expect(readArguments({ name: value }).text('name')).toBe('')
  })

  it('are found under any spelling of their name, as any type', () => {
    const said = readArguments({ customerName: 'Ada', 'Start-Date': ['morgen'], time: 14, hold: 'Ja', extra: { a: 1 } })
    expect([said.text('customer_name'), said.text('start_date'), said.text('time')]).toEqual(['Ada', 'morgen', '14'])
    expect([said.flag('hold'), said.flag('missing'), said.text('extra')]).toEqual([true, false, ''])
  })

  it('go on to the next name where the first says nothing', () => {
    expect(readArguments({ name: 'None', caller_name: 'Ada' }).text('name', 'caller_name')).toBe('Ada')
  })
})

describe('a spoken name', () => {
  const services = ['Haircut', 'Beard trim', 'Colour consultation', 'Färben kurz', 'Färben lang'].map((name) => ({
    name,
  }))

  it.each([
    ['haircut', 'Haircut'],
    ['hair cut', 'Haircut'],
    ['a haircut please', 'Haircut'],
    ['Beardtrim', 'Beard trim'],
    ['consultation', 'Colour consultation'],
    ['color consultation', 'Colour consultation'],
    ['faerben LANG', 'Färben lang'],
  ])('%s is %s', (spoken, name) => {
    expect(matchByName(spoken, services)).toEqual({ kind: 'ONE', item: { name } })
  })

  it('that fits several is none of them', () => {
    const match = matchByName('Färben', services)
    expect(match).toEqual({ kind: 'SEVERAL', items: [{ name: 'Färben kurz' }, { name: 'Färben lang' }] })
  })

  it.each(['Ölwechsel', 'cut', '', '!?'])('%j is nothing', (spoken) => {
    expect(matchByName(spoken, services).kind).toBe('NONE')
  })

  it('is the same person in another spelling, and not another person', () => {
    expect(isSameName('Björn Müller', 'mueller, bjoern')).toBe(true)
    expect(isSameName('Ada Lovelace', 'Lovelace')).toBe(true)
    expect(isSameName('Ada Lovelace', 'Ada Byron')).toBe(false)
    expect(isSameName('Ada Lovelace', '')).toBe(false)
  })
})

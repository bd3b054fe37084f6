// Values that no well-meaning client sends, drawn from a seed.

import type { Random } from '../support/seeded-random.ts'

const TEXTS = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  'x\udfff',
  '\u202eabc',
  '\ufeff',
  'ß',
  '👩‍🔬',
  '´',
  "'; drop table claims; --",
  '"',
  '\\',
  '%',
  '_',
  '{}',
  '[]',
  'null',
  'true',
  '0',
  '-1',
  '1e309',
  'NaN',
  '__proto__',
  'constructor',
  'toString',
  '$1',
  '$' + '{x}',
  '<script>',
  '\r\nx: y',
  '../../etc/passwd',
  '2027-02-30T00:00:00Z',
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:59Z',
  '+275760-09-13T00:00:00Z',
  '275761-01-01T00:00:00Z',
  '-271821-04-20T00:00:00Z',
  '2027-03-28T02:30:00+01:00',
  '2027-01-01T24:00:00Z',
  '2027-01-01T00:00:60Z',
  '2027-01-01T00:00:00+23:59',
  '0001-01-01',
  '9999-12-31',
  '0000-00-00',
  '24:00',
  '00:00',
  '23:59',
  '25:61',
  'Europe/Berlin',
  'Etc/GMT+99',
  '+49',
  '+493023125111',
  '+4917612345678901234567890',
  'tel:+4930',
  '0030',
  'mailto:a@b',
  'a@b',
  'https://127.0.0.1:9/',
  'https://[::1]/',
  'file:///',
  '1.abc.def.1.2.3..',
  '1.0.a.zzzzzzzzzzz.zzzzzzzzzzz.1.0-0-0.',
  'e30',
  'W10',
  'service_00000000-0000-0000-0000-000000000000',
  'customer_ffffffff-ffff-ffff-ffff-ffffffffffff',
  'appointment_',
  '_',
  'node_1',
]
const NUMBERS = [
  0,
  -0,
  1,
  -1,
  0.5,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31),
  2 ** 53,
  -(2 ** 53) - 2,
  1e21,
  1e308,
  -1e308,
  5e-324,
  1440,
  1441,
  101,
  10_001,
]

export function hostileText(random: Random): string {
  const text = random.pick(TEXTS)
  if (random.chance(0.9)) return text
  return (text || 'x').repeat(random.pick([10, 100, 1000, 5000])).slice(0, 20_000)
}

export const hostileNumber = (random: Random): number => random.pick(NUMBERS)

export function hostileValue(random: Random, depth = 0): unknown {
  const kind = random.below(depth > 3 ? 4 : 7)
  if (kind === 0) return null
  if (kind === 1) return random.chance(0.5)
  if (kind === 2) return hostileNumber(random)
  if (kind === 3) return hostileText(random)
  if (kind === 4) return nested(random.pick([1, 5, 13, 2000]), random.chance(0.5))
  const items = Array.from({ length: random.below(4) }, () => hostileValue(random, depth + 1))
  return kind === 5 ? items : Object.fromEntries(items.map((item) => [hostileText(random), item]))
}

function nested(levels: number, isList: boolean): unknown {
  let value: unknown = 'x'
  for (let level = 0; level < levels; level++) value = isList ? [value] : { a: value }
  return value
}

/** One to three changes: a part is left out, doubled, moved or replaced. */
export function spoil(text: string, random: Random): string {
  let spoilt = text
  for (let change = random.below(3); change >= 0; change--) {
    const from = random.below(spoilt.length + 1)
    const to = Math.min(spoilt.length, from + random.below(12))
    const part = spoilt.slice(from, to)
    const put = random.pick([
      '',
      part + part,
      hostileText(random),
      random.pick(['{', '}', '[', ']', '(', ')', '"', '$', '@', ':', '...', '#', ',']),
    ])
    spoilt = spoilt.slice(0, from) + put + spoilt.slice(to)
  }
  return spoilt.slice(0, 200_000)
}

/** The same structure with one or more of its values replaced, left out or put beside others. */
export function spoilValue(value: unknown, random: Random): unknown {
  if (typeof value !== 'object' || value === null || random.chance(0.1)) return hostileValue(random)
  if (Array.isArray(value)) {
    const index = random.below(value.length + 1)
    return value.toSpliced(index, random.below(2), spoilValue(value[index], random))
  }
  const entries = Object.entries(value)
  const index = random.below(entries.length + 1)
  const [key, kept] = entries[index] ?? [hostileText(random), null]
  if (random.chance(0.2)) return Object.fromEntries(entries.toSpliced(index, 1))
  return Object.fromEntries(entries.toSpliced(index, 1, [key, spoilValue(kept, random)]))
}

// A document is judged before it costs anything: every limit, and what is known to get around limits like these.

import { readFileSync } from 'node:fs'
import path from 'node:path'
import { getIntrospectionQuery } from 'graphql'
import { describe, expect, test } from 'vitest'
import { createSchema } from '../../../src/schema/schema.ts'
import { DOCUMENT_LIMITS, type DocumentLimit } from '../../../src/server/execution/document-limits.ts'
import { createDocuments, type DocumentRequest, isPrepared } from '../../../src/server/execution/documents.ts'

const documents = createDocuments(createSchema())

/** What it is refused with, or null. */
function refusalOf(request: DocumentRequest): Record<string, unknown> | null {
  const prepared = documents.prepare(request)
  return isPrepared(prepared) ? null : { ...prepared[0]?.extensions }
}

const times = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ')
const query = (text: string): DocumentRequest => ({ query: text })
const deep = (fields: number): string =>
  fields === 0 ? 'id' : `customer { appointments(first: 0) { edges { node { ${deep(fields - 4)} } } } }`
const pageOf = (selections: string) => `appointments { edges { node { ${selections} } } }`
const explaining = (given: object): DocumentRequest => ({
  query: 'query ($input: SlotInput!) { explainSlot(input: $input) { bookable } }',
  variables: { input: { serviceId: 'x', startsAt: '2030-01-07T09:00:00Z', ...given } },
})
const nested = (levels: number): unknown => (levels === 0 ? 'x' : [nested(levels - 1)])
const fragment = (name: string, selections: string, type = 'Query') => `fragment ${name} on ${type} { ${selections} }`

interface Case {
  limit: DocumentLimit
  /** How it comes, and a request with so many. */
  of: string
  with: (count: number) => DocumentRequest
  /** The next larger one that can be made. */
  step?: number
}

const CASES: Case[] = [
  { limit: 'characters', of: 'spaces', with: (n) => query('{ __typename }'.padEnd(n, ' ')) },
  { limit: 'characters', of: 'a comment', with: (n) => query('{ __typename } #'.padEnd(n, 'x')) },
  { limit: 'characters', of: 'a text', with: (n) => query(`{ service(id: "${'x'.repeat(n - 26)}") { id } }`) },
  { limit: 'tokens', of: 'a list', with: (n) => query(`{ a(b: [${times(n - 9, () => '1')}]) }`) },
  { limit: 'nesting', of: 'lists', with: (n) => query(`{ a(b: ${'['.repeat(n - 2)}${']'.repeat(n - 2)}) }`) },
  { limit: 'nesting', of: 'objects', with: (n) => query(`{ a(b: ${'{ c: '.repeat(n - 2)}1${' }'.repeat(n - 2)}) }`) },
  { limit: 'nesting', of: 'fields', with: (n) => query(`${'{ a '.repeat(n)}${'}'.repeat(n)}`) },
  {
    limit: 'nesting',
    of: 'types',
    with: (n) => query(`query ($a: ${'['.repeat(n - 1)}ID${']'.repeat(n - 1)}) { __typename }`),
  },
  {
    limit: 'operations',
    of: 'operations of which one is meant',
    with: (n) => ({ query: times(n, (i) => `query Q${i} { __typename }`), operationName: 'Q0' }),
  },
  {
    limit: 'fragments',
    of: 'fragments',
    with: (n) => query(`{ ${times(n, (i) => `...F${i}`)} } ${times(n, (i) => fragment(`F${i}`, 'a'))}`),
  },
  { limit: 'directives', of: 'one repeated', with: (n) => query(`{ __typename ${'@include(if: true) '.repeat(n)} }`) },
  { limit: 'directives', of: 'many fields', with: (n) => query(`{ ${times(n, () => '__typename @skip(if: true)')} }`) },
  {
    limit: 'variables',
    of: 'declarations',
    with: (n) => query(`query (${times(n, (i) => `$v${i}: ID`)}) { __typename }`),
  },
  { limit: 'depth', of: 'fields', with: (n) => query(`{ ${pageOf(deep(n - 4))} }`), step: 4 },
  {
    limit: 'depth',
    of: 'a fragment',
    with: (n) => query(`{ ${pageOf('...A')} } ${fragment('A', deep(n - 4), 'Appointment')}`),
    step: 4,
  },
  {
    limit: 'depth',
    of: 'a fragment that is called as introspection is',
    with: (n) => query(`{ ${pageOf('...__schema')} } ${fragment('__schema', deep(n - 4), 'Appointment')}`),
    step: 4,
  },
  {
    limit: 'depth',
    of: 'a fragment that has been met less deep before',
    with: (n) =>
      query(
        `{ ${pageOf(`...A customer { appointments { edges { node { ...A } } } }`)} } ${fragment('A', deep(n - 8), 'Appointment')}`,
      ),
    step: 4,
  },
  {
    limit: 'depth',
    of: 'inline fragments with conditions',
    with: (n) => ({
      query: `query ($no: Boolean!) { ... @include(if: $no) { ... on Query { ${pageOf(deep(n - 4))} } } }`,
      variables: { no: false },
    }),
    step: 4,
  },
  {
    limit: 'depth',
    of: 'an operation that is not meant',
    with: (n) => ({ query: `query A { __typename } query B { ${pageOf(deep(n - 4))} }`, operationName: 'A' }),
    step: 4,
  },
  {
    limit: 'depth',
    of: 'a fragment that nothing spreads',
    with: (n) => query(`{ a } ${fragment('A', `a ${'{ a'.repeat(n - 1)}${'}'.repeat(n - 1)}`)}`),
  },
  {
    limit: 'depth',
    of: 'introspection',
    with: (n) => query(`{ __schema { types ${'{ ofType '.repeat(n - 3)} { name } ${'}'.repeat(n - 3)} } }`),
    step: 1,
  },
  { limit: 'selections', of: 'fields', with: (n) => query(`{ a { ${times(n - 1, (i) => `f${i}`)} } }`) },
  {
    limit: 'selections',
    of: 'inline fragments',
    with: (n) => query(`{ a { ${times(n / 2 - 1, (i) => `... { f${i} }`)} b } }`),
    step: 2,
  },
  {
    limit: 'selections',
    of: 'a fragment spread again and again',
    with: (n) =>
      query(
        `{ ${times(n / 10, (i) => `a${i} { ...A }`)} } ${fragment(
          'A',
          times(8, (i) => `f${i}`),
        )}`,
      ),
    step: 10,
  },
  { limit: 'aliases', of: 'fields', with: (n) => query(`{ a { ${times(n, (i) => `a${i}: b`)} } }`) },
  {
    limit: 'aliases',
    of: 'the name of the type',
    with: (n) => query(`{ a { ${times(n, (i) => `a${i}: __typename`)} } }`),
  },
  {
    limit: 'aliases',
    of: 'a fragment spread twice',
    with: (n) =>
      query(
        `{ a { ...A } b { ...A } } ${fragment(
          'A',
          times(n / 2, (i) => `a${i}: b`),
        )}`,
      ),
    step: 2,
  },
  { limit: 'repeats', of: 'a field', with: (n) => query(`{ a { ${'b '.repeat(n + 1)} } }`) },
  {
    limit: 'repeats',
    of: 'a field of one alias',
    with: (n) => query(`{ a { ${'b { c } '.repeat(n / 2 + 1)} } }`),
    step: 2,
  },
  { limit: 'repeats', of: 'inline fragments', with: (n) => query(`{ a { ${'... on A { b } '.repeat(n + 1)} } }`) },
  { limit: 'queries', of: 'aliases', with: (n) => query(`{ ${times(n, (i) => `a${i}: __typename`)} }`) },
  {
    limit: 'queries',
    of: 'fragments',
    with: (n) =>
      query(
        `{ ...A ...A } ${fragment(
          'A',
          times(n / 2, (i) => `a${i}: __typename`),
        )}`,
      ),
    step: 2,
  },
  { limit: 'mutations', of: 'aliases', with: (n) => query(`mutation { ${times(n, (i) => `a${i}: __typename`)} }`) },
  {
    limit: 'values',
    of: 'a list of ids',
    with: (n) => explaining({ resourceIds: Array.from({ length: n - 4 }, () => 'x') }),
  },
  { limit: 'valueDepth', of: 'lists', with: (n) => explaining({ resourceIds: nested(n - 1) }) },
  {
    limit: 'valueCharacters',
    of: 'a text',
    with: (n) => explaining({ serviceId: 'x'.repeat(n - 'serviceIdstartsAt2030-01-07T09:00:00Z'.length) }),
  },
  {
    limit: 'valueCharacters',
    of: 'a name',
    with: (n) => explaining({ ['x'.repeat(n - 'serviceIdxstartsAt2030-01-07T09:00:00Z'.length)]: 0 }),
  },
  {
    limit: 'cost',
    of: 'rows',
    with: (n) => ({
      query: 'query ($n: Int) { calendarConflicts(first: $n) { __typename } }',
      variables: { n: n - 20 },
    }),
  },
  {
    limit: 'cost',
    of: 'rows by default',
    with: (n) => query(`query ($n: Int = ${n - 20}) { calendarConflicts(first: $n) { __typename } }`),
  },
  {
    limit: 'cost',
    of: 'rows that are left out',
    with: (n) => query(`{ calendarConflicts(first: ${n - 20}) { __typename @skip(if: true) } }`),
  },
]

test.for(CASES)('$limit of $of: as many as allowed, and not one more', ({ limit, with: make, step = 1 }) => {
  const max = DOCUMENT_LIMITS[limit]
  expect(refusalOf(make(max))?.limit).not.toBe(limit)
  expect(refusalOf(make(max + step))).toMatchObject({ code: 'BAD_USER_INPUT', limit, max })
})

test('every limit has a case', () => {
  expect([...new Set(CASES.map(({ limit }) => limit))].sort()).toEqual(Object.keys(DOCUMENT_LIMITS).sort())
})

test('docs/limits.md names every limit with its number, in order', () => {
  const page = readFileSync(path.join(import.meta.dirname, '../../../docs/limits.md'), 'utf8')
  const told = [...page.matchAll(/^\| `([a-z]\w+)` \| (\d+) \|/gm)].map(([, name, max]) => [name, Number(max)])
  expect(told).toEqual(Object.entries(DOCUMENT_LIMITS))
})

test('a refusal says its limit and its number in a sentence', () => {
  const prepared = documents.prepare({ query: `{ ${pageOf(deep(40))} }` })
  expect(prepared).toMatchObject([{ message: 'The document asks for fields more than 20 deep.' }])
})

test('fragments that double with every level are counted, not followed', () => {
  const level = (index: number) =>
    ['A', 'B'].map((name) => fragment(`${name}${index}`, `...A${index + 1} ...B${index + 1}`)).join(' ')
  const doubling = `{ ...A0 ...B0 } ${times(45, level)} ${fragment('A45', '__typename')} ${fragment('B45', '__typename')}`
  const refused = refusalOf(query(doubling))
  expect(refused).toMatchObject({ code: 'BAD_USER_INPUT', limit: 'selections' })
  expect(refused?.found).toBeGreaterThan(2 ** 46)
})

test('fragments that spread one another in a circle are told so', () => {
  const circle = `{ ...A } ${fragment('A', '...B ...B')} ${fragment('B', '...A ...A __typename')}`
  expect(refusalOf(query(circle))).toEqual({ code: 'GRAPHQL_VALIDATION_FAILED' })
})

test('the whole description of the schema may be asked for, and not many times over', () => {
  const whole = getIntrospectionQuery({
    inputValueDeprecation: true,
    specifiedByUrl: true,
    directiveIsRepeatable: true,
    schemaDescription: true,
    oneOf: true,
  })
  expect(refusalOf(query(whole))).toBeNull()
  const again = whole.replace(
    '{\n',
    '{ again: __schema { types { ...FullType } } more: __schema { types { ...FullType } } yet: __schema { types { ...FullType } }\n',
  )
  expect(refusalOf(query(again))).toMatchObject({ limit: 'cost' })
  const fields = times(90, (index) => `a${index}: name`)
  expect(refusalOf(query(`{ __schema { types { fields { type { fields { ${fields} } } } } } }`))).toMatchObject({
    limit: 'cost',
  })
  expect(
    refusalOf(query('{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }')),
  ).toEqual({
    code: 'GRAPHQL_VALIDATION_FAILED',
  })
})

describe('rows cannot hide', () => {
  const priced = (first: string, variables?: Record<string, unknown>) =>
    refusalOf({
      query: `query ($n: Int, $m: Int) { calendarConflicts(first: $n) { __typename } customers(${first}) { edges { node { appointments(first: $m) { edges { node { ${times(80, (i) => `a${i}: id`)} } } } } } } }`,
      variables,
    })
  test.for([
    { of: 'a variable', first: 'first: $n', variables: { n: 100, m: 100 } },
    { of: 'two variables', first: 'first: 100', variables: { m: 100 } },
    { of: 'last', first: 'last: $n', variables: { n: 100, m: 100 } },
    { of: 'null', first: 'first: null, last: 100', variables: { m: 100 } },
    { of: 'no argument', first: 'search: "x"', variables: { m: 100 } },
    { of: 'infinity', first: 'first: 0', variables: { m: Number.POSITIVE_INFINITY } },
  ])('behind $of', ({ first, variables }) => {
    expect(priced(first, variables)).toMatchObject({ limit: 'cost' })
  })
  test('few are allowed', () => {
    expect(priced('first: $n', { n: 5, m: 20 })).toBeNull()
  })
})

describe('variables', () => {
  test('that the operation does not declare are dropped, and not judged', () => {
    const prepared = documents.prepare({
      query: 'query A($id: ID!) { service(id: $id) { id } } query B($other: ID!) { service(id: $other) { id } }',
      operationName: 'A',
      variables: { id: 'x', other: 'y'.repeat(250_000), more: nested(5000), ['__proto__']: { polluted: true } },
    })
    expect(prepared).toMatchObject({ variableValues: { id: 'x' } })
    expect(isPrepared(prepared) && Object.keys(prepared.variableValues)).toEqual(['id'])
  })
})

test('an invalid document is told its first faults', () => {
  const prepared = documents.prepare(query(`{ ${times(500, (index) => `nothing${index}`)} }`))
  expect(isPrepared(prepared)).toBe(false)
  expect((prepared as unknown[]).length).toBeLessThanOrEqual(21)
})

test('a document is read once, and kept', () => {
  const [first, second] = [1, 2].map(() => documents.prepare(query('{ organization { name } }')))
  expect(first && isPrepared(first) && first.document).toBe(second && isPrepared(second) && second.document)
})

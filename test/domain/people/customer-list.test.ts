import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listCustomers } from '../../../src/domain/people/customer-list.ts'
import { upsertCustomer } from '../../../src/domain/people/customers.ts'
import { openTenant, type Tenant } from '../../support/tenant.ts'

let tenant: Tenant
const NAMES = ['Ada', 'Ada', 'Ada', 'Bo', 'Cem', 'Dana_100%', 'Eva', 'Änne']
beforeAll(async () => {
  tenant = await openTenant()
  await tenant.write(async (tx) => {
    for (const [index, name] of NAMES.entries()) {
      const email = name === 'Bo' ? 'Boss@Example.org' : null
      await upsertCustomer(tx, { name, phone: `+49302312500${index}`, email })
    }
  })
})
afterAll(() => tenant[Symbol.asyncDispose]())

type Input = Parameters<typeof listCustomers>[1]
const list = (input: Input) => tenant.read((tx) => listCustomers(tx, input))
const namesFound = async (search: string) => (await list({ search, first: 50 })).rows.map(({ name }) => name)

describe('the list of customers', () => {
  test.for([1, 2, 3, 5, 8, 50])(
    'in pages of %d, forwards and backwards, has everyone once and in one order',
    async (size) => {
      const { rows: all } = await list({ first: 50 })
      expect(all.map(({ name }) => name).toSorted()).toEqual(NAMES.toSorted())
      const forwards: typeof all = []
      for (let page = await list({ first: size }); ; page = await list({ first: size, after: forwards.at(-1) })) {
        expect(page.hasPreviousPage).toBe(forwards.length > 0)
        forwards.push(...page.rows)
        expect(page.hasNextPage).toBe(forwards.length < all.length)
        if (!page.hasNextPage) break
      }
      expect(forwards).toEqual(all)
      const backwards: typeof all = []
      for (let page = await list({ last: size }); ; page = await list({ last: size, before: backwards[0] })) {
        expect(page.hasNextPage).toBe(backwards.length > 0)
        backwards.unshift(...page.rows)
        expect(page.hasPreviousPage).toBe(backwards.length < all.length)
        if (!page.hasPreviousPage) break
      }
      expect(backwards).toEqual(all)
    },
  )

  test('between two positions ends before the second', async () => {
    const { rows: all } = await list({ first: 50 })
    const page = await list({ first: 50, after: all[1], before: all[4] })
    expect(page.rows).toEqual(all.slice(2, 4))
    expect((await list({ last: 1, after: all[1], before: all[4] })).rows).toEqual([all[3]])
  })

  test('of no length is empty and still knows what is there', async () => {
    expect(await list({ first: 0 })).toEqual({ rows: [], hasNextPage: true, hasPreviousPage: false })
  })

  test('is searched by part of a name or e-mail address, in either case', async () => {
    expect(await namesFound('aDa')).toEqual(['Ada', 'Ada', 'Ada'])
    expect(await namesFound('boss@example')).toEqual(['Bo'])
    expect(await namesFound('ÄNN')).toEqual(['Änne'])
    expect(await namesFound('nobody')).toEqual([])
    expect(await namesFound('  ')).toHaveLength(NAMES.length)
  })

  test('is searched by the digits of a number in national and international notation', async () => {
    expect(await namesFound('030 / 23 12 50 03')).toEqual(['Bo'])
    expect(await namesFound('+49 30 23125003')).toEqual(['Bo'])
    expect(await namesFound('0049 30 23125003')).toEqual(['Bo'])
    expect(await namesFound('5003')).toEqual(['Bo'])
  })

  test('takes the signs of a pattern for themselves', async () => {
    expect(await namesFound('%')).toEqual(['Dana_100%'])
    expect(await namesFound('_')).toEqual(['Dana_100%'])
    expect(await namesFound('\\')).toEqual([])
    expect(await namesFound('a\0')).toEqual(await namesFound('a'))
  })
})

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDatabase } from '../../src/db/client.ts'
import { inTransaction } from '../../src/db/transaction.ts'
import { ensureCustomers, type NewCustomer } from '../../src/domain/booked-customers.ts'
import { loadCustomers, updateCustomer, upsertCustomer } from '../../src/domain/customers.ts'
import { openTenant, type Tenant } from '../support/tenant.ts'

let tenant: Tenant
beforeAll(async () => {
  tenant = await openTenant()
})
afterAll(() => tenant[Symbol.asyncDispose]())

const customer = (phone: string | null, name = 'Kim'): NewCustomer => ({ id: randomUUID(), name, phone, email: null })
const ensure = (rows: NewCustomer[]) => tenant.write((tx) => ensureCustomers(tx, rows))

describe('the customers of a batch of bookings', () => {
  test('are made when they are new, each under its own id', async () => {
    const rows = [customer('+49301000001'), customer('+49301000002')]
    expect(await ensure(rows)).toEqual(new Map(rows.map(({ id }) => [id, id])))
    expect((await tenant.read((tx) => loadCustomers(tx, [rows[0]?.id as string]))).size).toBe(1)
  })

  test('are one for one number, within a batch and with those who are known', async () => {
    const known = await tenant.write((tx) => upsertCustomer(tx, { name: 'Known', phone: '+49302000001' }))
    const rows = [customer('+49302000001'), customer('+49302000002'), customer('+49302000002')]
    const ids = await ensure(rows)
    expect(ids.get(rows[0]?.id as string)).toBe(known.id)
    expect(ids.get(rows[1]?.id as string)).toBe(ids.get(rows[2]?.id as string))
  })

  test('never overwrite what is stored of the person the number belongs to', async () => {
    const known = await tenant.write((tx) =>
      upsertCustomer(tx, { name: 'Known', phone: '+49303000001', email: 'known@example.org' }),
    )
    await ensure([{ ...customer('+49303000001', 'Mallory'), email: 'mallory@example.org' }])
    expect((await tenant.read((tx) => loadCustomers(tx, [known.id]))).get(known.id)).toEqual(known)
  })

  test('whose numbers are withheld are each a customer of their own', async () => {
    const rows = [customer(null), customer(null), customer(null)]
    expect([...(await ensure(rows)).values()]).toEqual(rows.map(({ id }) => id))
  })

  test('can be nobody at all', async () => {
    expect(await ensure([])).toEqual(new Map())
  })

  test('in opposite orders, from two pools, make no deadlock and one customer for each number', async () => {
    await using other = openDatabase({ url: tenant.url })
    const phones = Array.from({ length: 30 }, (_, index) => `+4930400${String(index).padStart(4, '0')}`)
    const [before] = await tenant.db.sql`select deadlocks from pg_stat_database where datname = current_database()`
    const answers = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const rows = (index % 2 ? phones : phones.toReversed()).map((phone) => customer(phone))
        const db = index % 4 < 2 ? tenant.db : other
        const ids = await inTransaction(db, tenant.organizationId, (tx) => ensureCustomers(tx, rows))
        return new Map(rows.map(({ id, phone }) => [phone, ids.get(id)]))
      }),
    )
    for (const phone of phones) expect(new Set(answers.map((ids) => ids.get(phone))).size).toBe(1)
    const [after] = await tenant.db.sql`
      select pg_stat_force_next_flush(), deadlocks from pg_stat_database where datname = current_database()`
    expect(after?.deadlocks).toBe(before?.deadlocks)
  })

  test('are there though their numbers change hands at the same time', async () => {
    const phone = '+49305000001'
    const holder = await tenant.write((tx) => upsertCustomer(tx, { name: 'Holder', phone }))
    const flip = async () => {
      for (let turn = 0; turn < 30; turn++) {
        const changed = turn % 2 ? phone : '+49305000002'
        await tenant
          .write((tx) => updateCustomer(tx, { customerId: holder.id, phone: changed }))
          .catch((error) => expect(error.code).toBe('INVALID_INPUT'))
      }
    }
    const book = async () => {
      for (let turn = 0; turn < 30; turn++) {
        const row = customer(phone)
        const id = (await ensure([row])).get(row.id)
        expect(id).toBeDefined()
      }
    }
    await Promise.all([flip(), book(), book()])
  })
})

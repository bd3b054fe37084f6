import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDatabase } from '../../../src/db/client.ts'
import { inTransaction } from '../../../src/db/transaction.ts'
import { createLocation } from '../../../src/domain/catalogue/locations.ts'
import {
  findCustomerByPhone,
  loadCustomers,
  updateCustomer,
  upsertCustomer,
} from '../../../src/domain/people/customers.ts'
import { NotFoundError } from '../../../src/domain/vocabulary/refusals.ts'
import { addTenant, issuesOf, openTenant, type Tenant } from '../../support/tenant.ts'

let tenant: Tenant
beforeAll(async () => {
  tenant = await openTenant()
})
afterAll(() => tenant[Symbol.asyncDispose]())

let lastNumber = 23_125_000
const freshPhone = () => `+4930${++lastNumber}`
type Upsert = Parameters<typeof upsertCustomer>[1]
const upsert = (input: Partial<Upsert>) =>
  tenant.write((tx) => upsertCustomer(tx, { name: 'Kim', phone: freshPhone(), ...input }))
type Update = Parameters<typeof updateCustomer>[1]
const update = (input: Update) => tenant.write((tx) => updateCustomer(tx, input))
const find = (phone: string, locationId?: string) => tenant.read((tx) => findCustomerByPhone(tx, { phone, locationId }))

describe('a customer', () => {
  test('is read back as made', async () => {
    const phone = freshPhone()
    const made = await upsert({ name: ' Kim ', phone, email: ' kim@example.org ' })
    expect(made).toEqual({
      id: expect.any(String),
      name: 'Kim',
      phone,
      email: 'kim@example.org',
      createdAt: expect.any(Number),
    })
    expect(await tenant.read((tx) => loadCustomers(tx, [made.id, randomUUID()]))).toEqual(new Map([[made.id, made]]))
  })

  test('who is known takes the new name and e-mail address, and keeps an address that is not named', async () => {
    const made = await upsert({ email: 'kim@example.org' })
    expect(await upsert({ phone: made.phone as string, name: 'Kim Lee' })).toEqual({ ...made, name: 'Kim Lee' })
    expect(await upsert({ phone: made.phone as string, email: null })).toEqual(made)
    const changed = await upsert({ phone: made.phone as string, email: 'lee@example.org' })
    expect(changed).toEqual({ ...made, email: 'lee@example.org' })
  })

  test('is one for a hundred callers at once who write the number in six ways, through two pools', async () => {
    const notations = [
      '030 41234567',
      '+49 30 41234567',
      '0049 30 41234567',
      '(030) 4123-4567',
      '+49 (0)30 41234567',
      '49 30 41234567',
    ]
    await using other = openDatabase({ url: tenant.url })
    const customers = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        inTransaction(index % 2 ? other : tenant.db, tenant.organizationId, (tx) =>
          upsertCustomer(tx, { name: `Kim ${index}`, phone: notations[index % 6] as string }),
        ),
      ),
    )
    expect(new Set(customers.map(({ id }) => id)).size).toBe(1)
    const [row] = await tenant.db.sql`select count(*)::int from customers where phone = '+493041234567'`
    expect(row?.count).toBe(1)
  })

  test('of another organization with the same number is another customer', async () => {
    const made = await upsert({})
    const other = await addTenant(tenant.db)
    const twin = await other.write((tx) => upsertCustomer(tx, { name: 'Twin', phone: made.phone as string }))
    expect(twin.id).not.toBe(made.id)
    expect((await find(made.phone as string))?.name).toBe('Kim')
  })

  test.for(['anonymous', 'unknown', '', '+266696687'])('is not made of a withheld number: %j', async (phone) => {
    expect(await issuesOf(upsert({ phone }))).toEqual([expect.stringContaining('phone: A withheld number')])
  })

  test('is refused with every fault at once', async () => {
    expect(await issuesOf(upsert({ name: ' ', phone: '110', email: 'nobody' }))).toEqual([
      'name: A name is needed.',
      'email: This is not an e-mail address.',
      expect.stringContaining('phone: This is not a phone number.'),
    ])
    expect(await issuesOf(upsert({ locationId: randomUUID() }))).toEqual([
      'locationId: There is no location with this id.',
    ])
  })

  test.for(['a@b', 'Kim.Lee+salon@example.org', 'kim@müller.example'])('can have the address %s', async (email) => {
    expect((await upsert({ email })).email).toBe(email)
  })

  test.for(['kim', '@', 'kim@', '@example.org', 'kim lee@example.org', 'a@b@c', `${'x'.repeat(250)}@b.de`, 'a\0@b.de'])(
    'cannot have the address %j',
    async (email) => {
      expect(await issuesOf(upsert({ email }))).toEqual(['email: This is not an e-mail address.'])
    },
  )

  test('is read in the country of the location, else of the first location', async () => {
    const wien = await tenant.write((tx) =>
      createLocation(tx, { name: 'Wien', timeZone: 'Europe/Vienna', country: 'AT' }),
    )
    expect((await upsert({ phone: '01 5880077', locationId: wien.id })).phone).toBe('+4315880077')
    expect((await upsert({ phone: '030 5880077' })).phone).toBe('+49305880077')
    expect((await find('01 5880077', wien.id))?.phone).toBe('+4315880077')
    expect(await find('01 5880077')).toBeNull()
  })

  test('is found by number in any notation; a withheld one, or one of an unknown location, is nobody', async () => {
    const made = await upsert({ phone: '030 99887766' })
    expect(await find('+49 (0)30 9988 7766')).toEqual(made)
    expect(await find('anonymous')).toBeNull()
    expect(await find('030 99887766', randomUUID())).toBeNull()
    expect(await issuesOf(find('110'))).toHaveLength(1)
  })

  test('whose name is no well-formed text is kept readable', async () => {
    expect((await upsert({ name: 'Kim \ud800' })).name).toBe('Kim \ufffd')
    expect(await issuesOf(upsert({ name: 'Kim\0' }))).toHaveLength(1)
  })
})

describe('an update of a customer', () => {
  test('changes what is given, takes away what is null, and leaves the rest', async () => {
    const made = await upsert({ email: 'kim@example.org' })
    const customerId = made.id
    expect(await update({ customerId, name: 'Kim Lee' })).toEqual({ ...made, name: 'Kim Lee' })
    expect(await update({ customerId, name: null, email: null })).toEqual({ ...made, name: 'Kim Lee', email: null })
    expect(await update({ customerId, phone: '030 11223344' })).toMatchObject({ phone: '+493011223344', email: null })
    expect(await update({ customerId, phone: null })).toMatchObject({ phone: null })
  })

  test('to the number of another customer is refused and changes nothing', async () => {
    const [one, two] = [await upsert({}), await upsert({})]
    expect(await issuesOf(update({ customerId: one.id, name: 'New', phone: two.phone }))).toEqual([
      'phone: This number belongs to another customer.',
    ])
    expect((await tenant.read((tx) => loadCustomers(tx, [one.id]))).get(one.id)).toEqual(one)
    expect(await update({ customerId: one.id, phone: one.phone })).toEqual(one)
  })

  test('of many customers at once to one free number lets one have it', async () => {
    const customers = await Promise.all(Array.from({ length: 10 }, () => upsert({})))
    const phone = freshPhone()
    const attempts = await Promise.allSettled(customers.map(({ id }) => update({ customerId: id, phone })))
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const lost = attempts.filter((attempt) => attempt.status === 'rejected')
    expect(lost.every(({ reason }) => reason.code === 'INVALID_INPUT')).toBe(true)
  })

  test('is judged like a new one, and does not take a withheld number for none', async () => {
    const { id: customerId } = await upsert({})
    expect(await issuesOf(update({ customerId, name: '', email: 'x', phone: '12' }))).toHaveLength(3)
    expect(await issuesOf(update({ customerId, phone: 'anonymous' }))).toHaveLength(1)
  })

  test('of an unknown customer, or of one of another organization, is not found', async () => {
    const other = await addTenant(tenant.db)
    const stranger = await other.write((tx) => upsertCustomer(tx, { name: 'Stranger', phone: '030 23125000' }))
    await expect(update({ customerId: randomUUID(), name: 'X' })).rejects.toThrow(NotFoundError)
    await expect(update({ customerId: stranger.id, name: 'X' })).rejects.toThrow(NotFoundError)
  })
})

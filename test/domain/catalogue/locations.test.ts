import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createLocation, listLocations, loadLocations } from '../../../src/domain/catalogue/locations.ts'
import { issuesOf, openTenant, type Tenant } from '../../support/tenant.ts'

let tenant: Tenant
beforeAll(async () => {
  tenant = await openTenant()
})
afterAll(() => tenant[Symbol.asyncDispose]())

const MITTE = { name: 'Mitte', timeZone: 'Europe/Berlin', country: 'DE' }
const create = (changes: Partial<typeof MITTE>) => tenant.write((tx) => createLocation(tx, { ...MITTE, ...changes }))

describe('a location', () => {
  test('is read back as it was made, oldest first', async () => {
    const made = await create({ name: '  Kreuzberg ' })
    expect(made).toEqual({ id: expect.any(String), name: 'Kreuzberg', timeZone: 'Europe/Berlin', country: 'DE' })
    expect((await tenant.read((tx) => loadLocations(tx, [made.id, tenant.organizationId]))).get(made.id)).toEqual(made)
    const listed = await tenant.read(listLocations)
    expect(listed[0]?.id).toBe(tenant.locationId)
    expect(listed).toContainEqual(made)
  })

  test.for([
    ['europe/berlin', 'Europe/Berlin'],
    ['Asia/Calcutta', 'Asia/Calcutta'],
    ['America/Argentina/Buenos_Aires', 'America/Argentina/Buenos_Aires'],
    ['UTC', 'UTC'],
  ])('takes the IANA zone %s as %s', async ([written = '', kept]) => {
    expect((await create({ timeZone: written })).timeZone).toBe(kept)
  })

  test.for([
    '+01:00',
    '-05',
    'Z',
    'GMT+1',
    'Mars/Olympus',
    '',
    'Berlin',
    '2027-01-01T00:00Z[Europe/Berlin]',
    'Europe/Berlin\0',
  ])('refuses the zone %j, which is no IANA name', async (timeZone) => {
    expect(await issuesOf(create({ timeZone }))).toEqual([expect.stringMatching(/^timeZone: .*no IANA time zone/)])
  })

  test('takes a country in either case', async () => {
    expect((await create({ country: 'at' })).country).toBe('AT')
  })

  test.for(['XX', 'Germany', 'DEU', '', '49', 'constructor'])('refuses the country %j', async (country) => {
    expect(await issuesOf(create({ country }))).toEqual([expect.stringMatching(/^country: .*no ISO 3166 country/)])
  })

  test.for(['', '   ', 'a\nb', 'x'.repeat(201), 'a\0b'])('refuses the name %j', async (name) => {
    expect(await issuesOf(create({ name }))).toEqual([expect.stringMatching(/^name: /)])
  })

  test('that is wrong in every way is told every way at once', async () => {
    expect(await issuesOf(create({ name: '', timeZone: 'x', country: 'x' }))).toHaveLength(3)
  })
})

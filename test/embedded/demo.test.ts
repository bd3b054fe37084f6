import { afterAll, beforeAll, expect, test } from 'vitest'
import { inSnapshot } from '../../src/db/transaction.ts'
import { findAvailability } from '../../src/domain/availability/availability.ts'
import { loadSchedules } from '../../src/domain/catalogue/definitions.ts'
import { listLocations } from '../../src/domain/catalogue/locations.ts'
import { listResources } from '../../src/domain/catalogue/resources.ts'
import { listServices } from '../../src/domain/catalogue/services.ts'
import { createKeyring } from '../../src/domain/people/keyring.ts'
import type { CreatedOrganization } from '../../src/domain/people/organizations.ts'
import { loadDemo } from '../../src/embedded/demo.ts'
import { openTenant, type Tenant } from '../support/tenant.ts'

let tenant: Tenant
let demo: CreatedOrganization
beforeAll(async () => {
  tenant = await openTenant()
  demo = await loadDemo(tenant.db)
})
afterAll(() => tenant[Symbol.asyncDispose]())

const read: Tenant['read'] = (work) => inSnapshot(tenant.db, demo.organizationId, work)
const DAY = 86_400_000

test('the demo is a salon in Berlin with two rooms, a steamer and five people with different weeks', async () => {
  expect(await read(listLocations)).toMatchObject([{ timeZone: 'Europe/Berlin', country: 'DE' }])
  const resources = await read((tx) => listResources(tx))
  const kinds = Object.groupBy(resources, ({ kind }) => kind)
  expect([kinds.STAFF?.length, kinds.ROOM?.length, kinds.EQUIPMENT?.length]).toEqual([5, 2, 1])
  const staff = kinds.STAFF?.map(({ id }) => id) ?? []
  const schedules = await read((tx) => loadSchedules(tx, staff))
  expect(new Set([...schedules.values()].map(({ weeklyHours }) => JSON.stringify(weeklyHours))).size).toBe(5)
})

test('the demo has a perm with a processing gap and the same person before and after it', async () => {
  const services = await read((tx) => listServices(tx))
  expect(services.map(({ name }) => name)).toEqual([
    'Beard trim',
    'Colour consultation',
    'Haircut',
    'Perm',
    'Steam treatment',
  ])
  const perm = services.find(({ name }) => name === 'Perm')
  expect(perm?.segments.map((segment) => [segment.resourceGroups.length, segment.sameStaffAsPrevious])).toEqual([
    [2, false],
    [0, false],
    [1, true],
  ])
})

test('every service of the demo has open slots in any eight days', async () => {
  const now = Date.now()
  for (const service of await read((tx) => listServices(tx))) {
    const range = { serviceId: service.id, from: now, to: now + 8 * DAY, resourceIds: null }
    expect((await read((tx) => findAvailability(tx, range))).slots.length, service.name).toBeGreaterThan(10)
  }
})

test('the keys of the demo open it, and only it', async () => {
  const keyring = createKeyring(tenant.db)
  expect(await keyring.authenticate(demo.publishableKey)).toMatchObject({
    organizationId: demo.organizationId,
    kind: 'PUBLISHABLE',
  })
  expect(await keyring.authenticate(demo.secretKey)).toMatchObject({
    organizationId: demo.organizationId,
    kind: 'SECRET',
  })
})

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadSchedules } from '../../../src/domain/catalogue/definitions.ts'
import {
  createResource,
  listResources,
  loadResources,
  updateResource,
} from '../../../src/domain/catalogue/resources.ts'
import { NotFoundError } from '../../../src/domain/vocabulary/refusals.ts'
import { addResource, issuesOf, openTenant, type Tenant } from '../../support/tenant.ts'

let tenant: Tenant
beforeAll(async () => {
  tenant = await openTenant()
})
afterAll(() => tenant[Symbol.asyncDispose]())

test('a resource is read back as it was made, with its hours', async () => {
  const weeklyHours = [{ weekday: 'MONDAY' as const, opensAt: 540, closesAt: 1020 }]
  const made = await addResource(tenant, { kind: 'ROOM', name: ' Garden room ', weeklyHours })
  expect(made).toEqual({
    id: expect.any(String),
    locationId: tenant.locationId,
    kind: 'ROOM',
    name: 'Garden room',
    active: true,
    version: 1,
  })
  expect(await tenant.read((tx) => loadResources(tx, [made.id, randomUUID()]))).toEqual(new Map([[made.id, made]]))
  expect((await tenant.read((tx) => loadSchedules(tx, [made.id]))).get(made.id)).toMatchObject({
    kind: 'ROOM',
    timeZone: 'Europe/Berlin',
    weeklyHours,
  })
})

test('a resource is refused with every fault at once, and nothing of it stays', async () => {
  const before = await tenant.read((tx) => listResources(tx))
  const weeklyHours = [{ weekday: 'MONDAY' as const, opensAt: 540, closesAt: 540 }]
  expect(await issuesOf(addResource(tenant, { name: ' ', weeklyHours }))).toEqual([
    'name: A name is needed.',
    expect.stringContaining('weeklyHours.0: '),
  ])
  expect(await tenant.read((tx) => listResources(tx))).toEqual(before)
})

test('a resource of an unknown location is not found', async () => {
  const resource = { locationId: randomUUID(), kind: 'STAFF' as const, name: 'Anna', weeklyHours: [] }
  await expect(tenant.write((tx) => createResource(tx, resource))).rejects.toThrow(NotFoundError)
})

test('an update changes what is given and leaves the rest', async () => {
  const anna = await addResource(tenant)
  const update = (changes: { name?: string | null; active?: boolean | null }, expectedVersion: number) =>
    tenant.write((tx) => updateResource(tx, { resourceId: anna.id, expectedVersion, ...changes }))
  expect(await update({ name: ' Anne ' }, 1)).toEqual({ ...anna, name: 'Anne', version: 2 })
  expect(await update({ active: false, name: null }, 2)).toEqual({ ...anna, name: 'Anne', active: false, version: 3 })
  expect((await tenant.read((tx) => loadSchedules(tx, [anna.id]))).get(anna.id)).toMatchObject({
    name: 'Anne',
    active: false,
  })
  expect(await issuesOf(update({ name: '' }, 3))).toEqual(['name: A name is needed.'])
  await expect(update({ name: 'Late' }, 2)).rejects.toMatchObject({ code: 'VERSION_CONFLICT', currentVersion: 3 })
  await expect(update({ name: 'Early' }, 2_147_483_647)).rejects.toMatchObject({ currentVersion: 3 })
})

test('resources are listed by name, of one location or kind or all', async () => {
  const room = await addResource(tenant, { kind: 'ROOM', name: 'A room' })
  const all = await tenant.read((tx) => listResources(tx))
  expect(all[0]?.id).toBe(room.id)
  const rooms = await tenant.read((tx) => listResources(tx, { kind: 'ROOM', locationId: tenant.locationId }))
  expect(rooms.every(({ kind }) => kind === 'ROOM')).toBe(true)
  expect(rooms).toContainEqual(room)
  expect(await tenant.read((tx) => listResources(tx, { locationId: randomUUID() }))).toEqual([])
})

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createLocation } from '../../../src/domain/catalogue/locations.ts'
import {
  createService,
  listServices,
  loadServiceRecords,
  type ServiceRecord,
  updateService,
} from '../../../src/domain/catalogue/services.ts'
import { NotFoundError, VersionConflictError } from '../../../src/domain/vocabulary/refusals.ts'
import type { SegmentDefinition } from '../../../src/domain/vocabulary/types.ts'
import {
  addResource,
  addService,
  addTenant,
  issuesOf,
  openTenant,
  SERVICE_NUMBERS,
  staffed,
  type Tenant,
} from '../../support/tenant.ts'

let tenant: Tenant
let anna: string
let ben: string
let clara: string
let room: string
beforeAll(async () => {
  tenant = await openTenant()
  anna = (await addResource(tenant, { name: 'Anna' })).id
  ben = (await addResource(tenant, { name: 'Ben' })).id
  clara = (await addResource(tenant, { name: 'Clara' })).id
  room = (await addResource(tenant, { kind: 'ROOM', name: 'Room' })).id
})
afterAll(() => tenant[Symbol.asyncDispose]())

const GAP = staffed([], { resourceGroups: [] })
const issuesWith = (segments: SegmentDefinition[]) => issuesOf(addService(tenant, segments))
const load = async (id: string) => (await tenant.read((tx) => loadServiceRecords(tx, [id]))).get(id)

describe('a service', () => {
  test('is read back as it was made, with segments, groups and candidates in their order', async () => {
    const segments = [
      staffed([clara, anna], {
        name: 'Apply',
        resourceGroups: [
          { kind: 'STAFF', candidateIds: [clara, anna] },
          { kind: 'ROOM', candidateIds: [room] },
          { kind: 'STAFF', candidateIds: [ben] },
        ],
        bufferBeforeMinutes: 5,
      }),
      { ...GAP, durationMinutes: 20 },
      staffed([anna], { sameStaffAsPrevious: true, bufferAfterMinutes: 10 }),
    ]
    const made = await addService(tenant, segments)
    expect(made).toEqual({
      id: expect.any(String),
      locationId: tenant.locationId,
      name: 'Haircut',
      active: true,
      durationMinutes: 80,
      ...SERVICE_NUMBERS,
      segments,
      version: 1,
    })
    expect(await load(made.id)).toEqual(made)
  })

  test('of an unknown location is not found', async () => {
    const made = tenant.write((tx) =>
      createService(tx, { ...SERVICE_NUMBERS, locationId: randomUUID(), name: 'Cut', segments: [staffed([anna])] }),
    )
    await expect(made).rejects.toThrow(NotFoundError)
  })

  test.for([
    ['slotIntervalMinutes', 0],
    ['slotIntervalMinutes', 1441],
    ['slotIntervalMinutes', 7.5],
    ['minimumNoticeMinutes', -1],
    ['bookingHorizonDays', -1],
    ['bookingHorizonDays', 1001],
  ] as const)('is refused with %s %d', async ([field, value]) => {
    const made = tenant.write((tx) =>
      createService(tx, {
        ...SERVICE_NUMBERS,
        [field]: value,
        locationId: tenant.locationId,
        name: 'Cut',
        segments: [staffed([anna])],
      }),
    )
    expect(await issuesOf(made)).toEqual([expect.stringContaining(`${field}: `)])
  })

  test('is listed by name, all or only the active ones', async () => {
    const made = await addService(tenant, [staffed([anna])])
    await tenant.write((tx) => updateService(tx, { serviceId: made.id, expectedVersion: 1, active: false, name: 'A' }))
    const all = await tenant.read((tx) => listServices(tx, { locationId: tenant.locationId }))
    expect(all[0]).toEqual({ ...made, name: 'A', active: false, version: 2 })
    const active = await tenant.read((tx) => listServices(tx, { activeOnly: true }))
    expect(active.map(({ id }) => id)).toEqual(all.filter((service) => service.active).map(({ id }) => id))
    expect(await tenant.read((tx) => listServices(tx, { locationId: randomUUID() }))).toEqual([])
  })
})

describe('a service is refused', () => {
  test('without segments, and with processing gaps alone', async () => {
    expect(await issuesWith([])).toEqual(['segments: At least one segment needs a resource group.'])
    expect(await issuesWith([GAP])).toEqual(['segments: At least one segment needs a resource group.'])
  })

  test.for([
    ['durationMinutes', 0],
    ['durationMinutes', -30],
    ['durationMinutes', 1441],
    ['bufferBeforeMinutes', -1],
    ['bufferBeforeMinutes', 1441],
    ['bufferAfterMinutes', -1],
    ['bufferAfterMinutes', 0.5],
  ] as const)('with %s %d', async ([field, value]) => {
    expect(await issuesWith([GAP, staffed([anna], { [field]: value })])).toEqual([
      expect.stringContaining(`segments.1.${field}: `),
    ])
  })

  test('when it takes more than a week', async () => {
    expect(await issuesWith(Array.from({ length: 8 }, () => staffed([anna], { durationMinutes: 1440 })))).toEqual([
      'segments: The segments take more than 7 days in all.',
    ])
  })

  test('with a nameless segment', async () => {
    expect(await issuesWith([staffed([anna], { name: '' })])).toEqual(['segments.0.name: A name is needed.'])
  })

  test('with a group without candidates', async () => {
    expect(await issuesWith([staffed([])])).toEqual([
      'segments.0.resourceGroups.0.candidateIds: A group needs at least one candidate.',
    ])
  })

  test('with a candidate twice in a group', async () => {
    expect(await issuesWith([staffed([anna, ben, anna])])).toEqual([
      'segments.0.resourceGroups.0.candidateIds.2: Anna is in the group already.',
    ])
  })

  test('with a candidate of another kind', async () => {
    expect(await issuesWith([staffed([anna, room])])).toEqual([
      'segments.0.resourceGroups.0.candidateIds.1: Room is of kind ROOM, the group of kind STAFF.',
    ])
  })

  test('with a candidate of another location', async () => {
    const location = await tenant.write((tx) =>
      createLocation(tx, { name: 'Wien', timeZone: 'Europe/Vienna', country: 'AT' }),
    )
    const franz = await addResource({ ...tenant, locationId: location.id }, { name: 'Franz' })
    expect(await issuesWith([staffed([franz.id])])).toEqual([
      'segments.0.resourceGroups.0.candidateIds.0: Franz is at another location than the service.',
    ])
  })

  test('with an unknown candidate, and with one of another organization, in the same words', async () => {
    const stranger = await addResource(await addTenant(tenant.db), { name: 'Secret name' })
    expect(await issuesWith([staffed([randomUUID(), stranger.id])])).toEqual([
      'segments.0.resourceGroups.0.candidateIds.0: There is no resource with this id.',
      'segments.0.resourceGroups.0.candidateIds.1: There is no resource with this id.',
    ])
  })

  test('when it has too many segments, groups or candidates', async () => {
    expect(await issuesWith(Array.from({ length: 21 }, () => staffed([anna])))).toEqual([
      'segments: At most 20 segments.',
    ])
    const group = { kind: 'STAFF' as const, candidateIds: [anna] }
    expect(await issuesWith([staffed([], { resourceGroups: Array.from({ length: 11 }, () => group) })])).toEqual([
      'segments.0.resourceGroups: At most 10 resource groups.',
    ])
    const issues = await issuesWith([staffed(Array.from({ length: 201 }, () => randomUUID()))])
    expect(issues[0]).toBe('segments.0.resourceGroups.0.candidateIds: At most 200 candidates.')
  })

  test('when the same person is asked for without a person here or before', async () => {
    const rooms = { resourceGroups: [{ kind: 'ROOM' as const, candidateIds: [room] }], sameStaffAsPrevious: true }
    expect(await issuesWith([staffed([anna]), staffed([], rooms)])).toEqual([
      'segments.1.sameStaffAsPrevious: The segment has no STAFF group.',
    ])
    expect(await issuesWith([GAP, staffed([anna], { sameStaffAsPrevious: true })])).toEqual([
      'segments.1.sameStaffAsPrevious: No segment before it has a STAFF group.',
    ])
  })

  test('when nobody can be the same person, be it along a chain of segments', async () => {
    const same = { sameStaffAsPrevious: true }
    expect(await issuesWith([staffed([anna]), GAP, staffed([ben], same)])).toEqual([
      expect.stringContaining('segments.2.sameStaffAsPrevious: Nobody'),
    ])
    expect(await issuesWith([staffed([anna, ben]), staffed([ben, clara], same), staffed([clara, anna], same)])).toEqual(
      [expect.stringContaining('segments.2.sameStaffAsPrevious: Nobody')],
    )
    await addService(tenant, [staffed([anna, ben]), staffed([ben, clara], same), staffed([ben], same)])
  })

  test('when its groups need more people than there are', async () => {
    const group = (...candidateIds: string[]) => ({ kind: 'STAFF' as const, candidateIds })
    expect(
      await issuesWith([staffed([], { resourceGroups: [group(anna, ben), group(anna, ben), group(anna, ben)] })]),
    ).toEqual([expect.stringContaining('segments: Nobody could serve it')])
    await addService(tenant, [staffed([], { resourceGroups: [group(anna, ben), group(ben, anna)] })])
  })

  test('for every fault at once, and nothing of it stays', async () => {
    const before = await tenant.read((tx) => listServices(tx))
    const issues = await issuesWith([
      staffed([room], { name: '', durationMinutes: 0 }),
      staffed([], { bufferAfterMinutes: -1 }),
    ])
    expect(issues).toHaveLength(5)
    expect(await tenant.read((tx) => listServices(tx))).toEqual(before)
  })
})

describe('an update of a service', () => {
  let service: ServiceRecord
  beforeEach(async () => {
    service = await addService(tenant, [staffed([anna])])
  })
  type Changes = Omit<Parameters<typeof updateService>[1], 'serviceId' | 'expectedVersion'>
  const update = (changes: Changes, expectedVersion = 1) =>
    tenant.write((tx) => updateService(tx, { serviceId: service.id, expectedVersion, ...changes }))

  test('changes what is given and leaves the rest', async () => {
    const changed = await update({ name: ' Cut ', bookingHorizonDays: 7, minimumNoticeMinutes: null })
    expect(changed).toEqual({ ...service, name: 'Cut', bookingHorizonDays: 7, version: 2 })
    expect(await load(service.id)).toEqual(changed)
  })

  test('replaces all segments', async () => {
    const segments = [staffed([ben], { durationMinutes: 10 }), GAP, staffed([clara])]
    const changed = await update({ segments })
    expect(changed).toEqual({ ...service, segments, durationMinutes: 70, version: 2 })
    expect(await load(service.id)).toEqual(changed)
  })

  test('is judged like a new one', async () => {
    expect(await issuesOf(update({ segments: [] }))).toHaveLength(1)
    expect(await issuesOf(update({ slotIntervalMinutes: 0, name: '' }))).toHaveLength(2)
    expect(await load(service.id)).toEqual(service)
  })

  test('on an old version is refused with the present one', async () => {
    await update({ name: 'First' })
    await expect(update({ name: 'Second' })).rejects.toMatchObject({ code: 'VERSION_CONFLICT', currentVersion: 2 })
    await expect(update({ name: 'Third' }, 2_147_483_647)).rejects.toMatchObject({ currentVersion: 2 })
    expect((await load(service.id))?.name).toBe('First')
  })

  test('by twenty at once on one version has one winner', async () => {
    const attempts = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => update({ segments: [staffed([anna], { durationMinutes: index + 1 })] })),
    )
    const won = attempts.findIndex(({ status }) => status === 'fulfilled')
    const lost = attempts.filter((attempt) => attempt.status === 'rejected')
    expect(lost).toHaveLength(19)
    expect(lost.every(({ reason }) => reason instanceof VersionConflictError)).toBe(true)
    expect(await load(service.id)).toMatchObject({ durationMinutes: won + 1, version: 2 })
  })

  test('of an unknown service is not found', async () => {
    const unknown = tenant.write((tx) => updateService(tx, { serviceId: randomUUID(), expectedVersion: 1 }))
    await expect(unknown).rejects.toThrow(NotFoundError)
  })
})

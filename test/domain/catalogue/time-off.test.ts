import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { loadSchedules } from '../../../src/domain/catalogue/definitions.ts'
import { loadResources, type ResourceRecord } from '../../../src/domain/catalogue/resources.ts'
import {
  addTimeOff,
  loadTimeOffBetween,
  loadTimeOffConflicts,
  loadTimeOffs,
  removeTimeOff,
} from '../../../src/domain/catalogue/time-off.ts'
import { NotFoundError } from '../../../src/domain/vocabulary/refusals.ts'
import type { Interval } from '../../../src/domain/vocabulary/types.ts'
import { addResource, addService, issuesOf, openTenant, staffed, type Tenant } from '../../support/tenant.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const NOON = Date.UTC(2027, 4, 3, 12)

let tenant: Tenant
let anna: ResourceRecord
beforeAll(async () => {
  tenant = await openTenant()
})
beforeEach(async () => {
  anna = await addResource(tenant)
})
afterAll(() => tenant[Symbol.asyncDispose]())

const add = (startsAt: number, endsAt: number, reason?: string | null) =>
  tenant.write((tx) => addTimeOff(tx, { resourceId: anna.id, startsAt, endsAt, reason }))

describe('time off', () => {
  test('is read back by id, by range and in the schedule', async () => {
    const added = await add(NOON, NOON + DAY, ' ill ')
    expect(added).toEqual({
      id: expect.any(String),
      resourceId: anna.id,
      startsAt: NOON,
      endsAt: NOON + DAY,
      reason: 'ill',
    })
    expect((await tenant.read((tx) => loadTimeOffs(tx, [added.id]))).get(added.id)).toEqual(added)
    const schedule = (await tenant.read((tx) => loadSchedules(tx, [anna.id]))).get(anna.id)
    expect(schedule?.timeOff).toEqual([{ id: added.id, start: NOON, end: NOON + DAY, reason: 'ill' }])
  })

  test('is listed when it overlaps the range, half-open at both ends, by start', async () => {
    const second = await add(NOON + 2 * HOUR, NOON + 3 * HOUR)
    const first = await add(NOON, NOON + HOUR)
    const between = async (from: number, to: number) => {
      const found = await tenant.read((tx) => loadTimeOffBetween(tx, { resourceIds: [anna.id], from, to }))
      return found.get(anna.id)?.map(({ id }) => id)
    }
    expect(await between(NOON, NOON + DAY)).toEqual([first.id, second.id])
    expect(await between(NOON + HOUR, NOON + 2 * HOUR)).toEqual([])
    expect(await between(NOON + HOUR - 1, NOON + 2 * HOUR + 1)).toEqual([first.id, second.id])
    expect(await between(NOON, NOON)).toEqual([])
    expect(await between(NOON + HOUR, NOON)).toEqual([])
  })

  test('may overlap other time off, and leaves the version of the resource as it is', async () => {
    await add(NOON, NOON + DAY)
    await add(NOON, NOON + DAY)
    expect((await tenant.read((tx) => loadResources(tx, [anna.id]))).get(anna.id)).toEqual(anna)
  })

  test('that is removed is gone, once', async () => {
    const added = await add(NOON, NOON + DAY)
    expect(await tenant.write((tx) => removeTimeOff(tx, { timeOffId: added.id }))).toEqual(anna)
    expect((await tenant.read((tx) => loadSchedules(tx, [anna.id]))).get(anna.id)?.timeOff).toEqual([])
    await expect(tenant.write((tx) => removeTimeOff(tx, { timeOffId: added.id }))).rejects.toThrow(NotFoundError)
  })

  test('removed by many at once is removed by one', async () => {
    const added = await add(NOON, NOON + DAY)
    const attempts = await Promise.allSettled(
      Array.from({ length: 8 }, () => tenant.write((tx) => removeTimeOff(tx, { timeOffId: added.id }))),
    )
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  test('of an unknown resource is not found', async () => {
    const unknown = { resourceId: randomUUID(), startsAt: NOON, endsAt: NOON + 1 }
    await expect(tenant.write((tx) => addTimeOff(tx, unknown))).rejects.toThrow(NotFoundError)
  })

  test.for([
    ['ends as it starts', NOON, NOON, 'endsAt: '],
    ['ends before it starts', NOON, NOON - HOUR, 'endsAt: '],
    ['lasts longer than five years', NOON, NOON + 1831 * DAY, 'endsAt: At most 1830 days'],
    ['starts before 1970', -1, HOUR, 'startsAt: '],
    ['ends after 2199', Date.UTC(2199, 11, 31), Date.UTC(2200, 0, 2), 'endsAt: '],
  ] as const)('is refused when it %s', async ([, startsAt, endsAt, expected]) => {
    expect(await issuesOf(add(startsAt, endsAt))).toEqual([expect.stringContaining(expected)])
  })

  test('with a reason that no text can hold or of thousands of characters is refused', async () => {
    expect(await issuesOf(add(NOON, NOON + 1, 'a\0b'))).toHaveLength(1)
    expect(await issuesOf(add(NOON, NOON + 1, 'x'.repeat(2001)))).toHaveLength(1)
  })
})

describe('the conflicts of a time off', () => {
  test('are the confirmed appointments whose claims on the resource it overlaps, buffers included, earliest first', async () => {
    const ben = await addResource(tenant, { name: 'Ben' })
    const service = await addService(tenant, [staffed([anna.id, ben.id])])
    const book = (resourceId: string, claim: Interval, status = 'CONFIRMED') =>
      insertAppointment(service.id, resourceId, claim, status)
    const late = await book(anna.id, { start: NOON + 50 * 60_000, end: NOON + 2 * HOUR })
    const early = await book(anna.id, { start: NOON - HOUR, end: NOON + 1 })
    await book(anna.id, { start: NOON - 2 * HOUR, end: NOON - HOUR })
    await book(anna.id, { start: NOON + 2 * HOUR, end: NOON + 3 * HOUR })
    await book(ben.id, { start: NOON, end: NOON + HOUR })
    await book(anna.id, { start: NOON + 10, end: NOON + 20 }, 'COMPLETED')
    const off = await add(NOON, NOON + HOUR)
    const other = await add(NOON + 5 * HOUR, NOON + 6 * HOUR)
    expect(await tenant.read((tx) => loadTimeOffConflicts(tx, [off.id, other.id]))).toEqual(
      new Map([
        [off.id, [early, late]],
        [other.id, []],
      ]),
    )
  })
})

async function insertAppointment(serviceId: string, resourceId: string, claim: Interval, status: string) {
  const id = randomUUID()
  const customerId = randomUUID()
  await tenant.write(async (tx) => {
    await tx.sql`
      insert into customers (organization_id, id, name) values (${tx.organizationId}, ${customerId}, 'Kim')`
    await tx.sql`
      insert into appointments (organization_id, id, status, version, service_id, customer_id, starts_at, ends_at, segments, origin)
      values (${tx.organizationId}, ${id}, ${status}, 1, ${serviceId}, ${customerId}, ${claim.start}, ${claim.end}, '[]', 'API')`
    await tx.sql`
      insert into claims (organization_id, id, resource_id, during, segment_position, group_position, appointment_id)
      values (${tx.organizationId}, ${randomUUID()}, ${resourceId},
              tstzrange(${claim.start}::timestamptz, ${claim.end}::timestamptz), 0, 0, ${id})`
  })
  return id
}

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  effectivePolicies,
  effectivePolicy,
  loadPolicies,
  updatePolicy,
} from '../../../src/domain/catalogue/policies.ts'
import { NotFoundError, type Policy, VersionConflictError } from '../../../src/domain/vocabulary/refusals.ts'
import { addResource, addService, addTenant, issuesOf, openTenant, staffed, type Tenant } from '../../support/tenant.ts'

let tenant: Tenant
let anna: string
let ben: string
let room: string
let serviceId: string
beforeAll(async () => {
  tenant = await openTenant()
  anna = (await addResource(tenant, { name: 'Anna' })).id
  ben = (await addResource(tenant, { name: 'Ben' })).id
  room = (await addResource(tenant, { kind: 'ROOM', name: 'Room' })).id
  serviceId = (await addService(tenant, [staffed([anna, ben])])).id
})
afterAll(() => tenant[Symbol.asyncDispose]())

type Update = Parameters<typeof updatePolicy>[1]
const update = (input: Pick<Update, 'scope' | 'scopeId'> & Partial<Update>) =>
  tenant.write((tx) =>
    updatePolicy(tx, { expectedVersion: 0, cancelNoticeMinutes: 60, rescheduleNoticeMinutes: 30, ...input }),
  )
const effective = (...resourceIds: string[]) => tenant.read((tx) => effectivePolicy(tx, { serviceId, resourceIds }))

describe('the policy in force', () => {
  test('is that of the most specific scope: person, other resource, service, location, organization, none', async () => {
    expect(await effective(anna)).toEqual({
      scope: 'ORGANIZATION',
      scopeId: tenant.organizationId,
      version: 0,
      cancelNoticeMinutes: 0,
      rescheduleNoticeMinutes: 0,
      maxReschedules: null,
    })
    const added: Policy[] = []
    for (const [scope, scopeId] of [
      ['ORGANIZATION', tenant.organizationId],
      ['LOCATION', tenant.locationId],
      ['SERVICE', serviceId],
      ['RESOURCE', room],
      ['RESOURCE', ben],
      ['RESOURCE', anna],
    ] as const) {
      added.push(await update({ scope, scopeId }))
      const winner = await effective(room, anna, ben)
      expect(winner).toEqual(added.at(-1))
    }
    const [, , ofService, ofRoom, ofBen, ofAnna] = added
    expect(
      await tenant.read((tx) =>
        effectivePolicies(tx, [
          { serviceId, resourceIds: [] },
          { serviceId, resourceIds: [room] },
          { serviceId, resourceIds: [room, ben] },
          { serviceId, resourceIds: [ben, anna] },
          { serviceId, resourceIds: [anna, ben] },
        ]),
      ),
    ).toEqual([ofService, ofRoom, ofBen, ofBen, ofAnna])
  })

  test('of an unknown service or resource is not found', async () => {
    await expect(
      tenant.read((tx) => effectivePolicy(tx, { serviceId: randomUUID(), resourceIds: [] })),
    ).rejects.toThrow(NotFoundError)
    await expect(effective(randomUUID())).rejects.toThrow(NotFoundError)
  })
})

describe('an update of a policy', () => {
  test('appends a version, and the highest is in force', async () => {
    const { id: scopeId } = await addResource(tenant)
    await update({ scope: 'RESOURCE', scopeId, maxReschedules: 2 })
    const second = await update({ scope: 'RESOURCE', scopeId, expectedVersion: 1, cancelNoticeMinutes: 0 })
    expect(second).toEqual({
      scope: 'RESOURCE',
      scopeId,
      version: 2,
      cancelNoticeMinutes: 0,
      rescheduleNoticeMinutes: 30,
      maxReschedules: null,
    })
    expect(await effective(scopeId)).toEqual(second)
    expect(await tenant.read((tx) => loadPolicies(tx, [scopeId, randomUUID()]))).toEqual(new Map([[scopeId, second]]))
    const [row] = await tenant.db.sql`select count(*)::int from policies where scope_id = ${scopeId}`
    expect(row?.count).toBe(2)
  })

  test.for([-1, 0, 1, 3, 2_147_483_647])(
    'on version %d of one that is at 2 is refused with the present one',
    async (expectedVersion) => {
      const { id: scopeId } = await addResource(tenant)
      await update({ scope: 'RESOURCE', scopeId })
      await update({ scope: 'RESOURCE', scopeId, expectedVersion: 1 })
      const late = update({ scope: 'RESOURCE', scopeId, expectedVersion })
      await expect(late).rejects.toThrow(VersionConflictError)
      await expect(late).rejects.toMatchObject({ currentVersion: 2 })
    },
  )

  test('on a version of a policy that was never set is refused with version 0', async () => {
    const { id: scopeId } = await addResource(tenant)
    await expect(update({ scope: 'RESOURCE', scopeId, expectedVersion: 1 })).rejects.toMatchObject({
      currentVersion: 0,
    })
  })

  test('by twenty at once on one version has one winner', async () => {
    const { id: scopeId } = await addResource(tenant)
    const attempts = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => update({ scope: 'RESOURCE', scopeId, cancelNoticeMinutes: index })),
    )
    const won = attempts.findIndex(({ status }) => status === 'fulfilled')
    const lost = attempts.filter((attempt) => attempt.status === 'rejected')
    expect(lost).toHaveLength(19)
    expect(lost.every(({ reason }) => reason instanceof VersionConflictError && reason.currentVersion === 1)).toBe(true)
    expect(await effective(scopeId)).toMatchObject({ version: 1, cancelNoticeMinutes: won })
  })

  test('of what does not exist, is of another scope or of another organization is not found', async () => {
    const other = await addTenant(tenant.db)
    const stranger = await addResource(other)
    for (const [scope, scopeId] of [
      ['RESOURCE', randomUUID()],
      ['RESOURCE', serviceId],
      ['SERVICE', anna],
      ['LOCATION', tenant.organizationId],
      ['ORGANIZATION', tenant.locationId],
      ['ORGANIZATION', other.organizationId],
      ['RESOURCE', stranger.id],
    ] as const) {
      await expect(update({ scope, scopeId })).rejects.toThrow(NotFoundError)
    }
    const [row] = await tenant.db.sql`select count(*)::int from policies where scope_id = ${stranger.id}`
    expect(row?.count).toBe(0)
  })

  test('with negative or far-fetched numbers is refused', async () => {
    const scope = { scope: 'RESOURCE' as const, scopeId: anna }
    expect(
      await issuesOf(
        update({ ...scope, cancelNoticeMinutes: -1, rescheduleNoticeMinutes: 525_601, maxReschedules: -1 }),
      ),
    ).toEqual([
      expect.stringContaining('cancelNoticeMinutes: '),
      expect.stringContaining('rescheduleNoticeMinutes: '),
      expect.stringContaining('maxReschedules: '),
    ])
  })

  test('leaves earlier versions as they were: nobody but the owner of the table can change one', async () => {
    await expect(tenant.write((tx) => tx.sql`update policies set cancel_notice_minutes = 0`)).rejects.toThrow(
      'permission denied',
    )
  })
})

test('the organization always has a policy of its own', async () => {
  const other = await addTenant(tenant.db)
  const found = await other.read((tx) => loadPolicies(tx, [other.organizationId]))
  expect(found.get(other.organizationId)?.version).toBe(0)
})

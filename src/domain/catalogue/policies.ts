// Policies: which rules are in force for an appointment, and how they change.
import { lockStatement, namedLock } from '../../db/locks.ts'
import type { Tx } from '../../db/transaction.ts'
import { checkWholeNumber, refuseIssues } from '../vocabulary/input-issues.ts'
import {
  type InputIssue,
  NotFoundError,
  type Policy,
  type PolicyScope,
  VersionConflictError,
} from '../vocabulary/refusals.ts'
import type { ResourceKind } from '../vocabulary/types.ts'

/** An appointment as policies see it: what is done, and who and what is claimed for it. */
export interface PolicySubject {
  serviceId: string
  resourceIds: string[]
}

/**
 * The most specific scope wins: a person, another resource (both in the order given), the service, its location, the
 * organization. Where nobody has set anything: version 0, which allows every change until the start.
 */
export async function effectivePolicy(tx: Tx, subject: PolicySubject): Promise<Policy> {
  const [policy] = await effectivePolicies(tx, [subject])
  return policy as Policy
}

/** The same for many, in their order. All policies are of one moment. */
export async function effectivePolicies(tx: Tx, subjects: PolicySubject[]): Promise<Policy[]> {
  const serviceIds = [...new Set(subjects.map((subject) => subject.serviceId))]
  const resourceIds = [...new Set(subjects.flatMap((subject) => subject.resourceIds))]
  const [services, resources, policies] = await Promise.all([
    tx.sql<{ id: string; locationId: string }[]>`
      select id, location_id as "locationId" from services
      where organization_id = ${tx.organizationId} and id = any(${serviceIds}::uuid[])`,
    tx.sql<{ id: string; kind: ResourceKind }[]>`
      select id, kind from resources
      where organization_id = ${tx.organizationId} and id = any(${resourceIds}::uuid[])`,
    tx.sql<Policy[]>`
      select distinct on (scope_id) ${policyColumns(tx)} from policies
      where organization_id = ${tx.organizationId} and scope_id in (
        select unnest(${[tx.organizationId, ...serviceIds, ...resourceIds]}::uuid[])
        union all
        select location_id from services
        where organization_id = ${tx.organizationId} and id = any(${serviceIds}::uuid[]))
      order by scope_id, version desc`,
  ])
  const locationOf = new Map(services.map(({ id, locationId }) => [id, locationId]))
  const kindOf = new Map(resources.map(({ id, kind }) => [id, kind]))
  const policyOf = new Map(policies.map((policy) => [policy.scopeId, policy]))
  return subjects.map(({ serviceId, resourceIds }) => {
    const locationId = locationOf.get(serviceId)
    if (!locationId) throw new NotFoundError('service')
    if (resourceIds.some((id) => !kindOf.has(id))) throw new NotFoundError('resource')
    const scopes = [
      ...resourceIds.filter((id) => kindOf.get(id) === 'STAFF'),
      ...resourceIds.filter((id) => kindOf.get(id) !== 'STAFF'),
      serviceId,
      locationId,
    ]
    const winner = scopes.find((id) => policyOf.has(id)) ?? tx.organizationId
    return policyOf.get(winner) ?? defaultPolicy(tx)
  })
}

/** What each of the scopes has set for itself; the organization always has something. */
export async function loadPolicies(tx: Tx, scopeIds: string[]): Promise<Map<string, Policy>> {
  const rows = await tx.sql<Policy[]>`
    select distinct on (scope_id) ${policyColumns(tx)} from policies
    where organization_id = ${tx.organizationId} and scope_id = any(${scopeIds}::uuid[])
    order by scope_id, version desc`
  const found = new Map(rows.map((policy) => [policy.scopeId, policy]))
  const isAsked = scopeIds.includes(tx.organizationId)
  if (isAsked && !found.has(tx.organizationId)) found.set(tx.organizationId, defaultPolicy(tx))
  return found
}

/** Appends a version; earlier ones stay, because histories name them. expectedVersion 0 makes the first. */
export async function updatePolicy(
  tx: Tx,
  input: Omit<Policy, 'version' | 'maxReschedules'> & { expectedVersion: number; maxReschedules?: number | null },
): Promise<Policy> {
  const { scope, scopeId, expectedVersion, cancelNoticeMinutes, rescheduleNoticeMinutes } = input
  const maxReschedules = input.maxReschedules ?? null
  const issues: InputIssue[] = []
  checkWholeNumber(issues, ['cancelNoticeMinutes'], cancelNoticeMinutes, { min: 0, max: 525_600 })
  checkWholeNumber(issues, ['rescheduleNoticeMinutes'], rescheduleNoticeMinutes, { min: 0, max: 525_600 })
  if (maxReschedules !== null) checkWholeNumber(issues, ['maxReschedules'], maxReschedules, { min: 0, max: 1000 })
  refuseIssues(issues)
  const [, exists, appended] = await Promise.all([
    lockStatement(tx.sql, [namedLock('policy', scopeId)]),
    scopeExists(tx, scope, scopeId),
    // With the locks off two writers of one version meet in the primary key.
    tx.sql<Policy[]>`
      insert into policies (organization_id, scope_id, scope, version, cancel_notice_minutes, reschedule_notice_minutes, max_reschedules)
      select ${tx.organizationId}::uuid, ${scopeId}::uuid, ${scope}::policy_scope, present.version + 1,
        ${cancelNoticeMinutes}::int, ${rescheduleNoticeMinutes}::int, ${maxReschedules}::int
      from (select coalesce(max(version), 0) as version from policies
            where organization_id = ${tx.organizationId} and scope_id = ${scopeId}) as present
      where present.version = ${expectedVersion}
      on conflict (organization_id, scope_id, version) do nothing
      returning ${policyColumns(tx)}`,
  ])
  if (!exists) throw new NotFoundError(scope.toLowerCase())
  if (appended[0]) return appended[0]
  const present = (await loadPolicies(tx, [scopeId])).get(scopeId)
  throw new VersionConflictError(present?.version ?? 0)
}

async function scopeExists(tx: Tx, scope: PolicyScope, scopeId: string): Promise<boolean> {
  if (scope === 'ORGANIZATION') return scopeId === tx.organizationId
  const table = tx.sql({ LOCATION: 'locations', SERVICE: 'services', RESOURCE: 'resources' }[scope])
  const found = await tx.sql`select from ${table} where organization_id = ${tx.organizationId} and id = ${scopeId}`
  return found.count > 0
}

function defaultPolicy(tx: Tx): Policy {
  return {
    scope: 'ORGANIZATION',
    scopeId: tx.organizationId,
    version: 0,
    cancelNoticeMinutes: 0,
    rescheduleNoticeMinutes: 0,
    maxReschedules: null,
  }
}

function policyColumns(tx: Tx) {
  return tx.sql`scope, scope_id as "scopeId", version, cancel_notice_minutes as "cancelNoticeMinutes",
    reschedule_notice_minutes as "rescheduleNoticeMinutes", max_reschedules as "maxReschedules"`
}

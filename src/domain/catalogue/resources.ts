// Resources: the people, rooms and equipment that can be claimed.
import { randomUUIDv7 } from 'node:crypto'
import { and, asc, eq, inArray } from 'drizzle-orm'
import { recordChanges, redefined } from '../../db/change-log.ts'
import { definitionLock, lockStatement } from '../../db/locks.ts'
import { resources } from '../../db/tables/resources.ts'
import type { Tx } from '../../db/transaction.ts'
import { checkWeeklyHours } from '../time/wall-ranges.ts'
import { readName, refuseIssues } from '../vocabulary/input-issues.ts'
import { type InputIssue, NotFoundError, VersionConflictError } from '../vocabulary/refusals.ts'
import type { ResourceKind, WeeklyHours } from '../vocabulary/types.ts'
import { loadLocations } from './locations.ts'
import { insertWeeklyHours } from './weekly-hours.ts'

export interface ResourceRecord {
  id: string
  locationId: string
  kind: ResourceKind
  name: string
  active: boolean
  /** What expectedVersion is compared with. Time off leaves it as it is: adding some overwrites nobody's work. */
  version: number
}

export async function createResource(
  tx: Tx,
  input: { locationId: string; kind: ResourceKind; name: string; weeklyHours: WeeklyHours[] },
): Promise<ResourceRecord> {
  const issues: InputIssue[] = []
  const name = readName(issues, ['name'], input.name)
  checkWeeklyHours(issues, ['weeklyHours'], input.weeklyHours)
  refuseIssues(issues)
  const { locationId, kind } = input
  if (!(await loadLocations(tx, [locationId])).has(locationId)) throw new NotFoundError('location')
  const resource = { id: randomUUIDv7(), locationId, kind, name, active: true, version: 1 }
  await tx.orm.insert(resources).values({ organizationId: tx.organizationId, ...resource })
  await insertWeeklyHours(tx, { resourceId: resource.id, weeklyHours: input.weeklyHours })
  await recordChanges(tx, [redefined(resource.id)])
  return resource
}

/** Undefined and null fields stay as they are. An inactive resource takes no new claims and keeps the ones it has. */
export async function updateResource(
  tx: Tx,
  input: { resourceId: string; expectedVersion: number; name?: string | null; active?: boolean | null },
): Promise<ResourceRecord> {
  const issues: InputIssue[] = []
  const name = input.name == null ? null : readName(issues, ['name'], input.name)
  refuseIssues(issues)
  const resource = await advanceResource(tx, { ...input, name })
  await recordChanges(tx, [redefined(resource.id)])
  return resource
}

/**
 * Moves a resource to its next version if it is at the expected one, under the exclusive lock of its schedule: bookings
 * that are judged by the old schedule are through, later ones wait for the new. The first statement of a writer.
 */
export async function advanceResource(
  tx: Tx,
  input: { resourceId: string; expectedVersion: number; name?: string | null; active?: boolean | null },
): Promise<ResourceRecord> {
  const { resourceId, expectedVersion, name = null, active = null } = input
  const [, updated] = await Promise.all([
    lockStatement(tx.sql, [definitionLock(resourceId, 'write')]),
    tx.sql<ResourceRecord[]>`
      update resources
      set version = version + 1, name = coalesce(${name}::text, name), active = coalesce(${active}::boolean, active)
      where organization_id = ${tx.organizationId} and id = ${resourceId} and version = ${expectedVersion}
      returning id, location_id as "locationId", kind, name, active, version`,
  ])
  if (updated[0]) return updated[0]
  const present = (await loadResources(tx, [resourceId])).get(resourceId)
  throw present ? new VersionConflictError(present.version) : new NotFoundError('resource')
}

/** Those that exist among `ids`. */
export async function loadResources(tx: Tx, ids: string[]): Promise<Map<string, ResourceRecord>> {
  if (ids.length === 0) return new Map()
  const rows = await tx.orm
    .select(COLUMNS)
    .from(resources)
    .where(and(eq(resources.organizationId, tx.organizationId), inArray(resources.id, ids)))
  return new Map(rows.map((row) => [row.id, row]))
}

/** By name; inactive ones too. */
export async function listResources(
  tx: Tx,
  { locationId, kind }: { locationId?: string | null; kind?: ResourceKind | null } = {},
): Promise<ResourceRecord[]> {
  return tx.orm
    .select(COLUMNS)
    .from(resources)
    .where(
      and(
        eq(resources.organizationId, tx.organizationId),
        locationId == null ? undefined : eq(resources.locationId, locationId),
        kind == null ? undefined : eq(resources.kind, kind),
      ),
    )
    .orderBy(asc(resources.name), asc(resources.id))
}

const COLUMNS = {
  id: resources.id,
  locationId: resources.locationId,
  kind: resources.kind,
  name: resources.name,
  active: resources.active,
  version: resources.version,
}

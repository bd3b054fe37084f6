// Services: what is offered, as segments with groups of candidate resources.
import { randomUUIDv7 } from 'node:crypto'
import { and, asc, eq, sql } from 'drizzle-orm'
import { recordChanges, redefined } from '../../db/change-log.ts'
import { definitionLock, lockStatement } from '../../db/locks.ts'
import { services } from '../../db/tables/services.ts'
import type { Tx } from '../../db/transaction.ts'
import { readName, refuseIssues } from '../vocabulary/input-issues.ts'
import { type InputIssue, NotFoundError, VersionConflictError } from '../vocabulary/refusals.ts'
import type { SegmentDefinition } from '../vocabulary/types.ts'
import { loadServices } from './definitions.ts'
import { loadLocations } from './locations.ts'
import { loadResources, type ResourceRecord } from './resources.ts'
import { checkServiceNumbers, readSegments, type ServiceNumbers } from './service-checks.ts'
import { insertSegments, replaceSegments } from './service-segments.ts'

export interface ServiceRecord extends ServiceNumbers {
  id: string
  locationId: string
  name: string
  active: boolean
  /** Of all segments. */
  durationMinutes: number
  segments: SegmentDefinition[]
  /** What expectedVersion is compared with. */
  version: number
}

export async function createService(
  tx: Tx,
  input: ServiceNumbers & { locationId: string; name: string; segments: SegmentDefinition[] },
): Promise<ServiceRecord> {
  const { locationId, slotIntervalMinutes, minimumNoticeMinutes, bookingHorizonDays } = input
  const [locations, resources] = await Promise.all([
    loadLocations(tx, [locationId]),
    loadCandidates(tx, input.segments),
  ])
  if (!locations.has(locationId)) throw new NotFoundError('location')
  const issues: InputIssue[] = []
  const name = readName(issues, ['name'], input.name)
  checkServiceNumbers(issues, input)
  const segments = readSegments(issues, { segments: input.segments, locationId, resources })
  refuseIssues(issues)
  const service = {
    id: randomUUIDv7(),
    locationId,
    name,
    active: true,
    slotIntervalMinutes,
    minimumNoticeMinutes,
    bookingHorizonDays,
    version: 1,
  }
  await tx.orm.insert(services).values({ organizationId: tx.organizationId, ...service })
  await insertSegments(tx, { serviceId: service.id, segments })
  await recordChanges(tx, [redefined(service.id)])
  return { ...service, durationMinutes: durationOf(segments), segments }
}

/**
 * Undefined and null fields stay as they are. Holds and appointments keep the segments they were made with. The exclusive lock of
 * the definition lets bookings that are judged by the old one through first.
 */
export async function updateService(
  tx: Tx,
  input: Partial<{ [K in keyof ServiceNumbers]: number | null }> & {
    serviceId: string
    expectedVersion: number
    name?: string | null
    active?: boolean | null
    segments?: SegmentDefinition[] | null
  },
): Promise<ServiceRecord> {
  const { serviceId, expectedVersion } = input
  const [, known, resources] = await Promise.all([
    lockStatement(tx.sql, [definitionLock(serviceId, 'write')]),
    loadServiceRecords(tx, [serviceId]),
    loadCandidates(tx, input.segments ?? []),
  ])
  const before = known.get(serviceId)
  if (!before) throw new NotFoundError('service')
  const issues: InputIssue[] = []
  const after = {
    name: input.name == null ? before.name : readName(issues, ['name'], input.name),
    active: input.active ?? before.active,
    slotIntervalMinutes: input.slotIntervalMinutes ?? before.slotIntervalMinutes,
    minimumNoticeMinutes: input.minimumNoticeMinutes ?? before.minimumNoticeMinutes,
    bookingHorizonDays: input.bookingHorizonDays ?? before.bookingHorizonDays,
  }
  checkServiceNumbers(issues, after)
  const segments = input.segments && readSegments(issues, { ...before, segments: input.segments, resources })
  refuseIssues(issues)
  const updated = await tx.orm
    .update(services)
    .set({ ...after, version: sql`${services.version} + 1` })
    .where(
      and(
        eq(services.organizationId, tx.organizationId),
        eq(services.id, serviceId),
        eq(services.version, expectedVersion),
      ),
    )
    .returning({ version: services.version })
  if (updated.length === 0) throw new VersionConflictError(await readVersion(tx, serviceId))
  if (segments) await replaceSegments(tx, { serviceId, segments })
  await recordChanges(tx, [redefined(serviceId)])
  const present = segments ?? before.segments
  return {
    ...before,
    ...after,
    segments: present,
    durationMinutes: durationOf(present),
    version: expectedVersion + 1,
  }
}

/** Those that exist among `ids`. */
export async function loadServiceRecords(tx: Tx, ids: string[]): Promise<Map<string, ServiceRecord>> {
  if (ids.length === 0) return new Map()
  const [definitions, versions] = await Promise.all([
    loadServices(tx, ids),
    tx.sql<{ id: string; version: number }[]>`
      select id, version from services where organization_id = ${tx.organizationId} and id = any(${ids}::uuid[])`,
  ])
  const records = new Map<string, ServiceRecord>()
  for (const { id, version } of versions) {
    const definition = definitions.get(id)
    if (!definition) continue
    records.set(id, {
      id,
      locationId: definition.locationId,
      name: definition.name,
      active: definition.active,
      durationMinutes: durationOf(definition.segments),
      slotIntervalMinutes: definition.slotIntervalMinutes,
      minimumNoticeMinutes: definition.minimumNoticeMinutes,
      bookingHorizonDays: definition.bookingHorizonDays,
      segments: definition.segments,
      version,
    })
  }
  return records
}

/** By name. */
export async function listServices(
  tx: Tx,
  { locationId, activeOnly }: { locationId?: string | null; activeOnly?: boolean | null } = {},
): Promise<ServiceRecord[]> {
  const rows = await tx.orm
    .select({ id: services.id })
    .from(services)
    .where(
      and(
        eq(services.organizationId, tx.organizationId),
        locationId == null ? undefined : eq(services.locationId, locationId),
        activeOnly ? eq(services.active, true) : undefined,
      ),
    )
    .orderBy(asc(services.name), asc(services.id))
  const ids = rows.map((row) => row.id)
  const records = await loadServiceRecords(tx, ids)
  return ids.flatMap((id) => records.get(id) ?? [])
}

async function loadCandidates(tx: Tx, segments: SegmentDefinition[]): Promise<Map<string, ResourceRecord>> {
  const ids = segments.flatMap((segment) => segment.resourceGroups.flatMap((group) => group.candidateIds))
  return loadResources(tx, [...new Set(ids)])
}

async function readVersion(tx: Tx, serviceId: string): Promise<number> {
  const [row] = await tx.sql<{ version: number }[]>`
    select version from services where organization_id = ${tx.organizationId} and id = ${serviceId}`
  return row?.version ?? 0
}

function durationOf(segments: SegmentDefinition[]): number {
  return segments.reduce((sum, segment) => sum + segment.durationMinutes, 0)
}

// Services and schedules as the rules need them, read whole and kept by version.
import { DEFINITION_DAY } from '../../db/changes.ts'
import type { Tx } from '../../db/transaction.ts'
import type {
  ResourceKind,
  ResourceSchedule,
  SegmentDefinition,
  ServiceDefinition,
  WallRange,
  Weekday,
} from '../vocabulary/types.ts'

export const WEEKDAYS: Weekday[] = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY']

/**
 * Definitions are immutable under a version, so keeping them cannot make an answer wrong: every use compares the kept
 * version with the one in the snapshot it reads. Bounded; the oldest entry goes first.
 */
const KEPT_LIMIT = 20_000
const keptServices = new Map<string, ServiceDefinition>()
const keptSchedules = new Map<string, ResourceSchedule>()

/** The services that exist among `ids`, as of the transaction's snapshot. */
export async function loadServices(tx: Tx, ids: string[]): Promise<Map<string, ServiceDefinition>> {
  return load(tx, ids, keptServices, (definition) => definition.definitionVersion, readServices)
}

/** The schedules of the resources that exist among `ids`, as of the transaction's snapshot. */
export async function loadSchedules(tx: Tx, ids: string[]): Promise<Map<string, ResourceSchedule>> {
  return load(tx, ids, keptSchedules, (schedule) => schedule.scheduleVersion, readSchedules)
}

export interface Definitions {
  service: ServiceDefinition
  schedules: Map<string, ResourceSchedule>
}

/**
 * What was read last, of whatever version: it saves a round trip to whoever compares the versions with those of its own
 * snapshot. Null if any part was never read.
 */
export function lastReadDefinitions(
  { organizationId }: Pick<Tx, 'organizationId'>,
  { serviceId, resourceIds }: { serviceId: string; resourceIds: readonly string[] },
): Definitions | null {
  const service = keptServices.get(organizationId + serviceId)
  if (!service) return null
  const schedules = new Map<string, ResourceSchedule>()
  for (const ids of [candidatesOf(service), resourceIds]) {
    for (const id of ids) {
      const schedule = keptSchedules.get(organizationId + id)
      if (!schedule) return null
      schedules.set(id, schedule)
    }
  }
  return { service, schedules }
}

/** Whether the definitions are those in force, given the versions of a snapshot. */
export function areInForce({ service, schedules }: Definitions, versions: ReadonlyMap<string, number>): boolean {
  if (versions.get(service.id) !== service.definitionVersion) return false
  for (const [id, { scheduleVersion }] of schedules) if (versions.get(id) !== scheduleVersion) return false
  return true
}

/** The present definition versions of services and resources. A subject that was never changed is at version 0. */
export async function readDefinitionVersions(tx: Tx, subjectIds: string[]): Promise<Map<string, number>> {
  const rows = await tx.sql<{ subjectId: string; version: number }[]>`
    select subject_id as "subjectId", version from resource_days
    where organization_id = ${tx.organizationId} and day = ${DEFINITION_DAY} and subject_id = any(${subjectIds}::uuid[])`
  return new Map(rows.map((row) => [row.subjectId, row.version]))
}

async function load<T>(
  tx: Tx,
  ids: string[],
  kept: Map<string, T>,
  versionOf: (definition: T) => number,
  read: (tx: Tx, ids: string[]) => Promise<Map<string, T>>,
): Promise<Map<string, T>> {
  const found = new Map<string, T>()
  if (ids.length === 0) return found
  const versions = await readDefinitionVersions(tx, ids)
  const missing: string[] = []
  for (const id of ids) {
    const definition = kept.get(keptKey(tx, id))
    if (definition !== undefined && versionOf(definition) === versions.get(id)) found.set(id, definition)
    else missing.push(id)
  }
  if (missing.length === 0) return found
  for (const [id, definition] of await read(tx, missing)) {
    // In READ COMMITTED the second statement may be newer than the versions; each row carries the version it belongs to.
    found.set(id, definition)
    if (kept.size >= KEPT_LIMIT) kept.delete(kept.keys().next().value as string)
    kept.set(keptKey(tx, id), definition)
  }
  return found
}

function keptKey(tx: Tx, id: string): string {
  return `${tx.organizationId}${id}`
}

async function readServices(tx: Tx, ids: string[]): Promise<Map<string, ServiceDefinition>> {
  const rows = await tx.sql<(Omit<ServiceDefinition, 'segments'> & { segments: StoredSegment[] | null })[]>`
    select s.id, s.location_id as "locationId", s.name, l.time_zone as "timeZone", l.country, s.active,
      s.slot_interval_minutes as "slotIntervalMinutes", s.minimum_notice_minutes as "minimumNoticeMinutes",
      s.booking_horizon_days as "bookingHorizonDays", coalesce(d.version, 0) as "definitionVersion",
      (select jsonb_agg(jsonb_build_object(
          'name', g.name, 'durationMinutes', g.duration_minutes, 'bufferBeforeMinutes', g.buffer_before_minutes,
          'bufferAfterMinutes', g.buffer_after_minutes, 'sameStaffAsPrevious', g.same_staff_as_previous,
          'candidates', (
            select jsonb_agg(jsonb_build_array(c.group_position, c.kind, c.resource_id) order by c.group_position, c.position)
            from segment_candidates c
            where c.organization_id = s.organization_id and c.service_id = s.id and c.segment_position = g.position)
        ) order by g.position)
       from service_segments g where g.organization_id = s.organization_id and g.service_id = s.id) as segments
    from services s
    join locations l on l.organization_id = s.organization_id and l.id = s.location_id
    left join resource_days d on d.organization_id = s.organization_id and d.subject_id = s.id and d.day = ${DEFINITION_DAY}
    where s.organization_id = ${tx.organizationId} and s.id = any(${ids}::uuid[])`
  return new Map(rows.map((row) => [row.id, { ...row, segments: (row.segments ?? []).map(toSegment) }]))
}

interface StoredSegment extends Omit<SegmentDefinition, 'resourceGroups'> {
  candidates: [groupPosition: number, kind: ResourceKind, resourceId: string][] | null
}

function toSegment({ candidates, ...segment }: StoredSegment): SegmentDefinition {
  const groups: SegmentDefinition['resourceGroups'] = []
  for (const [position, kind, resourceId] of candidates ?? []) {
    groups[position] ??= { kind, candidateIds: [] }
    groups[position].candidateIds.push(resourceId)
  }
  return { ...segment, resourceGroups: groups }
}

interface StoredSchedule {
  id: string
  kind: ResourceKind
  name: string
  active: boolean
  timeZone: string
  scheduleVersion: number
  weeklyHours: { weekday: number; opensAt: number; closesAt: number }[] | null
  dateOverrides: { date: string; hours: WallRange[]; reason: string | null }[] | null
  timeOff: { id: string; start: number; end: number; reason: string | null }[] | null
}

/** Closures that ended before are of no more use: nothing is offered there, and no client resumes from so long ago. */
const PAST_DAYS = 30

async function readSchedules(tx: Tx, ids: string[]): Promise<Map<string, ResourceSchedule>> {
  const past = tx.sql`make_interval(days => ${PAST_DAYS})`
  const rows = await tx.sql<StoredSchedule[]>`
    select r.id, r.kind, r.name, r.active, l.time_zone as "timeZone", coalesce(d.version, 0) as "scheduleVersion",
      (select jsonb_agg(jsonb_build_object('weekday', weekday, 'opensAt', opens_at_minute, 'closesAt', closes_at_minute)
                        order by w.position)
       from weekly_hours w where w.organization_id = r.organization_id and w.resource_id = r.id) as "weeklyHours",
      (select jsonb_agg(jsonb_build_object('date', o.date, 'hours', o.hours, 'reason', o.reason) order by o.date)
       from date_overrides o where o.organization_id = r.organization_id and o.resource_id = r.id
         and o.date >= (now() - ${past})::date) as "dateOverrides",
      (select jsonb_agg(jsonb_build_object('id', t.id, 'reason', t.reason,
                          'start', floor(extract(epoch from lower(t.during)) * 1000),
                          'end', floor(extract(epoch from upper(t.during)) * 1000)) order by lower(t.during), t.id)
       from time_off t where t.organization_id = r.organization_id and t.resource_id = r.id
         and t.ends_at > now() - ${past}) as "timeOff"
    from resources r
    join locations l on l.organization_id = r.organization_id and l.id = r.location_id
    left join resource_days d on d.organization_id = r.organization_id and d.subject_id = r.id and d.day = ${DEFINITION_DAY}
    where r.organization_id = ${tx.organizationId} and r.id = any(${ids}::uuid[])`
  return new Map(rows.map((row) => [row.id, toSchedule(row)]))
}

function toSchedule({ id, weeklyHours, dateOverrides, timeOff, ...row }: StoredSchedule): ResourceSchedule {
  return {
    ...row,
    resourceId: id,
    weeklyHours: (weeklyHours ?? []).map((hours) => ({ ...hours, weekday: WEEKDAYS[hours.weekday - 1] as Weekday })),
    dateOverrides: dateOverrides ?? [],
    timeOff: timeOff ?? [],
  }
}

/** Every resource that a service may claim, each once. */
export function candidatesOf(service: ServiceDefinition): string[] {
  const known = candidates.get(service)
  if (known) return known
  const ids = service.segments.flatMap((segment) => segment.resourceGroups.flatMap((group) => group.candidateIds))
  const distinct = [...new Set(ids)]
  candidates.set(service, distinct)
  return distinct
}

const candidates = new WeakMap<ServiceDefinition, string[]>()

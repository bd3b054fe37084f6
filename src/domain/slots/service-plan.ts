// The shape of a service: when its segments and claims lie after the start, and which segments share a person.

import { minuteMilliseconds } from '../time/zone-offsets.ts'
import type { ResourceKind, SegmentDefinition, ServiceDefinition } from '../vocabulary/types.ts'

/** Offsets are milliseconds after the appointment's start. */
export interface SegmentPlan {
  definition: SegmentDefinition
  /** The candidates of each group. */
  groups: string[][]
  segmentStart: number
  segmentEnd: number
  /** Buffers included, and not clipped. */
  claimStart: number
  claimEnd: number
  /** The group that sameStaffAsPrevious speaks of: the first STAFF group; -1 if there is none. */
  staffGroup: number
  /** Where the segment's groups begin in a list over all groups of the service. */
  firstPosition: number
  /** No resource is a candidate of two groups: the groups are served independently. */
  groupsAreDisjoint: boolean
}

/** Segments served by one person (or a single segment). Different chains never restrict each other. */
export interface SegmentChain {
  segmentIndexes: number[]
  sharesPerson: boolean
}

export interface ServicePlan {
  segments: SegmentPlan[]
  chains: SegmentChain[]
  durationMilliseconds: number
  positionCount: number
  /** True of every segment: no two groups compete. */
  groupsAreDisjoint: boolean
}

const planByService = new WeakMap<ServiceDefinition, ServicePlan>()

export function planOf(service: ServiceDefinition): ServicePlan {
  const known = planByService.get(service)
  if (known) return known
  const plan = makePlan(service)
  planByService.set(service, plan)
  return plan
}

/**
 * The service as served by the named resources alone: a group that contains some of them is narrowed to those. Null if no
 * group contains any, or if there is a kind with a named resource and no named candidate. Nobody named: the service as it is.
 */
export function narrowToResources(
  service: ServiceDefinition,
  resourceIds: readonly string[],
  kindOf: (resourceId: string) => ResourceKind | undefined,
): ServiceDefinition | null {
  if (resourceIds.length === 0) return service
  const named = new Set(resourceIds)
  const kindsServed = new Set<ResourceKind>()
  const segments = service.segments.map((segment) => ({
    ...segment,
    resourceGroups: segment.resourceGroups.map((group) => {
      const candidateIds = group.candidateIds.filter((id) => named.has(id))
      if (candidateIds.length === 0) return group
      kindsServed.add(group.kind)
      return { ...group, candidateIds }
    }),
  }))
  if (kindsServed.size === 0) return null
  for (const id of named) {
    const kind = kindOf(id)
    if (kind !== undefined && !kindsServed.has(kind)) return null
  }
  return { ...service, segments }
}

function makePlan(service: ServiceDefinition): ServicePlan {
  let offset = 0
  let position = 0
  const segments = service.segments.map((definition): SegmentPlan => {
    const segmentStart = offset
    offset += definition.durationMinutes * minuteMilliseconds
    const firstPosition = position
    const groups = definition.resourceGroups.map((group) => [...new Set(group.candidateIds)])
    position += groups.length
    return {
      definition,
      groups,
      segmentStart,
      segmentEnd: offset,
      claimStart: segmentStart - definition.bufferBeforeMinutes * minuteMilliseconds,
      claimEnd: offset + definition.bufferAfterMinutes * minuteMilliseconds,
      staffGroup: definition.resourceGroups.findIndex((group) => group.kind === 'STAFF'),
      firstPosition,
      groupsAreDisjoint: areDisjoint(groups),
    }
  })
  return {
    segments,
    chains: chainSegments(segments),
    durationMilliseconds: offset,
    positionCount: position,
    groupsAreDisjoint: segments.every((segment) => segment.groupsAreDisjoint),
  }
}

function chainSegments(segments: readonly SegmentPlan[]): SegmentChain[] {
  const chains: SegmentChain[] = []
  let staffed: SegmentChain | undefined
  for (const [index, segment] of segments.entries()) {
    if (segment.groups.length === 0) continue
    const isStaffed = segment.staffGroup >= 0
    if (isStaffed && segment.definition.sameStaffAsPrevious && staffed) {
      staffed.segmentIndexes.push(index)
      staffed.sharesPerson = true
      continue
    }
    const chain = { segmentIndexes: [index], sharesPerson: false }
    chains.push(chain)
    if (isStaffed) staffed = chain
  }
  return chains
}

function areDisjoint(groups: readonly string[][]): boolean {
  const ids = groups.flat()
  return groups.length < 2 || new Set(ids).size === ids.length
}

// Chooses who serves a start: a complete assignment of resources to all groups of all segments, if there is one.

import type { Assignment, Instant, PlannedClaim, ServiceDefinition } from '../vocabulary/types.ts'
import {
  canServeSegment,
  type FreeCandidates,
  peopleForChain,
  type SettledGroups,
  settle,
} from './assignment-search.ts'
import { planOf, type SegmentChain, type SegmentPlan, type ServicePlan } from './service-plan.ts'

/** Whether a resource can be claimed for the range, buffers included, and works during the segment's own time. */
export type IsFree = (
  resourceId: string,
  claimStart: Instant,
  claimEnd: Instant,
  segmentStart: Instant,
  segmentEnd: Instant,
) => boolean

export interface AssignmentWish {
  service: ServiceDefinition
  startsAt: Instant
  isFree: IsFree
  /** Over all groups of all segments in order; null or missing: any candidate. A pin that is no candidate has no assignment. */
  pinned?: readonly (string | null | undefined)[]
  /** Lower is better; equals go by the order of the candidates. */
  prefer?: (resourceId: string) => number
}

/**
 * Finds an assignment if any exists. Among several it takes the one whose resources are preferred in the order of
 * segments and groups: the best for the first group (among equals its first candidate), then the best for the second, and so on.
 * Grid, notice and horizon are not judged here.
 */
export function chooseAssignment({ service, startsAt, isFree, pinned, prefer }: AssignmentWish): Assignment | null {
  const plan = planOf(service)
  if (plan.segments.length === 0 || pinned?.slice(plan.positionCount).some((id) => id != null)) return null
  const free = freeCandidates({ plan, startsAt, isFree, pinned })
  const ranked = prefer ? free.map((groups) => groups.map((ids) => rankByPreference(ids, prefer))) : free
  const chosen: SettledGroups[] = plan.segments.map(() => [])
  for (const chain of plan.chains) if (!settleChain(plan, chain, ranked, chosen)) return null
  return {
    startsAt,
    endsAt: startsAt + plan.durationMilliseconds,
    claims: clippedClaims(plan, startsAt, chosen),
  }
}

/** The candidates of each group that are free at a start, pins respected. A resource is asked once per segment. */
export function freeCandidates(input: {
  plan: ServicePlan
  startsAt: Instant
  isFree: IsFree
  pinned?: readonly (string | null | undefined)[] | undefined
}): FreeCandidates {
  const { plan, startsAt, isFree, pinned } = input
  return plan.segments.map((segment) => {
    const known = new Map<string, boolean>()
    const isFreeOnce = (id: string) => {
      const answer = known.get(id) ?? isFree(id, ...rangesOf(segment, startsAt))
      known.set(id, answer)
      return answer
    }
    return segment.groups.map((candidateIds, group) => {
      const pin = pinned?.[segment.firstPosition + group]
      const allowed = pin == null ? candidateIds : candidateIds.filter((id) => id === pin)
      return allowed.filter(isFreeOnce)
    })
  })
}

function rangesOf(segment: SegmentPlan, startsAt: Instant): [Instant, Instant, Instant, Instant] {
  return [
    startsAt + segment.claimStart,
    startsAt + segment.claimEnd,
    startsAt + segment.segmentStart,
    startsAt + segment.segmentEnd,
  ]
}

function rankByPreference(ids: readonly string[], prefer: (resourceId: string) => number): readonly string[] {
  if (ids.length < 2) return ids
  const ranks = new Map(ids.map((id) => [id, prefer(id)]))
  return [...ids].sort((a, b) => (ranks.get(a) as number) - (ranks.get(b) as number))
}

/** Settles the groups of a chain one by one, each with the first resource that leaves a complete way for the rest. */
function settleChain(plan: ServicePlan, chain: SegmentChain, free: FreeCandidates, chosen: SettledGroups[]): boolean {
  let people = peopleForChain(plan, chain, free)
  if (people.length === 0) return false
  for (const index of chain.segmentIndexes) {
    const segment = plan.segments[index] as SegmentPlan
    const candidates = free[index] ?? []
    for (let group = 0; group < segment.groups.length; group++) {
      const isShared = chain.sharesPerson && group === segment.staffGroup
      const settled = chosen[index] as SettledGroups
      for (const id of isShared ? people : (candidates[group] ?? [])) {
        const withThis = settle(settled, group, id)
        const left = people.filter((person) =>
          isShared
            ? person === id
            : canServeSegment(
                segment,
                candidates,
                chain.sharesPerson ? settle(withThis, segment.staffGroup, person) : withThis,
              ),
        )
        if (left.length === 0) continue
        people = left
        chosen[index] = withThis
        break
      }
    }
  }
  return true
}

/**
 * The claims, cut so that those of one resource never overlap each other. A buffer loses only what the resource's own
 * segments cover: what reaches past a short segment goes on in that segment's claim, so that together the claims
 * cover exactly the segments and all their buffers, and each segment can be judged on its own.
 */
function clippedClaims(plan: ServicePlan, startsAt: Instant, chosen: readonly SettledGroups[]): PlannedClaim[] {
  const claims: PlannedClaim[] = []
  const byResource = new Map<string, PlannedClaim[]>()
  for (const [segmentIndex, groups] of chosen.entries()) {
    const segment = plan.segments[segmentIndex] as SegmentPlan
    for (const [groupIndex, resourceId] of groups.entries()) {
      if (resourceId === null) continue
      const [start, end] = rangesOf(segment, startsAt)
      const claim = { segmentIndex, groupIndex, resourceId, start, end }
      claims.push(claim)
      byResource.set(resourceId, [...(byResource.get(resourceId) ?? []), claim])
    }
  }
  for (const own of byResource.values()) if (own.length > 1) clipOwn(plan, startsAt, own)
  return claims
}

function clipOwn(plan: ServicePlan, startsAt: Instant, own: readonly PlannedClaim[]): void {
  const starts = own.map((_, index) => Math.min(...own.slice(index).map((claim) => claim.start)))
  const ends = own.map((_, index) => Math.max(...own.slice(0, index + 1).map((claim) => claim.end)))
  let taken = Number.NEGATIVE_INFINITY
  for (const [index, claim] of own.entries()) {
    const next = own[index + 1]
    const nextSegment = next ? plan.segments[next.segmentIndex] : undefined
    const nextStart = nextSegment ? startsAt + nextSegment.segmentStart : Number.POSITIVE_INFINITY
    claim.start = Math.max(starts[index] as number, taken)
    claim.end = Math.min(ends[index] as number, nextStart)
    taken = claim.end
  }
}

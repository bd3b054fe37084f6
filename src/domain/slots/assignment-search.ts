// Which resources can serve a start together: one different resource for each group of a segment, one person along a chain.
//
// Segments restrict each other only through the person a chain shares; within a segment only distinctness counts. So the
// search is one small bipartite matching per segment and person, complete without trying combinations.

import type { SegmentChain, SegmentPlan, ServicePlan } from './service-plan.ts'

/** The free candidates of each group, by segment. */
export type FreeCandidates = readonly (readonly (readonly string[])[])[]

/** For each group of one segment the resource that is settled already, or null. */
export type SettledGroups = readonly (string | null)[]

/**
 * By segment every resource that takes part in at least one complete way, in the order of the groups; null if there
 * is no complete way. A processing gap has none.
 */
export function candidatesBySegment(plan: ServicePlan, free: FreeCandidates): string[][] | null {
  const found: string[][] = plan.segments.map(() => [])
  for (const chain of plan.chains) {
    const people = peopleForChain(plan, chain, free)
    if (people.length === 0) return null
    for (const index of chain.segmentIndexes) {
      found[index] = candidatesOfSegment(plan.segments[index] as SegmentPlan, free[index] ?? [], people)
    }
  }
  return found
}

/**
 * Those who can serve all of a chain with every other group filled too. [null] stands for a chain that shares nobody and can be
 * served; empty: it cannot.
 */
export function peopleForChain(
  plan: ServicePlan,
  chain: SegmentChain,
  free: FreeCandidates,
): readonly (string | null)[] {
  const segments = chain.segmentIndexes.map((index) => ({
    segment: plan.segments[index] as SegmentPlan,
    free: free[index] ?? [],
  }))
  const [first, ...others] = segments
  if (!first) return [null]
  if (!chain.sharesPerson) return canServeSegment(first.segment, first.free, []) ? [null] : []
  let people = first.free[first.segment.staffGroup] ?? []
  for (const other of others) {
    const staff = new Set(other.free[other.segment.staffGroup])
    people = people.filter((person) => staff.has(person))
  }
  const competing = segments.filter(({ segment }) => !segment.groupsAreDisjoint)
  const served = segments.every(({ segment, free }) => !segment.groupsAreDisjoint || canServeSegment(segment, free, []))
  if (!served || competing.length === 0) return served ? people : []
  return people.filter((person) =>
    competing.every((each) => canServeSegment(each.segment, each.free, settle([], each.segment.staffGroup, person))),
  )
}

/** Whether the groups that are not settled can each get a free resource of their own. */
export function canServeSegment(
  segment: SegmentPlan,
  free: readonly (readonly string[])[],
  settled: SettledGroups,
): boolean {
  if (segment.groupsAreDisjoint)
    return free.every((candidates, group) => settled[group] != null || candidates.length > 0)
  const groupOf = new Map<string, number>()
  for (const [group, id] of settled.entries()) {
    if (id == null) continue
    if (groupOf.has(id)) return false
    groupOf.set(id, group)
  }
  for (let group = 0; group < free.length; group++) {
    if (settled[group] == null && !findResource(group, free, settled, groupOf, new Set())) return false
  }
  return true
}

/** A copy with one more group settled. */
export function settle(settled: SettledGroups, group: number, resourceId: string | null): SettledGroups {
  if (resourceId === null) return settled
  const copy = Array.from({ length: Math.max(settled.length, group + 1) }, (_, index) => settled[index] ?? null)
  copy[group] = resourceId
  return copy
}

function candidatesOfSegment(
  segment: SegmentPlan,
  free: readonly (readonly string[])[],
  people: readonly (string | null)[],
): string[] {
  const found = new Set<string>()
  const shares = people[0] !== null
  for (const [group, candidates] of free.entries()) {
    for (const id of shares && group === segment.staffGroup ? people : candidates) {
      if (id === null || found.has(id)) continue
      const fits =
        segment.groupsAreDisjoint ||
        people.some((person) => {
          if (shares && group === segment.staffGroup) return person === id
          const settled = shares ? settle([], segment.staffGroup, person) : []
          return canServeSegment(segment, free, settle(settled, group, id))
        })
      if (fits) found.add(id)
    }
  }
  return [...found]
}

/** One augmenting path of Kuhn's bipartite matching; a settled group keeps its resource. */
function findResource(
  group: number,
  free: readonly (readonly string[])[],
  settled: SettledGroups,
  groupOf: Map<string, number>,
  visited: Set<string>,
): boolean {
  for (const id of free[group] ?? []) {
    if (visited.has(id)) continue
    visited.add(id)
    const holder = groupOf.get(id)
    if (holder !== undefined && settled[holder] != null) continue
    if (holder === undefined || findResource(holder, free, settled, groupOf, visited)) {
      groupOf.set(id, group)
      return true
    }
  }
  return false
}

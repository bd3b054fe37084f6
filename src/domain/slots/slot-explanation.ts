// Why a start cannot be booked: every rule that says no, in sentences for a developer or a voice agent.

import type {
  Claim,
  Instant,
  Interval,
  ResourceState,
  ServiceDefinition,
  SlotBlock,
  UnavailableReason,
} from '../vocabulary/types.ts'
import { canServeSegment, type FreeCandidates, peopleForChain } from './assignment-search.ts'
import { chooseAssignment, freeCandidates } from './assignments.ts'
import { bookingWindow, horizonReachesAt } from './booking-window.ts'
import { freeByStates, meets } from './resource-availability.ts'
import { resourceBlocks } from './resource-blocks.ts'
import { planOf, type SegmentChain, type SegmentPlan, type ServicePlan } from './service-plan.ts'
import { isOnGrid } from './slot-grid.ts'

export interface StartQuestion {
  service: ServiceDefinition
  /** States that cover `claimWindow(service, startsAt, startsAt + 1)`. */
  resources: ReadonlyMap<string, ResourceState>
  startsAt: Instant
  now: Instant
  /** As in `chooseAssignment`. */
  pinned?: readonly (string | null | undefined)[]
  /** Claims that don't count, e.g. those of the appointment that is being moved. */
  ignores?: (claim: Claim) => boolean
}

/**
 * Empty exactly if the start can be booked now: within the booking window, on the grid, and with a complete assignment.
 * Says nothing about who has taken a resource. Resources are named only if the start has no assignment, and then
 * only those that stand in the way.
 */
export function explainStart(question: StartQuestion): SlotBlock[] {
  return [...startBlocks(question), ...assignmentBlocks(question)]
}

/** The customer has appointments of their own then. */
export function customerConflicts(taken: readonly Interval[], startsAt: Instant, endsAt: Instant): SlotBlock[] {
  return taken
    .filter((own) => meets(own, startsAt, endsAt))
    .map(({ end }) => block('CUSTOMER_CONFLICT', 'The customer has another appointment at this time.', null, end))
}

function startBlocks({ service, startsAt, now }: StartQuestion): SlotBlock[] {
  const { earliestAt, latestAt } = bookingWindow(service, now)
  const blocks: SlotBlock[] = []
  if (!service.active) blocks.push(block('INACTIVE', `${service.name} is not offered at the moment.`))
  if (startsAt < now) blocks.push(block('IN_THE_PAST', 'This start is in the past.'))
  if (startsAt < earliestAt && service.minimumNoticeMinutes > 0) {
    blocks.push(
      block('TOO_SOON', `${service.name} must be booked at least ${minutes(service.minimumNoticeMinutes)} ahead.`),
    )
  }
  if (startsAt >= latestAt) {
    const message = `${service.name} can be booked at most ${days(service.bookingHorizonDays)} ahead.`
    blocks.push(block('TOO_FAR', message, null, horizonReachesAt(service, startsAt)))
  }
  if (!isOnGrid(startsAt, service.timeZone, service.slotIntervalMinutes)) {
    const message = `${service.name} starts every ${minutes(service.slotIntervalMinutes)}, counted from local midnight.`
    blocks.push(block('OFF_GRID', message))
  }
  return blocks
}

function assignmentBlocks(question: StartQuestion): SlotBlock[] {
  const { service, resources, startsAt, now, pinned, ignores } = question
  const isFree = freeByStates(resources, now, ignores)
  if (chooseAssignment({ service, startsAt, isFree, pinned })) return []
  const plan = planOf(service)
  const misfits = pinned?.filter((id, position) => id != null && !isCandidateAt(plan, position, id)) ?? []
  if (misfits.length > 0) {
    return [...new Set(misfits)].map((id) => {
      const name = resources.get(id as string)?.schedule.name ?? 'This resource'
      return block('NOT_OFFERED', `${name} does not serve this part of ${service.name}.`, id)
    })
  }
  const free = freeCandidates({ plan, startsAt, isFree, pinned })
  const everyone = freeCandidates({ plan, startsAt, isFree: (id) => resources.has(id), pinned })
  const blocks = new Map<string, SlotBlock>()
  for (const [index, group] of groupsInTheWay(plan, free)) {
    for (const id of everyone[index]?.[group] ?? []) {
      const state = resources.get(id)
      if (!state || free[index]?.[group]?.includes(id)) continue
      const segment = plan.segments[index] as SegmentPlan
      for (const found of resourceBlocks({ state, segment, startsAt, now, ignores })) mergeBlock(blocks, found)
    }
  }
  if (blocks.size > 0 && plan.chains.every((chain) => peopleForChain(plan, chain, everyone).length > 0)) {
    return [...blocks.values()]
  }
  return [...blocks.values(), block('NOT_OFFERED', `No combination of resources can serve ${service.name} as asked.`)]
}

function isCandidateAt(plan: ServicePlan, position: number, id: string): boolean {
  return plan.segments.some((segment) => segment.groups[position - segment.firstPosition]?.includes(id))
}

/** Segment and group of those that leave a chain without a way: empty ones if there are any, else those that compete. */
function groupsInTheWay(plan: ServicePlan, free: FreeCandidates): [number, number][] {
  return plan.chains
    .filter((chain) => peopleForChain(plan, chain, free).length === 0)
    .flatMap((chain) => groupsOfChainInTheWay(plan, chain, free))
}

function groupsOfChainInTheWay(plan: ServicePlan, chain: SegmentChain, free: FreeCandidates): [number, number][] {
  const all = chain.segmentIndexes.flatMap((index) =>
    (plan.segments[index] as SegmentPlan).groups.map((_, group): [number, number] => [index, group]),
  )
  const empty = all.filter(([index, group]) => (free[index]?.[group] ?? []).length === 0)
  if (empty.length > 0) return empty
  const crowded = all.filter(([index]) => !canServeSegment(plan.segments[index] as SegmentPlan, free[index] ?? [], []))
  if (crowded.length > 0) return crowded
  // Each segment has a way of its own: it is the shared person that no one can be.
  return all.filter(([index, group]) => {
    const segment = plan.segments[index] as SegmentPlan
    return group === segment.staffGroup || !segment.groupsAreDisjoint
  })
}

/** One block for each rule and resource, until the last of what stands in the way is over. */
function mergeBlock(blocks: Map<string, SlotBlock>, found: SlotBlock): void {
  const key = `${found.resourceId} ${found.reason}`
  const known = blocks.get(key)
  if (!known) blocks.set(key, found)
  else if (found.until !== null && (known.until ?? 0) < found.until) known.until = found.until
}

function block(
  reason: UnavailableReason,
  message: string,
  resourceId: string | null = null,
  until: Instant | null = null,
) {
  return { reason, message, resourceId, until }
}

function minutes(count: number): string {
  if (count % 60 === 0) return count === 60 ? '1 hour' : `${count / 60} hours`
  return count === 1 ? '1 minute' : `${count} minutes`
}

function days(count: number): string {
  return count === 1 ? '1 day' : `${count} days`
}

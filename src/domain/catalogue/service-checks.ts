// Judges what a service is made of: whether its segments make sense and somebody could serve them.
import { chooseAssignment } from '../slots/assignments.ts'
import { checkCount, checkWholeNumber, readName } from '../vocabulary/input-issues.ts'
import type { InputIssue } from '../vocabulary/refusals.ts'
import type { ResourceGroup, SegmentDefinition, ServiceDefinition } from '../vocabulary/types.ts'
import type { ResourceRecord } from './resources.ts'

const MINUTES_PER_DAY = 1440
const LONGEST_MINUTES = 7 * MINUTES_PER_DAY

export interface ServiceNumbers {
  slotIntervalMinutes: number
  minimumNoticeMinutes: number
  bookingHorizonDays: number
}

export function checkServiceNumbers(issues: InputIssue[], numbers: ServiceNumbers): void {
  checkWholeNumber(issues, ['slotIntervalMinutes'], numbers.slotIntervalMinutes, { min: 1, max: MINUTES_PER_DAY })
  checkWholeNumber(issues, ['minimumNoticeMinutes'], numbers.minimumNoticeMinutes, { min: 0, max: 525_600 })
  checkWholeNumber(issues, ['bookingHorizonDays'], numbers.bookingHorizonDays, { min: 0, max: 1000 })
}

/** Answers the segments with their names trimmed. `resources` has those that exist among the candidates. */
export function readSegments(
  issues: InputIssue[],
  input: { segments: SegmentDefinition[]; locationId: string; resources: ReadonlyMap<string, ResourceRecord> },
): SegmentDefinition[] {
  const path = ['segments']
  const before = issues.length
  checkCount(issues, path, input.segments, { max: 20, what: 'segments' })
  if (!input.segments.some((segment) => segment.resourceGroups.length > 0)) {
    issues.push({ path, message: 'At least one segment needs a resource group.' })
  }
  const total = input.segments.reduce((sum, segment) => sum + segment.durationMinutes, 0)
  if (total > LONGEST_MINUTES) issues.push({ path, message: 'The segments take more than 7 days in all.' })
  const segments = input.segments.map((segment, index) => {
    const at = [...path, String(index)]
    checkSegmentNumbers(issues, at, segment)
    checkCount(issues, [...at, 'resourceGroups'], segment.resourceGroups, { max: 10, what: 'resource groups' })
    for (const [group, { kind, candidateIds }] of segment.resourceGroups.entries()) {
      checkGroup(issues, [...at, 'resourceGroups', String(group)], { ...input, kind, candidateIds })
    }
    return { ...segment, name: readName(issues, [...at, 'name'], segment.name) }
  })
  checkSamePeople(issues, path, segments)
  // Only when nothing else is wrong: what is missing above would be reported once more.
  if (issues.length === before && !isServable(segments)) {
    issues.push({ path, message: 'Nobody could serve it: each group of a segment claims a resource of its own.' })
  }
  return segments
}

function checkSegmentNumbers(issues: InputIssue[], path: string[], segment: SegmentDefinition): void {
  const { durationMinutes, bufferBeforeMinutes, bufferAfterMinutes } = segment
  checkWholeNumber(issues, [...path, 'durationMinutes'], durationMinutes, { min: 1, max: MINUTES_PER_DAY })
  checkWholeNumber(issues, [...path, 'bufferBeforeMinutes'], bufferBeforeMinutes, { min: 0, max: MINUTES_PER_DAY })
  checkWholeNumber(issues, [...path, 'bufferAfterMinutes'], bufferAfterMinutes, { min: 0, max: MINUTES_PER_DAY })
}

function checkGroup(
  issues: InputIssue[],
  groupPath: string[],
  group: ResourceGroup & { locationId: string; resources: ReadonlyMap<string, ResourceRecord> },
): void {
  const path = [...groupPath, 'candidateIds']
  const { kind, candidateIds, locationId, resources } = group
  checkCount(issues, path, candidateIds, { max: 200, what: 'candidates' })
  if (candidateIds.length === 0) issues.push({ path, message: 'A group needs at least one candidate.' })
  for (const [index, id] of candidateIds.entries()) {
    const resource = resources.get(id)
    const refuse = (message: string) => issues.push({ path: [...path, String(index)], message })
    if (!resource) refuse('There is no resource with this id.')
    else if (resource.locationId !== locationId) refuse(`${resource.name} is at another location than the service.`)
    else if (resource.kind !== kind) refuse(`${resource.name} is of kind ${resource.kind}, the group of kind ${kind}.`)
    else if (candidateIds.indexOf(id) < index) refuse(`${resource.name} is in the group already.`)
  }
}

/** sameStaffAsPrevious speaks of the first STAFF group of the segment and of the last segment before it that has one. */
function checkSamePeople(issues: InputIssue[], path: string[], segments: SegmentDefinition[]): void {
  let people: string[] | null = null
  for (const [index, segment] of segments.entries()) {
    const staff = segment.resourceGroups.find((group) => group.kind === 'STAFF')
    const refuse = (message: string) => issues.push({ path: [...path, String(index), 'sameStaffAsPrevious'], message })
    if (!segment.sameStaffAsPrevious) people = staff?.candidateIds ?? people
    else if (!staff) refuse('The segment has no STAFF group.')
    else if (people === null) {
      refuse('No segment before it has a STAFF group.')
      people = staff.candidateIds
    } else {
      const shared: string[] = people.filter((id) => staff.candidateIds.includes(id))
      if (shared.length === 0) refuse('Nobody is a candidate both here and in the segments it shares its person with.')
      people = shared.length > 0 ? shared : staff.candidateIds
    }
  }
}

function isServable(segments: SegmentDefinition[]): boolean {
  const service = { segments } as ServiceDefinition
  return chooseAssignment({ service, startsAt: 0, isFree: () => true }) !== null
}

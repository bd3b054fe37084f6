// A service as an appointment was booked with it: later changes of the service do not reach appointments.
import type { ClaimedSegment, ResourceKind, ServiceDefinition } from '../vocabulary/types.ts'

/**
 * Durations, buffers and the same-person rule are those of the appointment. Candidates are those of the present service
 * where its segment still has groups of the same kinds, with whoever serves the appointment so far among them.
 * An appointment of a service that is no longer offered can still be moved.
 */
export function serviceAsBooked(
  present: ServiceDefinition,
  booked: ClaimedSegment[],
  kindOf: (resourceId: string) => ResourceKind,
): ServiceDefinition {
  const segments = booked.map((segment, index) => {
    const groups = present.segments[index]?.resourceGroups ?? []
    const kinds = segment.resourceIds.map(kindOf)
    const isSameShape =
      present.segments.length === booked.length &&
      groups.length === kinds.length &&
      groups.every((group, position) => group.kind === kinds[position])
    return {
      name: segment.name,
      durationMinutes: (segment.endsAt - segment.startsAt) / 60_000,
      bufferBeforeMinutes: segment.bufferBeforeMinutes,
      bufferAfterMinutes: segment.bufferAfterMinutes,
      sameStaffAsPrevious: segment.sameStaffAsPrevious,
      resourceGroups: segment.resourceIds.map((resourceId, position) => ({
        kind: kinds[position] as ResourceKind,
        candidateIds: isSameShape
          ? [...new Set([...(groups[position]?.candidateIds ?? []), resourceId])]
          : [resourceId],
      })),
    }
  })
  return { ...present, active: true, segments }
}

// A service as an appointment was booked with it: later changes of the service do not reach appointments.
import type { ClaimedSegment, ServiceDefinition } from './types.ts'

/**
 * Durations, buffers and the same-person rule are those of the appointment. Candidates are those of the present service
 * where its segment still has the same number of groups, with whoever serves the appointment so far among them.
 * An appointment of a service that is no longer offered can still be moved.
 */
export function serviceAsBooked(present: ServiceDefinition, booked: ClaimedSegment[]): ServiceDefinition {
  const segments = booked.map((segment, index) => {
    const groups = present.segments[index]?.resourceGroups ?? []
    const isSameShape = present.segments.length === booked.length && groups.length === segment.resourceIds.length
    return {
      name: segment.name,
      durationMinutes: (segment.endsAt - segment.startsAt) / 60_000,
      bufferBeforeMinutes: segment.bufferBeforeMinutes,
      bufferAfterMinutes: segment.bufferAfterMinutes,
      sameStaffAsPrevious: segment.sameStaffAsPrevious,
      resourceGroups: segment.resourceIds.map((resourceId, position) => ({
        kind: groups[position]?.kind ?? ('STAFF' as const),
        candidateIds: isSameShape
          ? [...new Set([...(groups[position]?.candidateIds ?? []), resourceId])]
          : [resourceId],
      })),
    }
  })
  return { ...present, active: true, segments }
}

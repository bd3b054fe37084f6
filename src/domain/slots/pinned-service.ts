// A service narrowed to the resources that were asked for.
import type { ServiceDefinition } from '../vocabulary/types.ts'

/** The service as served by the pinned resources, each in its place. */
export function narrowToPins(service: ServiceDefinition, pins: (string | null)[]): ServiceDefinition {
  if (pins.every((pin) => pin === null)) return service
  let position = 0
  const segments = service.segments.map((segment) => ({
    ...segment,
    resourceGroups: segment.resourceGroups.map((group) => {
      const pin = pins[position++] ?? null
      return pin === null ? group : { ...group, candidateIds: group.candidateIds.filter((id) => id === pin) }
    }),
  }))
  return { ...service, segments }
}

// Writes the segments of a service.
import { and, eq } from 'drizzle-orm'
import { segmentCandidates, serviceSegments } from '../../db/tables/services.ts'
import type { Tx } from '../../db/transaction.ts'
import type { SegmentDefinition } from '../vocabulary/types.ts'

/** For a service that has none. */
export async function insertSegments(
  tx: Tx,
  { serviceId, segments }: { serviceId: string; segments: SegmentDefinition[] },
): Promise<void> {
  const { organizationId } = tx
  await tx.orm.insert(serviceSegments).values(
    segments.map(({ resourceGroups: _, ...segment }, position) => ({
      ...segment,
      organizationId,
      serviceId,
      position,
    })),
  )
  const candidates = segments.flatMap((segment, segmentPosition) =>
    segment.resourceGroups.flatMap(({ kind, candidateIds }, groupPosition) =>
      candidateIds.map((resourceId, position) => ({
        organizationId,
        serviceId,
        segmentPosition,
        groupPosition,
        position,
        kind,
        resourceId,
      })),
    ),
  )
  // PostgreSQL takes 65,535 parameters a statement.
  for (let from = 0; from < candidates.length; from += 5000) {
    await tx.orm.insert(segmentCandidates).values(candidates.slice(from, from + 5000))
  }
}

export async function replaceSegments(
  tx: Tx,
  input: { serviceId: string; segments: SegmentDefinition[] },
): Promise<void> {
  // The candidates go with their segments.
  await tx.orm
    .delete(serviceSegments)
    .where(and(eq(serviceSegments.organizationId, tx.organizationId), eq(serviceSegments.serviceId, input.serviceId)))
  await insertSegments(tx, input)
}

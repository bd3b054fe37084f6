// The algebra of deltas: applying a step of a subject-day to its claims, and undoing it.
import type { AvailabilityDelta } from '../db/tables/availability-changes.ts'
import type { Claim } from '../domain/vocabulary/types.ts'

/** What comes and goes with the step. A claim in both is replaced. */
export interface ClaimChanges {
  added: readonly Claim[]
  removed: readonly Claim[]
}

export function applyClaims(claims: Map<string, Claim>, { added, removed }: ClaimChanges): void {
  for (const claim of removed) claims.delete(claim.id)
  for (const claim of added) claims.set(claim.id, claim)
}

export function inverted({ added, removed }: ClaimChanges): ClaimChanges {
  return { added: removed, removed: added }
}

/**
 * The net effect of a step. A transaction that makes a claim and takes it away again (or the other way round) has the
 * same claim in both lists: without any effect, whatever the order was.
 */
export function netChanges({ added = [], removed = [] }: AvailabilityDelta): ClaimChanges {
  if (added.length === 0 || removed.length === 0) return { added, removed }
  const gone = new Map<string, number>()
  for (const claim of removed) gone.set(identity(claim), (gone.get(identity(claim)) ?? 0) + 1)
  const staying = added.filter((claim) => !take(gone, identity(claim)))
  return { added: staying, removed: removed.filter((claim) => take(gone, identity(claim))) }
}

function take(counts: Map<string, number>, key: string): boolean {
  const count = counts.get(key) ?? 0
  if (count > 0) counts.set(key, count - 1)
  return count > 0
}

function identity({ id, start, end, holdId, appointmentId, expiresAt }: Claim): string {
  return `${id} ${start} ${end} ${holdId} ${appointmentId} ${expiresAt}`
}

// The independent check of promise P1: counts claims that overlap, without the index that is meant to refuse them.

import type { Tx } from '../../db/transaction.ts'

/** Active claims that begin before an earlier one of the same resource has ended. As the system, over all organizations. */
export async function countOverlappingClaims(tx: Tx): Promise<number> {
  const [row] = await tx.sql<{ count: number }[]>`
    select count(*)::int as count from (
      select lower(during) < max(upper(during)) over (
        partition by organization_id, resource_id order by lower(during), id
        rows between unbounded preceding and 1 preceding
      ) as too_early from claims where active
    ) as claim where too_early`
  return row?.count ?? 0
}

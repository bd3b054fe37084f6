// How a mutation writes: outside the moment that its operation read before, in a transaction of its own.
import { isLockTimeout } from '../../db/errors.ts'
import { inTransaction, type Tx } from '../../db/transaction.ts'
import { BusyError } from '../../domain/vocabulary/refusals.ts'
import { type Context, callerOf } from './context.ts'

/** One transaction. What the answer selects is read after its commit. */
export function write<T>(ctx: Context, work: (tx: Tx) => Promise<T>): Promise<T> {
  return change(ctx, () => inTransaction(ctx.db, callerOf(ctx).organizationId, work))
}

/** For domain functions that open their own transactions. */
export async function change<T>(ctx: Context, work: () => Promise<T>): Promise<T> {
  // Fields before this one have been answered. Keeping their snapshot would hold a connection while this one waits
  // for another, and this one's answer would not see what it did.
  await ctx.endMoment()
  try {
    return await work()
  } catch (error) {
    throw isLockTimeout(error) ? new BusyError() : error
  }
}

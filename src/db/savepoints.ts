// Savepoints: a part of a transaction that can fail without taking the rest along.
import type { Tx } from './transaction.ts'

/** What `work` wrote, and what it noted for the listeners of the commit, is gone when it throws; the transaction goes on. */
export async function inSavepoint<T>(tx: Tx, work: () => Promise<T>): Promise<T> {
  const [changes, appointments] = [tx.changes.length, tx.appointments.length]
  await tx.sql.unsafe('savepoint part')
  try {
    const result = await work()
    await tx.sql.unsafe('release savepoint part')
    return result
  } catch (error) {
    tx.changes.length = changes
    tx.appointments.length = appointments
    await tx.sql.unsafe('rollback to savepoint part')
    await tx.sql.unsafe('release savepoint part')
    throw error
  }
}

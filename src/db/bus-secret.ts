// What the gateways of one database share, and nobody who has only their Redis.
import type { Database } from './client.ts'
import { asSystem } from './transaction.ts'

/** It never changes. */
export async function readBusSecret(db: Database): Promise<string> {
  const [row] = await asSystem(db, (tx) => tx.sql<{ secret: string }[]>`select secret from bus_secret`)
  if (!row) throw new Error('The database has no bus secret: its migrations are incomplete.')
  return row.secret
}

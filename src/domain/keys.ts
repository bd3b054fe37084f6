// API keys: made here, shown once, kept as a hash.

import { createHash, randomBytes } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import type { Tx } from '../db/transaction.ts'

export type KeyKind = 'PUBLISHABLE' | 'SECRET'

export interface CreatedKey {
  keyId: string
  /** `pk_…` or `sk_…`; it cannot be read again. */
  key: string
}

const PREFIXES: Record<KeyKind, string> = { PUBLISHABLE: 'pk_', SECRET: 'sk_' }

export async function createKey(
  tx: Tx,
  { organizationId, kind }: { organizationId: string; kind: KeyKind },
): Promise<CreatedKey> {
  const keyId = uuidv7()
  const key = `${PREFIXES[kind]}${randomBytes(24).toString('base64url')}`
  await tx.sql`
    insert into api_keys (organization_id, id, kind, hash)
    values (${organizationId}, ${keyId}, ${kind}, ${hashKey(key)})`
  return { keyId, key }
}

/** SHA-256, hex. No salt and no stretching: the key is 192 random bits, there is nothing to guess. */
export function hashKey(key: string): string {
  return createHash('sha256').update(key).digest('hex')
}

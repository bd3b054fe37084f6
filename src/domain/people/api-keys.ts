// API keys: made once, stored as a hash, looked up by whoever lets callers in.
import { hash, randomBytes, randomUUIDv7 } from 'node:crypto'
import type { Database } from '../../db/client.ts'
import { asSystem, type Tx } from '../../db/transaction.ts'
import { NotFoundError } from '../vocabulary/refusals.ts'
import type { Instant } from '../vocabulary/types.ts'
import { openToken, sealToken } from './sealed-tokens.ts'

export type ApiKeyKind = 'PUBLISHABLE' | 'SECRET'

export interface ApiKeyRecord {
  id: string
  organizationId: string
  kind: ApiKeyKind
}

export interface ListedApiKey {
  id: string
  kind: ApiKeyKind
  createdAt: Instant
  revokedAt: Instant | null
}

const PREFIX = { PUBLISHABLE: 'pk_', SECRET: 'sk_' }
/** 256 random bits. */
const BODY_LENGTH = 43

/** The key itself is in this answer and nowhere else. */
export async function createApiKey(
  tx: Tx,
  { organizationId, kind }: { organizationId: string; kind: ApiKeyKind },
): Promise<ApiKeyRecord & { key: string }> {
  const id = randomUUIDv7()
  const key = sealToken(PREFIX[kind], randomBytes(32).toString('base64url'))
  const made = await tx.sql`
    insert into api_keys (organization_id, id, kind, hash)
    select organization_id, ${id}::uuid, ${kind}::api_key_kind, ${hashApiKey(key)}
    from organizations where organization_id = ${organizationId}`
  if (made.count === 0) throw new NotFoundError('organization')
  return { id, organizationId, kind, key }
}

/** Newest first, the revoked ones too. */
export async function listApiKeys(tx: Tx): Promise<ListedApiKey[]> {
  return tx.sql<ListedApiKey[]>`
    select id, kind, created_at as "createdAt", revoked_at as "revokedAt" from api_keys
    where organization_id = ${tx.organizationId} order by created_at desc, id desc`
}

/** From now on the key opens nothing; `createKeyring` notices within a second. Revoking twice changes nothing. */
export async function revokeApiKey(tx: Tx, { apiKeyId }: { apiKeyId: string }): Promise<void> {
  const revoked = await tx.sql`
    update api_keys set revoked_at = coalesce(revoked_at, now())
    where organization_id = ${tx.organizationId} and id = ${apiKeyId}`
  if (revoked.count === 0) throw new NotFoundError('API key')
}

/** Null: unknown or revoked. */
export async function findApiKey(db: Database, key: string): Promise<ApiKeyRecord | null> {
  if (!looksLikeApiKey(key)) return null
  const hash = hashApiKey(key)
  return (await findApiKeysByHash(db, [hash])).get(hash) ?? null
}

/** The keys that are in force, by hash. */
export async function findApiKeysByHash(db: Database, hashes: string[]): Promise<Map<string, ApiKeyRecord>> {
  const rows = await asSystem(
    db,
    (tx) => tx.sql<(ApiKeyRecord & { hash: string })[]>`
      select id, organization_id as "organizationId", kind, hash from api_keys
      where hash = any(${hashes}::text[]) and revoked_at is null`,
  )
  return new Map(rows.map(({ hash, ...key }) => [hash, key]))
}

/** The ids of those keys that are in force no more. */
export async function findRevokedApiKeys(
  db: Database,
  keys: Pick<ApiKeyRecord, 'organizationId' | 'id'>[],
): Promise<string[]> {
  const organizationIds = keys.map(({ organizationId }) => organizationId)
  const ids = keys.map(({ id }) => id)
  const rows = await asSystem(
    db,
    (tx) => tx.sql<{ id: string }[]>`
      select asked.id from unnest(${organizationIds}::uuid[], ${ids}::uuid[]) as asked(organization_id, id)
      where not exists (
        select from api_keys k
        where k.organization_id = asked.organization_id and k.id = asked.id and k.revoked_at is null)`,
  )
  return rows.map(({ id }) => id)
}

/** What was never given out is not worth a query. */
export function looksLikeApiKey(key: string): boolean {
  return (
    openToken(PREFIX.PUBLISHABLE, key)?.length === BODY_LENGTH || openToken(PREFIX.SECRET, key)?.length === BODY_LENGTH
  )
}

// A plain hash is enough: the key is 256 random bits, there is nothing to guess.
export function hashApiKey(key: string): string {
  return hash('sha256', key, 'hex')
}

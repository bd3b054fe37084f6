// API keys and idempotency keys.
import { sql } from 'drizzle-orm'
import { foreignKey, index, jsonb, pgEnum, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { instant, organizationId } from '../columns.ts'
import { organizations } from './organizations.ts'

export const apiKeyKind = pgEnum('api_key_kind', ['PUBLISHABLE', 'SECRET'])

export const apiKeys = pgTable(
  'api_keys',
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    kind: apiKeyKind().notNull(),
    /** SHA-256 of the key, hex. The key itself is shown once, when it is made. */
    hash: text().notNull(),
    createdAt: instant('created_at').notNull().default(sql`now()`),
    revokedAt: instant('revoked_at'),
  },
  (table) => [
    primaryKey({ name: 'api_keys_pkey', columns: [table.organizationId, table.id] }),
    foreignKey({
      name: 'api_keys_organization_fkey',
      columns: [table.organizationId],
      foreignColumns: [organizations.organizationId],
    }),
    uniqueIndex('api_keys_hash_key').on(table.hash),
  ],
)

/** What an idempotency key led to. The rows are in the effect's own transaction; a refusal leaves none. */
export interface IdempotentResult {
  appointmentId?: string
  holdId?: string
  usedAlternative?: boolean
  /** The refusal that came with a held alternative, to be given again with it. */
  refusal?: unknown
}

export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    organizationId: organizationId(),
    caller: text().notNull(),
    key: text().notNull(),
    /** The fingerprint of the operation and its input. */
    requestHash: text('request_hash').notNull(),
    result: jsonb().$type<IdempotentResult>().notNull(),
    createdAt: instant('created_at').notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ name: 'idempotency_keys_pkey', columns: [table.organizationId, table.caller, table.key] }),
    index('idempotency_keys_age_idx').on(table.createdAt),
  ],
)

// What each command but serve does: each answers the JSON object that it prints.

import { type BackingDatabase, bringUpToDate, openBackingDatabase } from './backing-database.ts'
import { migrate } from './db/migrate.ts'
import { asSystem, inSnapshot, inTransaction, type Tx } from './db/transaction.ts'
import { type ApiKeyKind, createApiKey, listApiKeys, revokeApiKey } from './domain/people/api-keys.ts'
import { createOrganization } from './domain/people/organizations.ts'
import { InvalidInputError, NotFoundError } from './domain/vocabulary/refusals.ts'
import { loadDemo } from './embedded/demo.ts'
import type { Config } from './runtime/config.ts'
import type { Logger } from './runtime/logger.ts'
import { OperatorError } from './runtime/operator-error.ts'
import { decodeId, encodeId } from './schema/machinery/ids.ts'
import { formatInstant } from './schema/machinery/instants.ts'

export interface CommandContext {
  config: Config
  logger: Logger
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

export async function migrateDatabase(context: CommandContext): Promise<object> {
  await using database = await openBackingDatabase({ ...context, share: true })
  await migrate(database.url, context)
  return { migrated: true }
}

export async function createOrganizationWithKeys(context: CommandContext, name: string): Promise<object> {
  await using database = await openCurrentDatabase(context)
  const created = await asSystem(database.db, (tx) => createOrganization(tx, { name })).catch((error) => {
    if (!(error instanceof InvalidInputError)) throw error
    const reasons = error.issues.map((issue) => issue.message).join(' ')
    throw new OperatorError(`An organization cannot be called "${name}": ${reasons}`, { cause: error })
  })
  return { ...created, organizationId: encodeId('organization', created.organizationId) }
}

export async function createOrganizationKey(
  context: CommandContext,
  { organization, kind }: { organization: string; kind: ApiKeyKind },
): Promise<object> {
  const organizationId = readOrganizationId(organization)
  const publicId = encodeId('organization', organizationId)
  await using database = await openCurrentDatabase(context)
  const made = await asSystem(database.db, (tx) => createApiKey(tx, { organizationId, kind })).catch((error) => {
    if (!(error instanceof NotFoundError)) throw error
    throw new OperatorError(`There is no organization ${publicId}.`, { cause: error })
  })
  const keyName = kind === 'SECRET' ? 'secretKey' : 'publishableKey'
  return { keyId: made.id, kind: kind.toLowerCase(), organizationId: publicId, [keyName]: made.key }
}

/** Newest first. */
export async function listOrganizationKeys(context: CommandContext, organization: string): Promise<object> {
  const organizationId = readOrganizationId(organization)
  await using database = await openCurrentDatabase(context)
  const keys = await inSnapshot(database.db, organizationId, listApiKeys)
  return keys.map(({ id, kind, createdAt, revokedAt }) => ({
    keyId: id,
    kind: kind.toLowerCase(),
    createdAt: formatInstant(createdAt),
    revokedAt: revokedAt === null ? null : formatInstant(revokedAt),
  }))
}

export async function revokeOrganizationKey(
  context: CommandContext,
  organization: string,
  keyId: string,
): Promise<object> {
  const organizationId = readOrganizationId(organization)
  if (!UUID.test(keyId)) throw new OperatorError(`"${keyId}" is not the id of a key: list-keys shows them.`)
  await using database = await openCurrentDatabase(context)
  const revoke = (tx: Tx) => revokeApiKey(tx, { apiKeyId: keyId })
  await inTransaction(database.db, organizationId, revoke).catch((error) => {
    if (!(error instanceof NotFoundError)) throw error
    throw new OperatorError(`${encodeId('organization', organizationId)} has no key ${keyId}.`, { cause: error })
  })
  return { keyId, revoked: true }
}

/** Every call loads another one. */
export async function loadDemoOrganization(context: CommandContext): Promise<object> {
  await using database = await openCurrentDatabase(context)
  const created = await loadDemo(database.db)
  return { ...created, organizationId: encodeId('organization', created.organizationId) }
}

async function openCurrentDatabase(context: CommandContext): Promise<BackingDatabase> {
  await using stack = new AsyncDisposableStack()
  const database = stack.use(await openBackingDatabase({ ...context, share: true }))
  await bringUpToDate(context, database)
  stack.move()
  return database
}

/** Taken with its type and without. */
function readOrganizationId(text: string): string {
  const id = text.toLowerCase()
  const organizationId = decodeId('organization', id) ?? decodeId('organization', encodeId('organization', id))
  if (organizationId) return organizationId
  throw new OperatorError(`"${text}" is not the id of an organization: it looks like organization_<uuid>.`)
}

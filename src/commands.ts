// What each command but serve does: each answers the JSON object that it prints.

import { type BackingDatabase, bringUpToDate, openBackingDatabase } from './backing-database.ts'
import { migrate } from './db/migrate.ts'
import { asSystem } from './db/transaction.ts'
import { createKey, type KeyKind } from './domain/keys.ts'
import { createOrganization, organizationExists } from './domain/organizations.ts'
import type { Config } from './runtime/config.ts'
import type { Logger } from './runtime/logger.ts'
import { OperatorError } from './runtime/operator-error.ts'

export interface CommandContext {
  config: Config
  logger: Logger
}

export async function migrateDatabase(context: CommandContext): Promise<object> {
  await using database = await openBackingDatabase({ ...context, share: true })
  await migrate(database.url)
  return { migrated: true }
}

export async function createOrganizationWithKeys(context: CommandContext, name: string): Promise<object> {
  if (name.trim() === '') throw new OperatorError('The name of an organization must not be empty.')
  await using database = await openCurrentDatabase(context)
  const created = await asSystem(database.db, (tx) => createOrganization(tx, { name: name.trim() }))
  return { ...created, organizationId: formatOrganizationId(created.organizationId) }
}

export async function createOrganizationKey(
  context: CommandContext,
  { organization, kind }: { organization: string; kind: KeyKind },
): Promise<object> {
  const organizationId = parseOrganizationId(organization)
  await using database = await openCurrentDatabase(context)
  const { keyId, key } = await asSystem(database.db, async (tx) => {
    if (await organizationExists(tx, organizationId)) return createKey(tx, { organizationId, kind })
    throw new OperatorError(`There is no organization ${formatOrganizationId(organizationId)}.`)
  })
  return {
    keyId,
    kind: kind.toLowerCase(),
    organizationId: formatOrganizationId(organizationId),
    [kind === 'SECRET' ? 'secretKey' : 'publishableKey']: key,
  }
}

export async function loadDemoOrganization(context: CommandContext): Promise<object> {
  return createOrganizationWithKeys(context, 'Demo')
}

async function openCurrentDatabase(context: CommandContext): Promise<BackingDatabase> {
  await using stack = new AsyncDisposableStack()
  const database = stack.use(await openBackingDatabase({ ...context, share: true }))
  await bringUpToDate(context.config, database)
  stack.move()
  return database
}

function formatOrganizationId(organizationId: string): string {
  return `organization_${organizationId}`
}

function parseOrganizationId(text: string): string {
  const [, uuid] = /^(?:organization_)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i.exec(text) ?? []
  if (uuid) return uuid.toLowerCase()
  throw new OperatorError(`"${text}" is not the id of an organization: it looks like organization_<uuid>.`)
}

// Organizations: the tenants.
import { randomBytes, randomUUIDv7 } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { organizations } from '../../db/tables/organizations.ts'
import type { Tx } from '../../db/transaction.ts'
import { readName, refuseIssues } from '../vocabulary/input-issues.ts'
import { type InputIssue, NotFoundError } from '../vocabulary/refusals.ts'
import { createApiKey } from './api-keys.ts'

export interface OrganizationRecord {
  id: string
  name: string
}

export interface CreatedOrganization {
  organizationId: string
  /** Shown here and never again, as is the secret key. */
  publishableKey: string
  secretKey: string
}

/**
 * Makes an organization and its first keys. In a transaction of an organization it is that one (so that all it starts
 * with can be in the same transaction), in a system transaction a new one.
 */
export async function createOrganization(tx: Tx, input: { name: string }): Promise<CreatedOrganization> {
  const issues: InputIssue[] = []
  const name = readName(issues, ['name'], input.name)
  refuseIssues(issues)
  const organizationId = tx.organizationId || randomUUIDv7()
  const tokenSecret = randomBytes(32).toString('base64url')
  await tx.orm.insert(organizations).values({ organizationId, name, tokenSecret })
  const publishable = await createApiKey(tx, { organizationId, kind: 'PUBLISHABLE' })
  const secret = await createApiKey(tx, { organizationId, kind: 'SECRET' })
  return { organizationId, publishableKey: publishable.key, secretKey: secret.key }
}

export async function organizationExists(tx: Tx, organizationId: string): Promise<boolean> {
  const found = await tx.sql`select from organizations where organization_id = ${organizationId}`
  return found.count > 0
}

/** The organization of the transaction. */
export async function loadOrganization(tx: Tx): Promise<OrganizationRecord> {
  const [organization] = await tx.orm
    .select({ id: organizations.organizationId, name: organizations.name })
    .from(organizations)
    .where(eq(organizations.organizationId, tx.organizationId))
  if (!organization) throw new NotFoundError('organization')
  return organization
}

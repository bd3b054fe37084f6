// Integrations: outside services that an organization has connected to one of its locations.
import { randomUUIDv7 } from 'node:crypto'
import type { Database } from '../../db/client.ts'
import { asSystem, type Tx } from '../../db/transaction.ts'
import { loadLocations } from '../catalogue/locations.ts'
import { NotFoundError } from '../vocabulary/refusals.ts'
import type { Instant } from '../vocabulary/types.ts'

export type IntegrationProvider = 'RETELL' | 'CALCOM'

export interface IntegrationRecord {
  id: string
  organizationId: string
  provider: IntegrationProvider
  locationId: string
  active: boolean
  /** In the provider's own shape. */
  settings: Record<string, unknown>
  version: number
  createdAt: Instant
  updatedAt: Instant
}

/** With the keys; for the provider's room alone. */
export interface IntegrationWithSecrets extends IntegrationRecord {
  secrets: Record<string, unknown>
  timeZone: string
  country: string
}

/** One for each provider and location: connecting again replaces settings and secrets, and the id stays. */
export async function connectIntegration(
  tx: Tx,
  input: {
    provider: IntegrationProvider
    locationId: string
    settings: Record<string, unknown>
    secrets: Record<string, unknown>
  },
): Promise<IntegrationRecord> {
  const { provider, locationId, settings, secrets } = input
  if (!(await loadLocations(tx, [locationId])).has(locationId)) throw new NotFoundError('location')
  const [integration] = await tx.sql<IntegrationRecord[]>`
    insert into integrations as i (organization_id, id, provider, location_id, settings, secrets, version)
    values (${tx.organizationId}, ${randomUUIDv7()}, ${provider}, ${locationId}, ${JSON.stringify(settings)}::jsonb,
      ${JSON.stringify(secrets)}::jsonb, 1)
    on conflict (organization_id, provider, location_id) do update
      set settings = excluded.settings, secrets = excluded.secrets, active = true, version = i.version + 1, updated_at = now()
    returning ${integrationColumns(tx)}`
  return integration as IntegrationRecord
}

/** From now on its deliveries are refused; `createIntegrationDirectory` notices within a second. What it received stays. */
export async function disconnectIntegration(
  tx: Tx,
  { integrationId }: { integrationId: string },
): Promise<IntegrationRecord> {
  const [integration] = await tx.sql<IntegrationRecord[]>`
    update integrations set active = false, version = version + 1, updated_at = now()
    where organization_id = ${tx.organizationId} and id = ${integrationId}
    returning ${integrationColumns(tx)}`
  if (!integration) throw new NotFoundError('integration')
  return integration
}

/** Oldest first. */
export async function listIntegrations(tx: Tx): Promise<IntegrationRecord[]> {
  return tx.sql<IntegrationRecord[]>`
    select ${integrationColumns(tx)} from integrations where organization_id = ${tx.organizationId} order by id`
}

/** Those that exist among `ids`. */
export async function loadIntegrations(tx: Tx, ids: string[]): Promise<Map<string, IntegrationRecord>> {
  const rows = await tx.sql<IntegrationRecord[]>`
    select ${integrationColumns(tx)} from integrations
    where organization_id = ${tx.organizationId} and id = any(${ids}::uuid[])`
  return new Map(rows.map((row) => [row.id, row]))
}

/** The id says whose a delivery is: there is no other way to know, and no default. Null: unknown, inactive, of another provider. */
export async function findIntegration(
  db: Database,
  { id, provider }: { id: string; provider: IntegrationProvider },
): Promise<IntegrationWithSecrets | null> {
  const found = (await findIntegrations(db, [id])).find((integration) => integration.provider === provider)
  return found ?? null
}

/** The active ones, whoever provides them. */
export async function findIntegrations(db: Database, ids: string[]): Promise<IntegrationWithSecrets[]> {
  return asSystem(
    db,
    (tx) => tx.sql<IntegrationWithSecrets[]>`
      select i.id, i.organization_id as "organizationId", i.provider, i.location_id as "locationId", i.active, i.settings,
        i.secrets, i.version, i.created_at as "createdAt", i.updated_at as "updatedAt", l.time_zone as "timeZone", l.country
      from integrations i
      join locations l on l.organization_id = i.organization_id and l.id = i.location_id
      where i.id = any(${ids}::uuid[]) and i.active`,
  )
}

function integrationColumns(tx: Tx) {
  return tx.sql`id, organization_id as "organizationId", provider, location_id as "locationId", active, settings, version,
    created_at as "createdAt", updated_at as "updatedAt"`
}

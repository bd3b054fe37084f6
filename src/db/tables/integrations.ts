// Integrations: the outside services that an organization has connected, with their settings and secrets.
import { sql } from 'drizzle-orm'
import {
  boolean,
  foreignKey,
  integer,
  jsonb,
  pgEnum,
  pgTable,
  primaryKey,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { instant, organizationId } from '../columns.ts'
import { locations, organizations } from './organizations.ts'

export const integrationProvider = pgEnum('integration_provider', ['RETELL', 'CALCOM'])

export const integrations = pgTable(
  'integrations',
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    provider: integrationProvider().notNull(),
    /** The branch it serves: its zone, its country, its services. */
    locationId: uuid('location_id').notNull(),
    active: boolean().notNull().default(true),
    /** In the provider's own shape; read by its room alone. */
    settings: jsonb().$type<Record<string, unknown>>().notNull(),
    /** Keys that have to be known to sign and to verify, so no hash will do. They never leave the gateway. */
    secrets: jsonb().$type<Record<string, unknown>>().notNull(),
    version: integer().notNull(),
    createdAt: instant('created_at').notNull().default(sql`now()`),
    updatedAt: instant('updated_at').notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ name: 'integrations_pkey', columns: [table.organizationId, table.id] }),
    foreignKey({
      name: 'integrations_organization_fkey',
      columns: [table.organizationId],
      foreignColumns: [organizations.organizationId],
    }),
    foreignKey({
      name: 'integrations_location_fkey',
      columns: [table.organizationId, table.locationId],
      foreignColumns: [locations.organizationId, locations.id],
    }),
    uniqueIndex('integrations_one_per_provider_and_location').on(
      table.organizationId,
      table.provider,
      table.locationId,
    ),
    // A delivery names nothing but the integration: it says whose it is.
    uniqueIndex('integrations_id_key').on(table.id),
  ],
)

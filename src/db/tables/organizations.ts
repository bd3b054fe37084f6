// Organizations (the tenants) and their locations.

import { sql } from 'drizzle-orm'
import { foreignKey, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { instant, organizationId } from '../columns.ts'

export const organizations = pgTable('organizations', {
  organizationId: uuid('organization_id').primaryKey(),
  name: text().notNull(),
  /** Signs the manage tokens of this organization's appointments. */
  tokenSecret: text('token_secret').notNull(),
  createdAt: instant('created_at').notNull().default(sql`now()`),
})

export const locations = pgTable(
  'locations',
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    name: text().notNull(),
    timeZone: text('time_zone').notNull(),
    country: text().notNull(),
    createdAt: instant('created_at').notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ name: 'locations_pkey', columns: [table.organizationId, table.id] }),
    foreignKey({
      name: 'locations_organization_fkey',
      columns: [table.organizationId],
      foreignColumns: [organizations.organizationId],
    }),
  ],
)

// Customers: one row per phone number and organization.
import { sql } from 'drizzle-orm'
import { foreignKey, index, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { instant, organizationId } from '../columns.ts'
import { organizations } from './organizations.ts'

export const customers = pgTable(
  'customers',
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    name: text().notNull(),
    /** E.164. Null: a withheld number, which identifies nobody. */
    phone: text(),
    email: text(),
    createdAt: instant('created_at').notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ name: 'customers_pkey', columns: [table.organizationId, table.id] }),
    foreignKey({
      name: 'customers_organization_fkey',
      columns: [table.organizationId],
      foreignColumns: [organizations.organizationId],
    }),
    uniqueIndex('customers_one_per_phone').on(table.organizationId, table.phone).where(sql`phone is not null`),
    index('customers_name_idx').on(table.organizationId, table.name, table.id),
  ],
)

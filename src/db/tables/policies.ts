// Policies: rules for changing an appointment, one append-only row per version.
import { sql } from 'drizzle-orm'
import { check, foreignKey, integer, pgEnum, pgTable, primaryKey, uuid } from 'drizzle-orm/pg-core'
import { instant, organizationId } from '../columns.ts'
import { organizations } from './organizations.ts'

export const policyScope = pgEnum('policy_scope', ['ORGANIZATION', 'LOCATION', 'SERVICE', 'RESOURCE'])

export const policies = pgTable(
  'policies',
  {
    organizationId: organizationId(),
    /** The organization, location, service or resource that it governs. */
    scopeId: uuid('scope_id').notNull(),
    scope: policyScope().notNull(),
    /** The highest version of a scope is the one in force. */
    version: integer().notNull(),
    cancelNoticeMinutes: integer('cancel_notice_minutes').notNull(),
    rescheduleNoticeMinutes: integer('reschedule_notice_minutes').notNull(),
    maxReschedules: integer('max_reschedules'),
    createdAt: instant('created_at').notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ name: 'policies_pkey', columns: [table.organizationId, table.scopeId, table.version] }),
    foreignKey({
      name: 'policies_organization_fkey',
      columns: [table.organizationId],
      foreignColumns: [organizations.organizationId],
    }),
    check('policies_notice_check', sql`cancel_notice_minutes >= 0 and reschedule_notice_minutes >= 0`),
  ],
)

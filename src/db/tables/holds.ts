// Holds: claims kept for a short time.
import { sql } from 'drizzle-orm'
import { foreignKey, index, jsonb, pgEnum, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { instant, organizationId } from '../columns.ts'
import type { ClaimedSegment } from '../shapes.ts'
import { services } from './services.ts'

export const holdStatus = pgEnum('hold_status', ['ACTIVE', 'BOOKED', 'RELEASED', 'EXPIRED'])

export const holds = pgTable(
  'holds',
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    /** ACTIVE past `expires_at` reads as EXPIRED everywhere; the sweeper only writes it down. */
    status: holdStatus().notNull(),
    serviceId: uuid('service_id').notNull(),
    startsAt: instant('starts_at').notNull(),
    endsAt: instant('ends_at').notNull(),
    segments: jsonb().$type<ClaimedSegment[]>().notNull(),
    expiresAt: instant('expires_at').notNull(),
    /** `expires_at` may be extended up to here. */
    extendableUntil: instant('extendable_until').notNull(),
    sessionKey: text('session_key'),
    /** The API key (or other principal) that holds. */
    caller: text().notNull(),
    /** A keyed hash of where a visitor came from; empty in the holds of everybody else. */
    network: text().notNull().default(''),
    customerId: uuid('customer_id'),
    createdAt: instant('created_at').notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ name: 'holds_pkey', columns: [table.organizationId, table.id] }),
    foreignKey({
      name: 'holds_service_fkey',
      columns: [table.organizationId, table.serviceId],
      foreignColumns: [services.organizationId, services.id],
    }),
    uniqueIndex('holds_one_per_session_and_slot')
      .on(table.organizationId, table.caller, table.network, table.sessionKey, table.serviceId, table.startsAt)
      .where(sql`status = 'ACTIVE' and session_key is not null`),
    index('holds_age_idx').on(table.expiresAt).where(sql`status <> 'ACTIVE'`),
    index('holds_expiry_idx').on(table.expiresAt).where(sql`status = 'ACTIVE'`),
    index('holds_session_idx')
      .on(table.organizationId, table.caller, table.sessionKey, table.expiresAt)
      .where(sql`status = 'ACTIVE'`),
    index('holds_network_idx')
      .on(table.organizationId, table.network, table.expiresAt)
      .where(sql`status = 'ACTIVE' and network <> ''`),
  ],
)

// Webhook endpoints: the addresses that are told of changes, and the deliveries that each of them is owed.
import { sql } from 'drizzle-orm'
import {
  foreignKey,
  index,
  integer,
  jsonb,
  pgEnum,
  pgTable,
  primaryKey,
  smallint,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { instant, organizationId } from '../columns.ts'
import { appointmentEventKind } from './appointments.ts'
import { organizations } from './organizations.ts'

/**
 * BY_HAND: somebody switched it off. GONE: it answered 410. FAILING: days of nothing but failures. DELETED: it is not shown any
 * more, and its row goes when its deliveries are gone.
 */
export const webhookDisabledReason = pgEnum('webhook_disabled_reason', ['BY_HAND', 'GONE', 'FAILING', 'DELETED'])

/** FAILED: given up; it can be sent again by hand. */
export const webhookDeliveryStatus = pgEnum('webhook_delivery_status', ['PENDING', 'DELIVERED', 'FAILED'])

export const webhookEndpoints = pgTable(
  'webhook_endpoints',
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    url: text().notNull(),
    description: text(),
    /** What it is told of. */
    kinds: appointmentEventKind().array().notNull(),
    /** `whsec_` and base64. It has to be known to sign, so no hash will do. It is answered once, when it is made. */
    secret: text().notNull(),
    /** Signs too until it expires, so that a receiver can change over. */
    previousSecret: text('previous_secret'),
    previousSecretExpiresAt: instant('previous_secret_expires_at'),
    version: integer().notNull(),
    /** Null: it is told. */
    disabledReason: webhookDisabledReason('disabled_reason'),
    disabledAt: instant('disabled_at'),
    /** Since when nothing but failures came back. Null: the last attempt succeeded, or there was none. */
    failingSince: instant('failing_since'),
    /** It asked to slow down: nothing is sent before. */
    pausedUntil: instant('paused_until'),
    createdAt: instant('created_at').notNull().default(sql`now()`),
    updatedAt: instant('updated_at').notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ name: 'webhook_endpoints_pkey', columns: [table.organizationId, table.id] }),
    foreignKey({
      name: 'webhook_endpoints_organization_fkey',
      columns: [table.organizationId],
      foreignColumns: [organizations.organizationId],
    }),
  ],
)

/** What the appointment was right after the event: a delivery tells of its event, whatever came since. */
export interface WebhookSnapshot {
  status: string
  serviceId: string
  serviceName: string
  customerId: string
  guest: { name: string; phone: string | null; email: string | null } | null
  /** ISO 8601 with an offset, as PostgreSQL writes it in JSON. */
  startsAt: string
  endsAt: string
  previousStartsAt: string | null
  segments: { name: string; startsAt: number; endsAt: number; resourceIds: string[] }[]
  reason: string | null
}

/** Written by the trigger `appointment_events_notify`, in the transaction of the change. */
export const webhookDeliveries = pgTable(
  'webhook_deliveries',
  {
    organizationId: organizationId(),
    /** In `webhook-id`, on every attempt. */
    id: uuid().notNull(),
    endpointId: uuid('endpoint_id').notNull(),
    appointmentId: uuid('appointment_id').notNull(),
    version: integer().notNull(),
    kind: appointmentEventKind().notNull(),
    occurredAt: instant('occurred_at').notNull(),
    snapshot: jsonb().$type<WebhookSnapshot>().notNull(),
    status: webhookDeliveryStatus().notNull(),
    /** Since it was last asked for; says which pause comes next. */
    attempts: smallint().notNull(),
    /** While an attempt is under way: when it is taken for lost. Null: none is planned. */
    nextAttemptAt: instant('next_attempt_at'),
    lastAttemptAt: instant('last_attempt_at'),
    /** Of the last attempt. Null: no answer came. */
    responseStatus: smallint('response_status'),
    error: text(),
    deliveredAt: instant('delivered_at'),
    createdAt: instant('created_at').notNull().default(sql`clock_timestamp()`),
  },
  (table) => [
    primaryKey({ name: 'webhook_deliveries_pkey', columns: [table.organizationId, table.id] }),
    foreignKey({
      name: 'webhook_deliveries_endpoint_fkey',
      columns: [table.organizationId, table.endpointId],
      foreignColumns: [webhookEndpoints.organizationId, webhookEndpoints.id],
    }).onDelete('cascade'),
    uniqueIndex('webhook_deliveries_one_per_event').on(
      table.organizationId,
      table.endpointId,
      table.appointmentId,
      table.version,
    ),
    index('webhook_deliveries_due_idx').on(table.nextAttemptAt).where(sql`status = 'PENDING'`),
    index('webhook_deliveries_age_idx').on(table.createdAt),
  ],
)

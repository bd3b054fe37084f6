// Services: what is offered, as segments with groups of candidate resources.
import { sql } from 'drizzle-orm'
import {
  boolean,
  check,
  foreignKey,
  index,
  integer,
  pgTable,
  primaryKey,
  smallint,
  text,
  uuid,
} from 'drizzle-orm/pg-core'
import { instant, organizationId } from '../columns.ts'
import { locations } from './organizations.ts'
import { resourceKind, resources } from './resources.ts'

export const services = pgTable(
  'services',
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    locationId: uuid('location_id').notNull(),
    name: text().notNull(),
    active: boolean().notNull().default(true),
    slotIntervalMinutes: integer('slot_interval_minutes').notNull(),
    minimumNoticeMinutes: integer('minimum_notice_minutes').notNull(),
    bookingHorizonDays: integer('booking_horizon_days').notNull(),
    version: integer().notNull().default(1),
    createdAt: instant('created_at').notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ name: 'services_pkey', columns: [table.organizationId, table.id] }),
    foreignKey({
      name: 'services_location_fkey',
      columns: [table.organizationId, table.locationId],
      foreignColumns: [locations.organizationId, locations.id],
    }),
    index('services_location_idx').on(table.organizationId, table.locationId),
    check('services_interval_check', sql`slot_interval_minutes between 1 and 1440`),
  ],
)

export const serviceSegments = pgTable(
  'service_segments',
  {
    organizationId: organizationId(),
    serviceId: uuid('service_id').notNull(),
    position: smallint().notNull(),
    name: text().notNull(),
    durationMinutes: integer('duration_minutes').notNull(),
    bufferBeforeMinutes: integer('buffer_before_minutes').notNull(),
    bufferAfterMinutes: integer('buffer_after_minutes').notNull(),
    sameStaffAsPrevious: boolean('same_staff_as_previous').notNull(),
  },
  (table) => [
    primaryKey({ name: 'service_segments_pkey', columns: [table.organizationId, table.serviceId, table.position] }),
    foreignKey({
      name: 'service_segments_service_fkey',
      columns: [table.organizationId, table.serviceId],
      foreignColumns: [services.organizationId, services.id],
    }),
    check('service_segments_duration_check', sql`duration_minutes > 0`),
    check('service_segments_buffer_check', sql`buffer_before_minutes >= 0 and buffer_after_minutes >= 0`),
  ],
)

/** One row per candidate; a group is the rows that share segment and group position. */
export const segmentCandidates = pgTable(
  'segment_candidates',
  {
    organizationId: organizationId(),
    serviceId: uuid('service_id').notNull(),
    segmentPosition: smallint('segment_position').notNull(),
    groupPosition: smallint('group_position').notNull(),
    position: smallint().notNull(),
    kind: resourceKind().notNull(),
    resourceId: uuid('resource_id').notNull(),
  },
  (table) => [
    primaryKey({
      name: 'segment_candidates_pkey',
      columns: [table.organizationId, table.serviceId, table.segmentPosition, table.groupPosition, table.position],
    }),
    foreignKey({
      name: 'segment_candidates_segment_fkey',
      columns: [table.organizationId, table.serviceId, table.segmentPosition],
      foreignColumns: [serviceSegments.organizationId, serviceSegments.serviceId, serviceSegments.position],
    }).onDelete('cascade'),
    foreignKey({
      name: 'segment_candidates_resource_fkey',
      columns: [table.organizationId, table.resourceId],
      foreignColumns: [resources.organizationId, resources.id],
    }),
    index('segment_candidates_resource_idx').on(table.organizationId, table.resourceId),
  ],
)

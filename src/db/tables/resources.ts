// Resources and when they work: weekly hours, date overrides, time off.
import { sql } from 'drizzle-orm'
import {
  boolean,
  check,
  date,
  foreignKey,
  index,
  integer,
  jsonb,
  pgEnum,
  pgTable,
  primaryKey,
  smallint,
  text,
  uuid,
} from 'drizzle-orm/pg-core'
import { instant, instantRange, organizationId } from '../columns.ts'
import type { WallRange } from '../shapes.ts'
import { locations } from './organizations.ts'

export const resourceKind = pgEnum('resource_kind', ['STAFF', 'ROOM', 'EQUIPMENT'])

export const resources = pgTable(
  'resources',
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    locationId: uuid('location_id').notNull(),
    kind: resourceKind().notNull(),
    name: text().notNull(),
    active: boolean().notNull().default(true),
    /** What clients hand back as expectedVersion. */
    version: integer().notNull().default(1),
    createdAt: instant('created_at').notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ name: 'resources_pkey', columns: [table.organizationId, table.id] }),
    foreignKey({
      name: 'resources_location_fkey',
      columns: [table.organizationId, table.locationId],
      foreignColumns: [locations.organizationId, locations.id],
    }),
    index('resources_location_idx').on(table.organizationId, table.locationId),
  ],
)

export const weeklyHours = pgTable(
  'weekly_hours',
  {
    organizationId: organizationId(),
    resourceId: uuid('resource_id').notNull(),
    position: smallint().notNull(),
    /** ISO: 1 is Monday, 7 is Sunday. */
    weekday: smallint().notNull(),
    opensAtMinute: smallint('opens_at_minute').notNull(),
    closesAtMinute: smallint('closes_at_minute').notNull(),
  },
  (table) => [
    primaryKey({ name: 'weekly_hours_pkey', columns: [table.organizationId, table.resourceId, table.position] }),
    foreignKey({
      name: 'weekly_hours_resource_fkey',
      columns: [table.organizationId, table.resourceId],
      foreignColumns: [resources.organizationId, resources.id],
    }),
    check('weekly_hours_weekday_check', sql`weekday between 1 and 7`),
    check('weekly_hours_range_check', sql`opens_at_minute between 0 and 1439 and closes_at_minute between 0 and 1440`),
  ],
)

export const dateOverrides = pgTable(
  'date_overrides',
  {
    organizationId: organizationId(),
    resourceId: uuid('resource_id').notNull(),
    date: date({ mode: 'string' }).notNull(),
    hours: jsonb().$type<WallRange[]>().notNull(),
    reason: text(),
  },
  (table) => [
    primaryKey({ name: 'date_overrides_pkey', columns: [table.organizationId, table.resourceId, table.date] }),
    foreignKey({
      name: 'date_overrides_resource_fkey',
      columns: [table.organizationId, table.resourceId],
      foreignColumns: [resources.organizationId, resources.id],
    }),
  ],
)

export const timeOff = pgTable(
  'time_off',
  {
    organizationId: organizationId(),
    id: uuid().notNull(),
    resourceId: uuid('resource_id').notNull(),
    during: instantRange().notNull(),
    startsAt: instant('starts_at').notNull().generatedAlwaysAs(sql`lower(during)`),
    endsAt: instant('ends_at').notNull().generatedAlwaysAs(sql`upper(during)`),
    reason: text(),
    createdAt: instant('created_at').notNull().default(sql`now()`),
  },
  (table) => [
    primaryKey({ name: 'time_off_pkey', columns: [table.organizationId, table.id] }),
    foreignKey({
      name: 'time_off_resource_fkey',
      columns: [table.organizationId, table.resourceId],
      foreignColumns: [resources.organizationId, resources.id],
    }),
    index('time_off_resource_idx').on(table.organizationId, table.resourceId, table.endsAt),
  ],
)

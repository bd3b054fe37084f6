// The column types our tables share, with the shapes the program works in.
import { customType, uuid } from 'drizzle-orm/pg-core'
import type { Instant, Interval } from './shapes.ts'
import { formatRange, parseRange, parseTimestamp } from './values.ts'

/** `timestamptz` as milliseconds since the Unix epoch. */
export const instant = customType<{ data: Instant; driverData: string | number }>({
  dataType: () => 'timestamptz',
  toDriver: (at) => new Date(at).toISOString(),
  fromDriver: (value) => (typeof value === 'number' ? value : parseTimestamp(value)),
})

/** `tstzrange`, half-open and never empty. */
export const instantRange = customType<{ data: Interval; driverData: string }>({
  dataType: () => 'tstzrange',
  toDriver: formatRange,
  fromDriver: parseRange,
})

/** A top-level transaction id that never wraps. */
export const transactionId = customType<{ data: string; driverData: string }>({ dataType: () => 'xid8' })

/** The tenant that owns the row; first column of every primary key, so that rows can be distributed by it. */
export const organizationId = () => uuid('organization_id').notNull()

// Which bookings visitors made for which phone numbers: counted for a day, then gone.
import { index, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { instant, organizationId } from '../columns.ts'

export const visitorBookings = pgTable(
  'visitor_bookings',
  {
    organizationId: organizationId(),
    /** Keyed: the number cannot be read from it. */
    phoneHash: text('phone_hash').notNull(),
    bookedAt: instant('booked_at').notNull(),
    appointmentId: uuid('appointment_id').notNull(),
  },
  (table) => [
    primaryKey({
      name: 'visitor_bookings_pkey',
      columns: [table.organizationId, table.phoneHash, table.bookedAt, table.appointmentId],
    }),
    index('visitor_bookings_age_idx').on(table.bookedAt),
  ],
)

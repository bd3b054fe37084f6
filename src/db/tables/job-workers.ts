// The workers that run jobs, and when each was last alive: what a dead one has locked is set free.
import { pgTable, text } from 'drizzle-orm/pg-core'
import { instant } from '../columns.ts'

export const jobWorkers = pgTable('job_workers', {
  workerId: text('worker_id').primaryKey(),
  seenAt: instant('seen_at').notNull(),
})

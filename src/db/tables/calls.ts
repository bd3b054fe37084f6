// Calls: conversations of a voice agent, and the functions that were called during them.
import { sql } from 'drizzle-orm'
import {
  bigint,
  foreignKey,
  index,
  jsonb,
  pgEnum,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { instant, organizationId } from '../columns.ts'
import { integrations } from './integrations.ts'

/** In the order in which a call goes through them; it never goes back. */
export const callStatus = pgEnum('call_status', ['ANNOUNCED', 'ONGOING', 'ENDED', 'ANALYZED'])

export const calls = pgTable(
  'calls',
  {
    organizationId: organizationId(),
    /** Our reference, handed out when the call rings. */
    id: uuid().notNull(),
    integrationId: uuid('integration_id').notNull(),
    /** Null until the provider has named it. */
    providerCallId: text('provider_call_id'),
    status: callStatus().notNull(),
    agentId: text('agent_id'),
    direction: text(),
    fromNumber: text('from_number'),
    toNumber: text('to_number'),
    /** Whom the carrier's number belonged to when the call was first heard of. */
    customerId: uuid('customer_id'),
    startedAt: instant('started_at'),
    endedAt: instant('ended_at'),
    /** As told: it is not always the end minus the start. */
    durationMs: bigint('duration_ms', { mode: 'number' }),
    /** A string: the provider's list grows with every version. */
    disconnectionReason: text('disconnection_reason'),
    transcript: text(),
    transcriptItems: jsonb('transcript_items').$type<unknown[]>(),
    recordingUrl: text('recording_url'),
    /** SQL null: never told. JSON null: told that there is none. */
    metadata: jsonb().$type<unknown>(),
    dynamicVariables: jsonb('dynamic_variables').$type<unknown>(),
    analysis: jsonb().$type<unknown>(),
    transfers: jsonb().$type<unknown[]>().notNull().default([]),
    /** All else that was told about the call, by the provider's names. */
    details: jsonb().$type<Record<string, unknown>>().notNull().default({}),
    createdAt: instant('created_at').notNull().default(sql`clock_timestamp()`),
    updatedAt: instant('updated_at').notNull().default(sql`clock_timestamp()`),
  },
  (table) => [
    primaryKey({ name: 'calls_pkey', columns: [table.organizationId, table.id] }),
    foreignKey({
      name: 'calls_integration_fkey',
      columns: [table.organizationId, table.integrationId],
      foreignColumns: [integrations.organizationId, integrations.id],
    }),
    index('calls_age_idx').on(table.createdAt),
    index('calls_told_idx')
      .on(table.createdAt)
      .where(sql`num_nonnulls(transcript, transcript_items, recording_url) > 0`),
    uniqueIndex('calls_one_per_provider_id')
      .on(table.organizationId, table.integrationId, table.providerCallId)
      .where(sql`provider_call_id is not null`),
  ],
)

export const callFunctions = pgTable(
  'call_functions',
  {
    organizationId: organizationId(),
    integrationId: uuid('integration_id').notNull(),
    providerCallId: text('provider_call_id').notNull(),
    /** `tool:<tool call id>`, or `arguments:<function>:<digest>` where the provider names no tool call. */
    key: text().notNull(),
    function: text().notNull(),
    arguments: jsonb().$type<unknown>().notNull(),
    /** Words for dates are read at this instant, by the retries too. */
    startedAt: instant('started_at').notNull().default(sql`clock_timestamp()`),
    finishedAt: instant('finished_at'),
    /** Null while the function runs, or when its gateway died: a retry takes it up. */
    answer: jsonb().$type<Record<string, unknown>>(),
    appointmentId: uuid('appointment_id'),
  },
  (table) => [
    primaryKey({
      name: 'call_functions_pkey',
      columns: [table.organizationId, table.integrationId, table.providerCallId, table.key],
    }),
    foreignKey({
      name: 'call_functions_integration_fkey',
      columns: [table.organizationId, table.integrationId],
      foreignColumns: [integrations.organizationId, integrations.id],
    }),
    index('call_functions_age_idx').on(table.startedAt),
  ],
)

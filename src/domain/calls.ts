// Calls: what is known of a conversation. Its state only moves forward, in whatever order it is told.
import { randomUUIDv7 } from 'node:crypto'
import { type Lock, namedLock } from '../db/locks.ts'
import type { Tx } from '../db/transaction.ts'
import { readPhone } from './phone-numbers.ts'
import type { Instant } from './types.ts'

const STATUSES = ['ANNOUNCED', 'ONGOING', 'ENDED', 'ANALYZED'] as const

export type CallStatus = (typeof STATUSES)[number]

/** Undefined: not told. */
export interface CallFacts {
  agentId?: string
  direction?: string
  fromNumber?: string
  toNumber?: string
  startedAt?: Instant
  endedAt?: Instant
  durationMs?: number
  disconnectionReason?: string
  transcript?: string
  transcriptItems?: unknown[]
  recordingUrl?: string
  metadata?: unknown
  dynamicVariables?: unknown
  analysis?: unknown
  details?: Record<string, unknown>
}

export interface CallRecord extends CallFacts {
  id: string
  providerCallId: string | null
  status: CallStatus
  customerId: string | null
  transfers: unknown[]
}

export interface CallReport {
  integrationId: string
  providerCallId: string
  /** How far the call has come at least; null: the report says nothing about that. */
  status: CallStatus | null
  /** Our own id of the call, if it was announced before it had another. */
  reference: string | null
  facts: CallFacts
  transfer?: unknown
}

/** Held by everyone who changes a call; take it with the transaction. */
export function callLock(integrationId: string, providerCallId: string): Lock {
  return namedLock('call', integrationId, providerCallId)
}

/**
 * A report may be the first of its call, whatever it tells, and it may be late: then it fills gaps and reopens
 * nothing. Of two transcripts the longer is the newer one.
 */
export async function reportCall(tx: Tx, report: CallReport): Promise<CallRecord> {
  const known = await findReported(tx, report)
  const before = known ?? { ...blank(), id: randomUUIDv7(), customerId: null }
  const status = later(before.status, report.status ?? 'ONGOING')
  const isLate = known !== null && rank(report.status ?? 'ONGOING') < rank(before.status)
  const facts = mergeFacts(before, report.facts, isLate)
  const customerId = before.customerId ?? (await findCustomerByCarrierNumber(tx, carrierNumber(facts)))
  const transfers = report.transfer === undefined ? before.transfers : [...before.transfers, report.transfer]
  const call = { ...before, ...facts, status, customerId, transfers, providerCallId: report.providerCallId }
  await writeCall(tx, report.integrationId, call)
  return call
}

/** A call that rings: it has our id from now on, and the provider's when that is told. */
export async function announceCall(
  tx: Tx,
  input: { integrationId: string; facts: CallFacts; providerCallId: string | null; customerId: string | null },
): Promise<CallRecord> {
  const { integrationId, facts, providerCallId, customerId } = input
  const known = providerCallId === null ? null : await findByProviderId(tx, integrationId, providerCallId)
  const call = known ?? { ...blank(), ...facts, id: randomUUIDv7(), providerCallId, customerId }
  if (!known) await writeCall(tx, integrationId, call)
  return call
}

/** The customer whom a carrier's number belongs to; a withheld number, or one without its country code, is nobody's. */
export async function findCustomerByCarrierNumber(tx: Tx, number: string | null): Promise<string | null> {
  const { phone } = readPhone(number, null)
  if (phone === null) return null
  const [customer] = await tx.sql<{ id: string }[]>`
    select id from customers where organization_id = ${tx.organizationId} and phone = ${phone}`
  return customer?.id ?? null
}

function carrierNumber({ direction, fromNumber, toNumber }: CallFacts): string | null {
  return (direction === 'outbound' ? toNumber : fromNumber) ?? null
}

function blank(): Omit<CallRecord, 'id' | 'customerId'> {
  return { status: 'ANNOUNCED', providerCallId: null, transfers: [] }
}

function rank(status: CallStatus): number {
  return STATUSES.indexOf(status)
}

function later(a: CallStatus, b: CallStatus): CallStatus {
  return rank(a) >= rank(b) ? a : b
}

function mergeFacts(before: CallFacts, told: CallFacts, isLate: boolean): CallFacts {
  const [strong, weak] = isLate ? [before, told] : [told, before]
  const merged: Record<string, unknown> = { ...dropUndefined(weak), ...dropUndefined(strong) }
  return {
    ...(merged as CallFacts),
    transcript: longer(before.transcript, told.transcript),
    transcriptItems: longer(before.transcriptItems, told.transcriptItems),
    details: { ...weak.details, ...strong.details },
  }
}

function longer<T extends { length: number }>(before: T | undefined, told: T | undefined): T | undefined {
  return (told?.length ?? 0) >= (before?.length ?? 0) ? (told ?? before) : before
}

function dropUndefined(facts: CallFacts): Partial<CallFacts> {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined))
}

/** By the provider's id; else by our reference, if no call of this integration has taken it. Never by likeness. */
async function findReported(
  tx: Tx,
  { integrationId, providerCallId, reference }: CallReport,
): Promise<CallRecord | null> {
  const known = await findByProviderId(tx, integrationId, providerCallId)
  if (known || reference === null) return known
  const [announced] = await tx.sql<StoredCall[]>`
    select ${callColumns(tx)} from calls
    where organization_id = ${tx.organizationId} and integration_id = ${integrationId} and id = ${reference}
      and provider_call_id is null
    for update`
  return announced ? toRecord(announced) : null
}

async function findByProviderId(tx: Tx, integrationId: string, providerCallId: string): Promise<CallRecord | null> {
  const [known] = await tx.sql<StoredCall[]>`
    select ${callColumns(tx)} from calls
    where organization_id = ${tx.organizationId} and integration_id = ${integrationId} and provider_call_id = ${providerCallId}
    for update`
  return known ? toRecord(known) : null
}

type StoredCall = { [K in keyof CallRecord]: CallRecord[K] | null } & { id: string } & { toldNothing: string[] }

// Null in the database is "not told", except where JSON's own null was told.
function toRecord({ toldNothing, ...row }: StoredCall): CallRecord {
  const record: Record<string, unknown> = Object.fromEntries(
    Object.entries(row).map(([key, value]) => [key, value ?? undefined]),
  )
  for (const field of toldNothing) record[field] = null
  return { ...record, customerId: row.customerId, providerCallId: row.providerCallId } as CallRecord
}

function callColumns(tx: Tx) {
  return tx.sql`
    id, provider_call_id as "providerCallId", status, agent_id as "agentId", direction, from_number as "fromNumber",
    to_number as "toNumber", customer_id as "customerId", started_at as "startedAt", ended_at as "endedAt",
    duration_ms::float8 as "durationMs", disconnection_reason as "disconnectionReason", transcript,
    transcript_items as "transcriptItems", recording_url as "recordingUrl", metadata,
    dynamic_variables as "dynamicVariables", analysis, transfers, details,
    array_remove(array[case when metadata = 'null' then 'metadata' end,
      case when dynamic_variables = 'null' then 'dynamicVariables' end], null) as "toldNothing"`
}

async function writeCall(tx: Tx, integrationId: string, call: CallRecord): Promise<void> {
  const at = (instant: Instant | undefined) => (instant === undefined ? null : new Date(instant))
  const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value))
  await tx.sql`
    insert into calls (organization_id, id, integration_id, provider_call_id, status, agent_id, direction, from_number,
      to_number, customer_id, started_at, ended_at, duration_ms, disconnection_reason, transcript, transcript_items,
      recording_url, metadata, dynamic_variables, analysis, transfers, details)
    values (${tx.organizationId}, ${call.id}, ${integrationId}, ${call.providerCallId}, ${call.status},
      ${call.agentId ?? null}, ${call.direction ?? null}, ${call.fromNumber ?? null}, ${call.toNumber ?? null},
      ${call.customerId}, ${at(call.startedAt)}, ${at(call.endedAt)}, ${call.durationMs ?? null},
      ${call.disconnectionReason ?? null}, ${call.transcript ?? null}, ${json(call.transcriptItems)}::jsonb,
      ${call.recordingUrl ?? null}, ${json(call.metadata)}::jsonb, ${json(call.dynamicVariables)}::jsonb,
      ${json(call.analysis)}::jsonb, ${json(call.transfers)}::jsonb, ${json(call.details ?? {})}::jsonb)
    on conflict (organization_id, id) do update set
      provider_call_id = excluded.provider_call_id, status = excluded.status, agent_id = excluded.agent_id,
      direction = excluded.direction, from_number = excluded.from_number, to_number = excluded.to_number,
      customer_id = excluded.customer_id, started_at = excluded.started_at, ended_at = excluded.ended_at,
      duration_ms = excluded.duration_ms, disconnection_reason = excluded.disconnection_reason,
      transcript = excluded.transcript, transcript_items = excluded.transcript_items,
      recording_url = excluded.recording_url, metadata = excluded.metadata,
      dynamic_variables = excluded.dynamic_variables, analysis = excluded.analysis, transfers = excluded.transfers,
      details = excluded.details, updated_at = clock_timestamp()`
}

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

/** As `reportCalls`, for one call. */
export async function reportCall(tx: Tx, report: CallReport): Promise<CallRecord> {
  const [call] = await reportCalls(tx, [report])
  return call as CallRecord
}

/**
 * A report may be the first of its call, whatever it tells, and it may be late: then it fills gaps and reopens
 * nothing. Of two transcripts the longer is the newer one. No two reports of one call.
 */
export async function reportCalls(tx: Tx, reports: CallReport[]): Promise<CallRecord[]> {
  const reported = await findReported(tx, reports)
  const merged = reports.map((report, index) => mergeReport(reported[index] ?? null, report))
  const owners = await findCustomersByCarrierNumber(
    tx,
    merged.map((call) => (call.customerId === null ? carrierNumber(call) : null)),
  )
  const calls = merged.map((call, index) => ({ ...call, customerId: call.customerId ?? owners[index] ?? null }))
  await writeCalls(
    tx,
    calls.map((call, index) => ({ ...call, integrationId: (reports[index] as CallReport).integrationId })),
  )
  return calls
}

function mergeReport(known: CallRecord | null, report: CallReport): CallRecord {
  const before = known ?? { ...blank(), id: randomUUIDv7(), customerId: null }
  const told = report.status ?? 'ONGOING'
  const isLate = known !== null && rank(told) < rank(before.status)
  return {
    ...before,
    ...mergeFacts(before, report.facts, isLate),
    status: later(before.status, told),
    transfers: report.transfer === undefined ? before.transfers : [...before.transfers, report.transfer],
    providerCallId: report.providerCallId,
  }
}

/** A call that rings: it has our id from now on, and the provider's when that is told. */
export async function announceCall(
  tx: Tx,
  input: { integrationId: string; facts: CallFacts; providerCallId: string | null; customerId: string | null },
): Promise<CallRecord> {
  const { integrationId, facts, providerCallId, customerId } = input
  const [known] = providerCallId === null ? [] : await findByProviderId(tx, [{ integrationId, providerCallId }])
  if (known) return known
  const call = { ...blank(), ...facts, id: randomUUIDv7(), providerCallId, customerId }
  await writeCalls(tx, [{ ...call, integrationId }])
  return call
}

/** The customer whom a carrier's number belongs to; a withheld number, or one without its country code, is nobody's. */
export async function findCustomerByCarrierNumber(tx: Tx, number: string | null): Promise<string | null> {
  const [customerId] = await findCustomersByCarrierNumber(tx, [number])
  return customerId ?? null
}

async function findCustomersByCarrierNumber(tx: Tx, numbers: (string | null)[]): Promise<(string | null)[]> {
  const phones = numbers.map((number) => readPhone(number, null).phone)
  const known = phones.filter((phone) => phone !== null)
  if (known.length === 0) return phones.map(() => null)
  const rows = await tx.sql<{ id: string; phone: string }[]>`
    select id, phone from customers where organization_id = ${tx.organizationId} and phone = any(${known}::text[])`
  const byPhone = new Map(rows.map(({ id, phone }) => [phone, id]))
  return phones.map((phone) => (phone === null ? null : (byPhone.get(phone) ?? null)))
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
async function findReported(tx: Tx, reports: CallReport[]): Promise<(CallRecord | null)[]> {
  const reported = await findByProviderId(tx, reports)
  const announced = new Map<string, CallReport>()
  for (const [index, report] of reports.entries()) {
    const { reference } = report
    if (!reported[index] && reference !== null && !announced.has(reference)) announced.set(reference, report)
  }
  if (announced.size === 0) return reported
  const rows = await tx.sql<(StoredCall & { integrationId: string })[]>`
    select ${callColumns(tx)}, integration_id as "integrationId"
    from unnest(${[...announced.keys()]}::uuid[]) as r (reference)
    join calls on organization_id = ${tx.organizationId} and id = r.reference and provider_call_id is null
    for update of calls`
  const found = new Map(
    rows.map(({ integrationId, ...row }) => {
      const report = announced.get(row.id)
      return [report?.integrationId === integrationId ? report : null, toRecord(row)]
    }),
  )
  return reports.map((report, index) => reported[index] ?? found.get(report) ?? null)
}

async function findByProviderId(
  tx: Tx,
  calls: { integrationId: string; providerCallId: string }[],
): Promise<(CallRecord | null)[]> {
  const rows = await tx.sql<(StoredCall & { integrationId: string })[]>`
    select ${callColumns(tx)}, integration_id as "integrationId"
    from unnest(${calls.map((call) => call.integrationId)}::uuid[], ${calls.map((call) => call.providerCallId)}::text[])
      as r (of_integration, of_provider)
    join calls on organization_id = ${tx.organizationId} and integration_id = r.of_integration
      and provider_call_id = r.of_provider
    for update of calls`
  const found = new Map(
    rows.map(({ integrationId, ...row }) => [JSON.stringify([integrationId, row.providerCallId]), toRecord(row)]),
  )
  return calls.map((call) => found.get(JSON.stringify([call.integrationId, call.providerCallId])) ?? null)
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

async function writeCalls(tx: Tx, calls: (CallRecord & { integrationId: string })[]): Promise<void> {
  const column = <T>(of: (call: CallRecord & { integrationId: string }) => T | undefined) =>
    calls.map((call) => of(call) ?? null)
  const json = (of: (call: CallRecord) => unknown) =>
    calls.map((call) => {
      const value = of(call)
      return value === undefined ? null : JSON.stringify(value)
    })
  await tx.sql`
    insert into calls (organization_id, id, integration_id, provider_call_id, status, agent_id, direction, from_number,
      to_number, customer_id, started_at, ended_at, duration_ms, disconnection_reason, transcript, transcript_items,
      recording_url, metadata, dynamic_variables, analysis, transfers, details)
    select ${tx.organizationId}, c.* from unnest(
      ${column(({ id }) => id)}::uuid[], ${column((call) => call.integrationId)}::uuid[],
      ${column((call) => call.providerCallId)}::text[], ${column(({ status }) => status)}::text[]::call_status[],
      ${column((call) => call.agentId)}::text[], ${column((call) => call.direction)}::text[],
      ${column((call) => call.fromNumber)}::text[], ${column((call) => call.toNumber)}::text[],
      ${column((call) => call.customerId)}::uuid[], ${column((call) => call.startedAt)}::timestamptz[],
      ${column((call) => call.endedAt)}::timestamptz[], ${column((call) => call.durationMs)}::float8[]::bigint[],
      ${column((call) => call.disconnectionReason)}::text[], ${column((call) => call.transcript)}::text[],
      ${json((call) => call.transcriptItems)}::text[]::jsonb[], ${column((call) => call.recordingUrl)}::text[],
      ${json((call) => call.metadata)}::text[]::jsonb[], ${json((call) => call.dynamicVariables)}::text[]::jsonb[],
      ${json((call) => call.analysis)}::text[]::jsonb[], ${json((call) => call.transfers)}::text[]::jsonb[],
      ${json((call) => call.details ?? {})}::text[]::jsonb[]) as c
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

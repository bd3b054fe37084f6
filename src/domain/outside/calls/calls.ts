// Calls: what is known of a conversation. Its state only moves forward, in whatever order it is told.
import { randomUUIDv7 } from 'node:crypto'
import { type Lock, namedLock } from '../../../db/locks.ts'
import type { Tx } from '../../../db/transaction.ts'
import { readPhone } from '../../vocabulary/phone-numbers.ts'
import type { Instant } from '../../vocabulary/types.ts'

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
  const [known] = await findByProviderId(tx, report)
  const [call] = await writeReports(tx, [{ report, known: known ?? (await findAnnounced(tx, [report])).get(report) }])
  return call as CallRecord
}

/** The same for calls that are not known by their provider's ids; no two reports of one. */
export async function reportNewCalls(tx: Tx, reports: CallReport[]): Promise<void> {
  const announced = await findAnnounced(tx, reports)
  await writeReports(
    tx,
    reports.map((report) => ({ report, known: announced.get(report) })),
  )
}

async function writeReports(
  tx: Tx,
  reports: { report: CallReport; known: CallRecord | undefined }[],
): Promise<CallRecord[]> {
  const calls = reports.map(({ report, known }) => mergeReport(known ?? null, report))
  const customerIds = await writeCalls(
    tx,
    calls.map((call, index) => ({ ...call, integrationId: reports[index]?.report.integrationId ?? '' })),
  )
  return calls.map((call) => ({ ...call, customerId: customerIds.get(call.id) ?? null }))
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
  const [known] = providerCallId === null ? [] : await findByProviderId(tx, { integrationId, providerCallId })
  if (known) return known
  const call = { ...blank(), ...facts, id: randomUUIDv7(), providerCallId, customerId }
  await writeCalls(tx, [{ ...call, integrationId }])
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

async function findByProviderId(
  tx: Tx,
  { integrationId, providerCallId }: { integrationId: string; providerCallId: string },
): Promise<CallRecord[]> {
  const rows = await tx.sql<StoredCall[]>`
    select ${callColumns(tx)} from calls
    where organization_id = ${tx.organizationId} and integration_id = ${integrationId} and provider_call_id = ${providerCallId}
    for update`
  return rows.map(toRecord)
}

/** By our reference, where no call of this integration has taken it: the first of those that claim one. Never by likeness. */
async function findAnnounced(tx: Tx, reports: CallReport[]): Promise<Map<CallReport, CallRecord>> {
  const claimed = Map.groupBy(reports, ({ integrationId, reference }) => reference && `${integrationId} ${reference}`)
  const claims = [...claimed].flatMap(([claim, [report]]) => (claim !== null && report ? [report] : []))
  if (claims.length === 0) return new Map()
  const rows = await tx.sql<(StoredCall & { index: number })[]>`
    select r.index, ${callColumns(tx)}
    from unnest(${claims.map((_, index) => index)}::int[], ${claims.map(({ integrationId }) => integrationId)}::uuid[],
      ${claims.map(({ reference }) => reference)}::uuid[]) as r (index, of_integration, reference)
    cross join lateral (
      select * from calls
      where organization_id = ${tx.organizationId} and id = r.reference and integration_id = r.of_integration
        and provider_call_id is null
      offset 0 for update
    ) as call`
  return new Map(rows.map(({ index, ...row }) => [claims[index] as CallReport, toRecord(row)]))
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

/** By call, the customer: as known, or whoever the carrier's number belongs to. */
async function writeCalls(
  tx: Tx,
  calls: (CallRecord & { integrationId: string })[],
): Promise<Map<string, string | null>> {
  const column = <T>(of: (call: CallRecord & { integrationId: string }) => T | undefined) =>
    calls.map((call) => of(call) ?? null)
  const json = (of: (call: CallRecord) => unknown) =>
    calls.map((call) => {
      const value = of(call)
      return value === undefined ? null : JSON.stringify(value)
    })
  const written = await tx.sql<{ id: string; customerId: string | null }[]>`
    insert into calls (organization_id, id, integration_id, provider_call_id, status, agent_id, direction, from_number,
      to_number, customer_id, started_at, ended_at, duration_ms, disconnection_reason, transcript, transcript_items,
      recording_url, metadata, dynamic_variables, analysis, transfers, details)
    select ${tx.organizationId}, id, integration_id, provider_call_id, status, agent_id, direction, from_number, to_number,
      coalesce(customer_id, (
        select customers.id from customers where organization_id = ${tx.organizationId} and phone = carrier_number)),
      started_at, ended_at, duration_ms, disconnection_reason, transcript, transcript_items, recording_url, metadata,
      dynamic_variables, analysis, transfers, details
    from unnest(
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
      ${json((call) => call.details ?? {})}::text[]::jsonb[],
      ${column((call) => readPhone(carrierNumber(call), null).phone)}::text[]) as c (id, integration_id,
      provider_call_id, status, agent_id, direction, from_number, to_number, customer_id, started_at, ended_at, duration_ms,
      disconnection_reason, transcript, transcript_items, recording_url, metadata, dynamic_variables, analysis, transfers,
      details, carrier_number)
    on conflict (organization_id, id) do update set
      provider_call_id = excluded.provider_call_id, status = excluded.status, agent_id = excluded.agent_id,
      direction = excluded.direction, from_number = excluded.from_number, to_number = excluded.to_number,
      customer_id = excluded.customer_id, started_at = excluded.started_at, ended_at = excluded.ended_at,
      duration_ms = excluded.duration_ms, disconnection_reason = excluded.disconnection_reason,
      transcript = excluded.transcript, transcript_items = excluded.transcript_items,
      recording_url = excluded.recording_url, metadata = excluded.metadata,
      dynamic_variables = excluded.dynamic_variables, analysis = excluded.analysis, transfers = excluded.transfers,
      details = excluded.details, updated_at = clock_timestamp()
    returning id, customer_id as "customerId"`
  return new Map(written.map(({ id, customerId }) => [id, customerId]))
}

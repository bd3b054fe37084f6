// Functions called during a conversation: each answered once, with the claim that it made or by a record of its own.
import type { Database } from '../../../db/client.ts'
import { type Lock, namedLock } from '../../../db/locks.ts'
import { createSharedWrite, type SharedWrite } from '../../../db/shared-transactions.ts'
import type { Tx } from '../../../db/transaction.ts'
import type { Won } from '../../claims/claim-decisions.ts'
import type { Instant } from '../../vocabulary/types.ts'
import { type CallReport, callLock, reportNewCalls } from './calls.ts'

interface NamedCall {
  integrationId: string
  providerCallId: string
}

interface NamedFunction extends NamedCall {
  /** Names a tool call, or arguments: then the same wish can come again. */
  key: string
}

export interface CallFunction extends NamedFunction {
  function: string
  arguments: unknown
}

export interface FunctionToStart extends CallFunction {
  /** `key` is a tool call's own: it is never used again for another wish. */
  isToolCall: boolean
  /** What is known of the call, for a function that is the first to tell of it. */
  report: () => CallReport
}

export interface FunctionAnswer extends CallFunction {
  /** As in `FunctionToStart`, for a function that was not started. */
  report?: () => CallReport
  answer: Record<string, unknown>
  appointmentId: string | null
}

/**
 * A function that does nothing but a claim: it and its answer are written in the transaction of the claim, so that there is nothing
 * between them to fail. Only where `key` is a tool call's own.
 */
export interface ClaimingFunction extends CallFunction {
  report: () => CallReport
  answerTo: (won: Won) => { answer: Record<string, unknown>; appointmentId: string | null }
  /** Called after the commit, with the answer as every retry will read it. */
  recorded: (answer: Record<string, unknown>) => void
}

export interface AnsweredClaim {
  inCall: ClaimingFunction
  answer: Record<string, unknown>
  appointmentId: string | null
}

/** What is known of functions before their claims are decided. */
export interface KnownFunctions {
  /** By `nameOfFunction`. */
  answers: ReadonlyMap<string, Record<string, unknown>>
  /** Changed while deciding: those that have won a claim in this batch. */
  claimed: Set<string>
  /** Their calls that are heard of for the first time. */
  newCalls: ReadonlySet<string>
}

export interface StartedFunction {
  startedAt: Instant
  /** Null: it runs, or its gateway died. Running it once more is safe, for what it does is idempotent. */
  answer: Record<string, unknown> | null
}

export interface FunctionRecords {
  /**
   * The instant of the first start, by the database's clock, is kept for the retries. Where `key` names arguments an answer counts
   * only if it was a success and nothing else was done in the call since.
   */
  start: SharedWrite<FunctionToStart, StartedFunction>
  /** The first answer stays; whoever comes second gets it. */
  finish: SharedWrite<FunctionAnswer, Record<string, unknown>>
}

/** Two starts of one function come one after the other, whichever gateways they reach. */
export function createFunctionRecords(db: Database): FunctionRecords {
  return {
    start: createSharedWrite<FunctionToStart, StartedFunction>(db, {
      locks: locksOfFunction,
      write: startFunctions,
    }),
    finish: createSharedWrite<FunctionAnswer, Record<string, unknown>>(db, {
      locks: (input) => (input.report ? locksOfFunction(input) : [functionLock(input)]),
      write: async (tx, inputs) => {
        const untold = inputs.flatMap(({ report, ...named }) => (report ? [{ ...named, report }] : []))
        const [answers] = await Promise.all([finishFunctions(tx, inputs), ensureCalls(tx, untold)])
        return answers
      },
    }),
  }
}

async function startFunctions(tx: Tx, inputs: FunctionToStart[]): Promise<StartedFunction[]> {
  const columns = columnsOf(inputs)
  const [, , rows] = await Promise.all([
    ensureCalls(tx, inputs),
    tx.sql`
      insert into call_functions (organization_id, integration_id, provider_call_id, key, function, arguments)
      select ${tx.organizationId}, integration_id, provider_call_id, key, function, arguments
      from unnest(${columns.integrationIds}::uuid[], ${columns.providerCallIds}::text[], ${columns.keys}::text[],
        ${columns.functions}::text[], ${columns.arguments}::text[]::jsonb[])
        as f (integration_id, provider_call_id, key, function, arguments)
      on conflict do nothing`,
    tx.sql<(NamedFunction & StartedFunction & { isOutdated: boolean })[]>`
      select f.integration_id as "integrationId", f.provider_call_id as "providerCallId", f.key,
        f.started_at as "startedAt", f.answer,
        not s.is_tool_call and f.answer is not null and (f.answer -> 'success' = 'false' or exists (
          select from call_functions other
          where other.organization_id = f.organization_id and other.integration_id = f.integration_id
            and other.provider_call_id = f.provider_call_id and other.key <> f.key
            and other.finished_at > f.finished_at)) as "isOutdated"
      from unnest(${columns.integrationIds}::uuid[], ${columns.providerCallIds}::text[], ${columns.keys}::text[],
        ${inputs.map(({ isToolCall }) => String(isToolCall))}::text[]::bool[])
        as s (integration_id, provider_call_id, key, is_tool_call)
      cross join lateral (
        select * from call_functions c
        where c.organization_id = ${tx.organizationId} and c.integration_id = s.integration_id
          and c.provider_call_id = s.provider_call_id and c.key = s.key
        offset 0
      ) as f`,
  ])
  const started = new Map<string, StartedFunction>()
  for (const { isOutdated, ...row } of rows) started.set(nameOfFunction(row), isOutdated ? await restart(tx, row) : row)
  return inputs.map((input) => {
    const row = started.get(nameOfFunction(input))
    if (!row) throw new Error('The function that was just recorded is not there.')
    return { startedAt: row.startedAt, answer: row.answer }
  })
}

async function restart(tx: Tx, { integrationId, providerCallId, key }: NamedFunction): Promise<StartedFunction> {
  const [again] = await tx.sql<[StartedFunction]>`
    update call_functions set started_at = clock_timestamp(), finished_at = null, answer = null
    where organization_id = ${tx.organizationId} and integration_id = ${integrationId}
      and provider_call_id = ${providerCallId} and key = ${key}
    returning started_at as "startedAt", answer`
  return again
}

/** Under the locks of the functions. */
export async function readFunctions(tx: Tx, functions: ClaimingFunction[]): Promise<KnownFunctions> {
  if (functions.length === 0) return { answers: new Map(), claimed: new Set(), newCalls: new Set() }
  const columns = columnsOf(functions)
  const [newCalls, rows] = await Promise.all([
    findNewCalls(tx, functions),
    tx.sql<(NamedFunction & { answer: Record<string, unknown> })[]>`
      select s.integration_id as "integrationId", s.provider_call_id as "providerCallId", s.key, f.answer
      from unnest(${columns.integrationIds}::uuid[], ${columns.providerCallIds}::text[], ${columns.keys}::text[])
        as s (integration_id, provider_call_id, key)
      cross join lateral (
        select answer from call_functions c
        where c.organization_id = ${tx.organizationId} and c.integration_id = s.integration_id
          and c.provider_call_id = s.provider_call_id and c.key = s.key and c.answer is not null
        offset 0
      ) as f`,
  ])
  return { answers: new Map(rows.map((row) => [nameOfFunction(row), row.answer])), claimed: new Set(), newCalls }
}

/** The stored answers, in order. */
export async function answerFunctions(
  tx: Tx,
  { newCalls }: KnownFunctions,
  answered: AnsweredClaim[],
): Promise<Record<string, unknown>[]> {
  if (answered.length === 0) return []
  const functions = answered.map(({ inCall }) => inCall)
  const [answers] = await Promise.all([
    finishFunctions(
      tx,
      answered.map(({ inCall, answer, appointmentId }) => ({ ...inCall, answer, appointmentId })),
    ),
    reportFirst(
      tx,
      functions.filter((named) => newCalls.has(nameOfCall(named))),
    ),
  ])
  return answers
}

/** A function may be called before the start of its call was told. */
async function ensureCalls(tx: Tx, inputs: (CallFunction & { report: () => CallReport })[]): Promise<void> {
  if (inputs.length === 0) return
  const newCalls = await findNewCalls(tx, inputs)
  await reportFirst(
    tx,
    inputs.filter((input) => newCalls.has(nameOfCall(input))),
  )
}

/** By `nameOfCall`. */
async function findNewCalls(tx: Tx, inputs: CallFunction[]): Promise<Set<string>> {
  const { integrationIds, providerCallIds } = columnsOf(inputs)
  const rows = await tx.sql<NamedCall[]>`
    select f.integration_id as "integrationId", f.provider_call_id as "providerCallId"
    from unnest(${integrationIds}::uuid[], ${providerCallIds}::text[]) as f (integration_id, provider_call_id)
    cross join lateral (
      select from calls c
      where c.organization_id = ${tx.organizationId} and c.integration_id = f.integration_id
        and c.provider_call_id = f.provider_call_id
      offset 0
    ) as known`
  const known = new Set(rows.map(nameOfCall))
  return new Set(inputs.map(nameOfCall).filter((name) => !known.has(name)))
}

/** Each call once, whichever of its functions tells of it. */
async function reportFirst(tx: Tx, inputs: (CallFunction & { report: () => CallReport })[]): Promise<void> {
  if (inputs.length === 0) return
  const calls = Map.groupBy(inputs, nameOfCall)
  await reportNewCalls(
    tx,
    [...calls.values()].flatMap(([first]) => first?.report() ?? []),
  )
}

async function finishFunctions(tx: Tx, inputs: FunctionAnswer[]): Promise<Record<string, unknown>[]> {
  const first = new Map(inputs.toReversed().map((input) => [nameOfFunction(input), input]))
  const distinct = [...first.values()]
  const columns = columnsOf(distinct)
  const rows = await tx.sql<(NamedFunction & { answer: Record<string, unknown> })[]>`
    insert into call_functions as f (organization_id, integration_id, provider_call_id, key, function, arguments, answer,
      finished_at, appointment_id)
    select ${tx.organizationId}, integration_id, provider_call_id, key, function, arguments, answer, clock_timestamp(),
      appointment_id
    from unnest(${columns.integrationIds}::uuid[], ${columns.providerCallIds}::text[], ${columns.keys}::text[],
      ${columns.functions}::text[], ${columns.arguments}::text[]::jsonb[],
      ${distinct.map(({ answer }) => JSON.stringify(answer))}::text[]::jsonb[],
      ${distinct.map(({ appointmentId }) => appointmentId)}::uuid[])
      as a (integration_id, provider_call_id, key, function, arguments, answer, appointment_id)
    on conflict (organization_id, integration_id, provider_call_id, key) do update
    set answer = coalesce(f.answer, excluded.answer), finished_at = coalesce(f.finished_at, excluded.finished_at),
      appointment_id = coalesce(f.appointment_id, excluded.appointment_id)
    returning f.integration_id as "integrationId", f.provider_call_id as "providerCallId", f.key, f.answer`
  const stored = new Map(rows.map((row) => [nameOfFunction(row), row.answer]))
  return inputs.map((input) => stored.get(nameOfFunction(input)) ?? input.answer)
}

export function nameOfFunction({ integrationId, providerCallId, key }: NamedFunction): string {
  return JSON.stringify([integrationId, providerCallId, key])
}

function nameOfCall({ integrationId, providerCallId }: NamedCall): string {
  return JSON.stringify([integrationId, providerCallId])
}

/** As columns. */
function columnsOf(functions: CallFunction[]) {
  return {
    integrationIds: functions.map(({ integrationId }) => integrationId),
    providerCallIds: functions.map(({ providerCallId }) => providerCallId),
    keys: functions.map(({ key }) => key),
    functions: functions.map((named) => named.function),
    arguments: functions.map((named) => JSON.stringify(named.arguments)),
  }
}

/** The appointments that were booked, moved or cancelled in a call. */
export async function listTouchedAppointments(tx: Tx, { integrationId, providerCallId }: NamedCall): Promise<string[]> {
  const rows = await tx.sql<{ id: string }[]>`
    select distinct appointment_id as id from call_functions
    where organization_id = ${tx.organizationId} and integration_id = ${integrationId}
      and provider_call_id = ${providerCallId} and appointment_id is not null`
  return rows.map(({ id }) => id)
}

/** Of a function that may be the first to tell of its call. */
export function locksOfFunction(named: NamedFunction): Lock[] {
  return [callLock(named.integrationId, named.providerCallId), functionLock(named)]
}

function functionLock({ integrationId, providerCallId, key }: NamedFunction): Lock {
  return namedLock('call function', integrationId, providerCallId, key)
}

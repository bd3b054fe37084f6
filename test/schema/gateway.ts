// A salon behind the real schema: operations run as the server runs them, without the HTTP around it, on both engines.

import type { ExecutionResult, GraphQLError } from 'graphql'
import { expect } from 'vitest'
import type { Database } from '../../src/db/client.ts'
import { inSnapshot } from '../../src/db/transaction.ts'
import type { BookingLane } from '../../src/domain/claims/booking-lane.ts'
import type { Calendars } from '../../src/domain/outside/calendars/calendars.ts'
import { loadIntegrations } from '../../src/domain/outside/integrations.ts'
import type { Caller } from '../../src/domain/people/callers.ts'
import { NotFoundError } from '../../src/domain/vocabulary/refusals.ts'
import { createLocalBus } from '../../src/realtime/bus.ts'
import { createLive } from '../../src/realtime/live.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { createContext } from '../../src/schema/machinery/context.ts'
import { createSchema } from '../../src/schema/schema.ts'
import { createDocuments, isPrepared, type Prepared, toExecutionArgs } from '../../src/server/execution/documents.ts'
import { createExecute } from '../../src/server/execution/execution.ts'
import { createOperations, type Operations } from '../../src/server/execution/operations.ts'
import { CURSOR_SECRET } from '../support/cursor-secret.ts'

export interface Answer<Data> {
  data: Data
  errors: { message: string; code: unknown }[]
}

/** `Data` is what the test knows of the answer's shape. */
type Ask = <Data = Record<string, unknown>>(
  caller: Caller | null,
  document: string,
  variables?: Record<string, unknown>,
) => Promise<Answer<Data>>

/** Compiled, or interpreted as what has not yet proved to come again. */
export const ENGINES = ['COMPILED', 'INTERPRETED'] as const
export type Engine = (typeof ENGINES)[number]

export interface Gateway extends AsyncDisposable {
  /** A query is executed by each engine, and all must say the same; anything else by the first. */
  ask: Ask
  /** The first message of a subscription. */
  watch: Ask
}

const schema = createSchema()
const documents = createDocuments(schema)
const logger = createLogger('silent')

export function openGateway(
  { db, lane }: { db: Database; lane: BookingLane },
  engines: readonly [Engine, ...Engine[]] = ENGINES,
): Gateway {
  const live = createLive({ cursorSecret: CURSOR_SECRET, db, bus: createLocalBus(), logger })
  const [first, ...others] = engines.map((engine) =>
    createOperations({
      openContext: ({ caller, requestId }) =>
        createContext({ caller, requestId, db, lane, live, calendars: emptyCalendars(db) }),
      logger,
      execute: createExecute({ needed: () => (engine === 'COMPILED' ? 0 : Number.POSITIVE_INFINITY) }),
    }),
  ) as [Operations, ...Operations[]]
  return {
    async ask(caller, document, variables = {}) {
      const prepared = prepare(document, variables)
      if (!isPrepared(prepared)) return answerOf({ errors: prepared })
      const answer = await first.execute(argsOf(prepared, caller))
      for (const other of prepared.kind === 'query' ? others : []) {
        const beside = await other.execute(argsOf(prepared, caller))
        expect(withoutMoments(beside), document).toEqual(withoutMoments(answer))
      }
      return answerOf(answer)
    },
    async watch(caller, document, variables = {}) {
      const prepared = prepare(document, variables)
      if (!isPrepared(prepared)) return answerOf({ errors: prepared })
      const result = await first.subscribe(argsOf(prepared, caller))
      if (!(Symbol.asyncIterator in result)) return answerOf(result)
      for await (const message of result) return answerOf(message)
      throw new Error('The subscription ended without a message.')
    },
    [Symbol.asyncDispose]: () => live[Symbol.asyncDispose](),
  }
}

/** Throws for a document that is not valid: a test meant another one. */
function prepare(query: string, variables: Record<string, unknown>): Prepared | readonly GraphQLError[] {
  const prepared = documents.prepare({ query, variables })
  if (isPrepared(prepared) || prepared.every(({ extensions }) => 'limit' in extensions)) return prepared
  throw new Error(prepared.map(({ message }) => message).join('\n'))
}

function argsOf(prepared: Prepared, caller: Caller | null) {
  return toExecutionArgs(schema, prepared, { caller, requestId: 'request' })
}

/** The same question is answered with another cursor a moment later. */
function withoutMoments(result: ExecutionResult): unknown {
  return JSON.parse(
    JSON.stringify(result, (key, value) => (/^(cursor|asOf|explainedAt)$|Cursor$/.test(key) ? Boolean(value) : value)),
  )
}

/** Calendars with nothing in them: the schema's side of the door only. */
export function emptyCalendars(db: Database): Calendars {
  const requireKnown = async ({ organizationId, integrationId }: { organizationId: string; integrationId: string }) => {
    const known = await inSnapshot(db, organizationId, (tx) => loadIntegrations(tx, [integrationId]))
    if (!known.has(integrationId)) throw new NotFoundError('integration')
  }
  return {
    async reconcile(input) {
      await requireKnown(input)
      const none = { read: 0, applied: 0, failed: 0, missingThere: 0, requested: 0 }
      return { ...none, overlapsFound: 0, overlapsResolved: 0 }
    },
    async replay(input) {
      await requireKnown(input)
      return { replayed: 0, applied: 0, failures: [] }
    },
    async syncTeam({ dryRun, ...input }) {
      await requireKnown(input)
      return { dryRun, members: [], services: [] }
    },
  }
}

function answerOf<Data>({ data, errors = [] }: ExecutionResult): Answer<Data> {
  return {
    data: data as Data,
    errors: errors.map(({ message, extensions }: GraphQLError) => ({ message, code: extensions.code })),
  }
}

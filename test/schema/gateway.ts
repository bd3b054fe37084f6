// A salon behind the real schema: operations run as the server runs them, without the HTTP around it.
import { type ExecutionResult, type GraphQLError, parse, validate } from 'graphql'
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
import { createOperations } from '../../src/server/execution/operations.ts'

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

export interface Gateway extends AsyncDisposable {
  ask: Ask
  /** The first message of a subscription. */
  watch: Ask
}

const schema = createSchema()
const logger = createLogger('silent')

export function openGateway({ db, lane }: { db: Database; lane: BookingLane }): Gateway {
  const live = createLive({ db, bus: createLocalBus(), logger })
  const operations = createOperations({
    openContext: ({ caller, requestId }) =>
      createContext({ caller, requestId, db, lane, live, calendars: emptyCalendars(db) }),
    logger,
  })
  const prepare = (caller: Caller | null, text: string, variableValues: Record<string, unknown>) => {
    const document = parse(text)
    const errors = validate(schema, document)
    if (errors.length > 0) throw new Error(errors.map((error) => error.message).join('\n'))
    return { schema, document, variableValues, contextValue: { caller, requestId: 'request' } }
  }
  return {
    async ask(caller, document, variables = {}) {
      return answerOf(await operations.execute(prepare(caller, document, variables)))
    },
    async watch(caller, document, variables = {}) {
      const result = await operations.subscribe(prepare(caller, document, variables))
      if (!(Symbol.asyncIterator in result)) return answerOf(result)
      for await (const message of result) return answerOf(message)
      throw new Error('The subscription ended without a message.')
    },
    [Symbol.asyncDispose]: () => live[Symbol.asyncDispose](),
  }
}

/** Calendars with nothing in them: the schema's side of the door only. */
function emptyCalendars(db: Database): Calendars {
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

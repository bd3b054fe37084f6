// Groups: subscribers with the same document, variables and authorization share one execution and one serialization.

import {
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type FieldNode,
  getOperationAST,
  print,
} from 'graphql'
import type { UpdateStream } from '../realtime/update-stream.ts'
import type { Operations, Principal } from './operations.ts'
import type { ResultStream } from './result-stream.ts'
import { type SharedBytes, shareBytes } from './shared-bytes.ts'
import type { Sink } from './sinks.ts'
import { writeResult } from './statuses.ts'

interface GroupsInput {
  operations: Operations
  /** How long a client may leave its connection full. */
  stalledMs?: number
}

export interface SubscriptionGroups {
  /** Null: this subscription cannot share; it takes the usual way. */
  subscribe(args: ExecutionArgs, sink: Sink): Promise<ResultStream | ExecutionResult> | null
  size(): number
}

interface Group {
  args: ExecutionArgs
  members: number
  deliveries: Delivery[]
  isRunning: boolean
  /** By update: the same object goes to every member, late ones included. */
  results: WeakMap<object, SharedBytes>
}

interface Delivery {
  update: object
  sinks: Sink[]
}

const STALLED_MS = 30_000

export function createSubscriptionGroups({ operations, stalledMs = STALLED_MS }: GroupsInput): SubscriptionGroups {
  const groups = new Map<string, Group>()

  /** Every update of the group is executed once, in order, and written to all members that it goes to. */
  const run = async (group: Group) => {
    group.isRunning = true
    for (let delivery = group.deliveries.shift(); delivery; delivery = group.deliveries.shift()) {
      const { update, sinks } = delivery
      let bytes = group.results.get(update)
      if (!bytes) {
        const result = await operations.execute({ ...group.args, rootValue: update })
        bytes = shareBytes(writeResult(result), eventIdOf(update))
        if (!result.errors) group.results.set(update, bytes)
      }
      for (const sink of sinks) sink.write(bytes)
    }
    group.isRunning = false
  }

  const deliver = (group: Group, update: object, sink: Sink) => {
    const last = group.deliveries.at(-1)
    if (last?.update === update) last.sinks.push(sink)
    else group.deliveries.push({ update, sinks: [sink] })
    // After the view has told all its members: they are written in one sweep.
    if (!group.isRunning) {
      group.isRunning = true
      queueMicrotask(() => void run(group))
    }
  }

  const enter = (key: string, args: ExecutionArgs): Group => {
    const group = groups.get(key) ?? { args, members: 0, deliveries: [], isRunning: false, results: new WeakMap() }
    groups.set(key, group)
    group.members++
    return group
  }

  const join = (key: string, args: ExecutionArgs, sink: Sink, source: UpdateStream<object>): ResultStream => {
    const group = enter(key, args)
    let stalled: NodeJS.Timeout | undefined
    const { stream, end } = createPendingStream(() => {
      clearTimeout(stalled)
      if (--group.members === 0) groups.delete(key)
      void source.return()
    })
    source.deliverTo({
      isReady() {
        if (sink.isReady()) return true
        if (!stalled) {
          stalled = setTimeout(sink.abandon, stalledMs).unref()
          sink.whenDrained(() => {
            clearTimeout(stalled)
            stalled = undefined
            source.resume()
          })
        }
        return false
      },
      take: (update) => deliver(group, update, sink),
      end,
    })
    return stream
  }

  return {
    subscribe(args, sink) {
      const key = groupKey(args)
      if (key === null) return null
      return (async () => {
        const source = await operations.openSource(args)
        if (!(Symbol.asyncIterator in source)) return source
        return isUpdateStream(source) ? join(key, args, sink, source) : operations.stream(args, source)
      })()
    },
    size: () => groups.size,
  }
}

/** Ends when told, or when its reader leaves; brings nothing: the results are written elsewhere. */
function createPendingStream(onEnd: () => void): { stream: ResultStream; end: () => void } {
  const done = Promise.withResolvers<{ done: true; value: undefined }>()
  let isEnded = false
  const end = () => {
    if (isEnded) return
    isEnded = true
    done.resolve({ done: true, value: undefined })
    onEnd()
  }
  const leave = () => {
    end()
    return done.promise
  }
  const stream: ResultStream = {
    next: () => done.promise,
    return: leave,
    throw: leave,
    [Symbol.asyncIterator]: () => stream,
    [Symbol.asyncDispose]: async () => end(),
  }
  return { stream, end }
}

function isUpdateStream(source: AsyncIterable<unknown>): source is UpdateStream<object> {
  return 'deliverTo' in source
}

function eventIdOf(update: object): string | null {
  return 'cursor' in update && typeof update.cursor === 'string' ? update.cursor : null
}

/**
 * What two subscribers must have in common to get the same bytes: the canonical document, the operation, the variables
 * except the one that only says where to begin, and their rights. The field must declare that its results depend on
 * nothing else of the caller (`sharedBy`). Null: it does not.
 */
function groupKey({ schema, document, operationName, variableValues, contextValue }: ExecutionArgs): string | null {
  const { caller } = contextValue as Principal
  const { text, field, startVariable } = describe(document, operationName)
  if (!caller || !field) return null
  const extensions = schema.getSubscriptionType()?.getFields()[field]?.extensions
  if (extensions?.sharedBy !== 'RIGHTS') return null
  const variables = { ...variableValues }
  if (startVariable !== null) delete variables[startVariable]
  const scope = [caller.organizationId, caller.kind, caller.appointmentId]
  return JSON.stringify([text, operationName ?? null, variables, scope])
}

interface Description {
  /** Canonical: white space and comments make no difference. */
  text: string
  /** The one root field; null where there are directives or fragments in the way. */
  field: string | null
  /** The variable that is used for nothing but `after`. */
  startVariable: string | null
}

const descriptions = new WeakMap<DocumentNode, Map<string, Description>>()

function describe(document: DocumentNode, operationName: string | null | undefined): Description {
  const known = descriptions.get(document) ?? new Map<string, Description>()
  descriptions.set(document, known)
  const name = operationName ?? ''
  let description = known.get(name)
  if (!description) {
    description = readDescription(document, operationName)
    known.set(name, description)
  }
  return description
}

function readDescription(document: DocumentNode, operationName: string | null | undefined): Description {
  const text = print(document)
  const selections = getOperationAST(document, operationName)?.selectionSet.selections ?? []
  const [root] = selections
  if (selections.length !== 1 || root?.kind !== 'Field') return { text, field: null, startVariable: null }
  return { text, field: root.name.value, startVariable: startVariableOf(root, text) }
}

function startVariableOf(root: FieldNode, text: string): string | null {
  const after = root.arguments?.find((argument) => argument.name.value === 'after')?.value
  if (after?.kind !== 'Variable') return null
  const name = after.name.value
  // Once where it is declared, once where it is used.
  return text.split(new RegExp(`\\$${name}\\b`)).length === 3 ? name : null
}

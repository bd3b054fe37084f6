// Groups: subscribers with the same document, variables and authorization share one execution and one serialization.

import {
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type FieldNode,
  getOperationAST,
  print,
} from 'graphql'
import { resumePointOf } from '../realtime/resume-points.ts'
import type { UpdateStream } from '../realtime/update-stream.ts'
import { executeEvent } from './event-execution.ts'
import type { Operations, Principal } from './operations.ts'
import type { ResultStream } from './result-stream.ts'
import { type SharedBytes, shareBytes } from './shared-bytes.ts'
import type { Sink } from './sinks.ts'
import { writeResult } from './statuses.ts'

interface GroupsInput {
  operations: Operations
  /** How long a client may leave its connection full. */
  stalledMs: number
}

export interface SubscriptionGroups {
  /** Null: this subscription cannot share; it takes the usual way. */
  subscribe(args: ExecutionArgs, sink: Sink): Promise<ResultStream | ExecutionResult> | null
  size(): number
}

interface Group {
  args: ExecutionArgs
  members: Set<Member>
  steps: Step[]
  isRunning: boolean
  /** Members for whom the group had too much to do. */
  held: Set<Member>
  /** By update: the same object goes to every member, late ones included. */
  results: WeakMap<object, SharedBytes>
}

interface Member {
  source: UpdateStream<object>
  sink: Sink
  hasLeft: boolean
}

/** In the order of the queue: what a member is told, and that it is told no more. */
type Step = { update: object; members: Member[] } | { finish: () => void }

/** While so many updates wait to be executed, further ones wait with their members, who conflate them. */
const STEP_LIMIT = 32

export function createSubscriptionGroups({ operations, stalledMs }: GroupsInput): SubscriptionGroups {
  const groups = new Map<string, Group>()

  /** Every update of the group is executed once, in order, and written to all members that it goes to. */
  const run = async (group: Group) => {
    for (let step = group.steps.shift(); step; step = group.steps.shift()) {
      if ('finish' in step) step.finish()
      else await tell(group, step.update, step.members)
    }
    group.isRunning = false
    const held = [...group.held]
    group.held.clear()
    for (const { source } of held) source.resume()
  }

  const tell = async (group: Group, update: object, members: Member[]) => {
    const bytes = group.results.get(update) ?? (await serialize(group, update, members))
    for (const { sink, hasLeft } of members) if (!hasLeft) sink.write(bytes)
  }

  const serialize = async (group: Group, update: object, members: Member[]): Promise<SharedBytes> => {
    const result = await executeEvent(
      () => operations.execute({ ...group.args, rootValue: update }),
      () => members.some(({ hasLeft }) => !hasLeft),
    )
    if (result.errors) {
      startOver(group, members)
      // Without an id: a client that comes back has not read it.
      return shareBytes(writeResult(result), null)
    }
    const bytes = shareBytes(writeResult(result), resumePointOf(update))
    group.results.set(update, bytes)
    return bytes
  }

  /** Told of an error, they lack a change: the next thing they are told is a snapshot, and what waits is in it. */
  const startOver = (group: Group, members: Member[]) => {
    const lacking = new Set(members)
    const behind = new Set<Member>()
    for (const { source } of members) source.startOver()
    for (const step of group.steps) {
      if (!('update' in step)) continue
      for (const member of step.members) if (lacking.has(member)) behind.add(member)
      step.members = step.members.filter((member) => !lacking.has(member))
    }
    for (const member of behind) group.held.add(member)
  }

  const enqueue = (group: Group, step: Step) => {
    group.steps.push(step)
    if (group.isRunning) return
    group.isRunning = true
    // After the view has told all its members: they are written in one sweep.
    queueMicrotask(() => void run(group))
  }

  const deliver = (group: Group, update: object, member: Member) => {
    const last = group.steps.at(-1)
    if (last && 'update' in last && last.update === update) last.members.push(member)
    else enqueue(group, { update, members: [member] })
  }

  const enter = (key: string, args: ExecutionArgs): Group => {
    const known = groups.get(key)
    if (known) return known
    const { caller, requestId } = args.contextValue as Principal
    const group: Group = {
      // Nothing of the first member stays but its rights.
      args: { ...args, contextValue: { caller, requestId } satisfies Principal },
      members: new Set(),
      steps: [],
      isRunning: false,
      held: new Set(),
      results: new WeakMap(),
    }
    groups.set(key, group)
    return group
  }

  const join = (key: string, args: ExecutionArgs, sink: Sink, source: UpdateStream<object>): ResultStream => {
    const group = enter(key, args)
    const member: Member = { source, sink, hasLeft: false }
    group.members.add(member)
    let stalled: NodeJS.Timeout | undefined
    const { stream, end } = createPendingStream(() => {
      clearTimeout(stalled)
      member.hasLeft = true
      group.members.delete(member)
      group.held.delete(member)
      if (group.members.size === 0 && groups.get(key) === group) groups.delete(key)
      void source.return()
    })
    source.deliverTo({
      isReady() {
        if (!sink.isReady()) {
          if (!stalled) {
            stalled = setTimeout(sink.abandon, stalledMs).unref()
            sink.whenDrained(() => {
              clearTimeout(stalled)
              stalled = undefined
              source.resume()
            })
          }
          return false
        }
        if (group.steps.length < STEP_LIMIT) return true
        group.held.add(member)
        return false
      },
      take: (update) => deliver(group, update, member),
      end(error) {
        const finish = () => {
          if (error && !member.hasLeft) {
            sink.write(shareBytes(writeResult(operations.describeFailure(group.args, error)), null))
          }
          end()
        }
        enqueue(group, { finish })
      },
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

// Groups: subscribers of one source with the same document and rights share one execution and one serialization.

import type { ExecutionArgs, ExecutionResult } from 'graphql'
import { resumePointOf } from '../../realtime/resume-points.ts'
import type { UpdateReceiver, UpdateStream } from '../../realtime/update-stream.ts'
import { executeEvent } from '../execution/event-execution.ts'
import type { Operations, Principal } from '../execution/operations.ts'
import { writeResult } from '../http/statuses.ts'
import { groupOf, type Sharing } from './group-keys.ts'
import type { ResultStream } from './result-stream.ts'
import { type SharedBytes, shareBytes } from './shared-bytes.ts'
import type { Sink } from './sinks.ts'

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
  key: string
  args: ExecutionArgs
  members: Set<Member>
  steps: Step[]
  isRunning: boolean
  /** Members for whom the group had too much to do. */
  held: Set<Member>
  /** By update: the same object goes to every member, late ones included. */
  results: WeakMap<object, SharedBytes>
}

/**
 * Takes the updates of its source. As a stream, for the transport, it brings nothing (the results are written to the sink)
 * and ends when told, or when its reader leaves. There are many thousands: they share their functions.
 */
interface Member extends UpdateReceiver<object>, ResultStream {
  group: Group
  source: UpdateStream<object>
  sink: Sink
  hasLeft: boolean
  stalled: NodeJS.Timeout | undefined
  /** Who reads the stream. */
  ended: PromiseWithResolvers<typeof DONE> | null
}

const DONE = { done: true, value: undefined } as const

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
      else await tell(group, step.update, step.members).catch(breakOff(group, step.members))
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

  /** A fault of ours, in executing or writing: told and logged like one of a resolver, and what was missed is made good. */
  const breakOff = (group: Group, members: Member[]) => (error: unknown) => {
    startOver(group, members)
    const bytes = shareBytes(writeResult(operations.describeFailure(group.args, error)), null)
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
      key,
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

  const leave = (member: Member) => {
    if (member.hasLeft) return
    const { group } = member
    member.hasLeft = true
    clearTimeout(member.stalled)
    member.ended?.resolve(DONE)
    group.members.delete(member)
    group.held.delete(member)
    if (group.members.size === 0 && groups.get(group.key) === group) groups.delete(group.key)
    void member.source.return()
  }

  const join = (key: string, args: ExecutionArgs, sink: Sink, source: UpdateStream<object>): ResultStream => {
    const group = enter(key, args)
    const member: Member = {
      group,
      source,
      sink,
      hasLeft: false,
      stalled: undefined,
      ended: null,
      isReady,
      take,
      end,
      next,
      return: leaveByReturn,
      throw: leaveByReturn,
      [Symbol.asyncIterator]: itself,
      [Symbol.asyncDispose]: dispose,
    }
    group.members.add(member)
    source.deliverTo(member)
    return member
  }

  function isReady(this: Member): boolean {
    const { sink, group } = this
    if (!sink.isReady()) {
      if (!this.stalled) {
        this.stalled = setTimeout(() => sink.abandon(), stalledMs).unref()
        sink.whenDrained(() => {
          clearTimeout(this.stalled)
          this.stalled = undefined
          this.source.resume()
        })
      }
      return false
    }
    if (group.steps.length < STEP_LIMIT) return true
    group.held.add(this)
    return false
  }

  function take(this: Member, update: object): void {
    deliver(this.group, update, this)
  }

  function end(this: Member, error?: Error): void {
    const finish = () => {
      if (error && !this.hasLeft) {
        this.sink.write(shareBytes(writeResult(operations.describeFailure(this.group.args, error)), null))
      }
      leave(this)
    }
    enqueue(this.group, { finish })
  }

  function next(this: Member): Promise<typeof DONE> {
    if (this.hasLeft) return Promise.resolve(DONE)
    this.ended ??= Promise.withResolvers()
    return this.ended.promise
  }

  function leaveByReturn(this: Member): Promise<typeof DONE> {
    leave(this)
    return Promise.resolve(DONE)
  }

  function itself(this: Member): Member {
    return this
  }

  async function dispose(this: Member): Promise<void> {
    leave(this)
  }

  /**
   * Whoever joins from now on asks what a member has asked, with the same rights: the source gives one more place, and
   * nothing has to be authorized and understood again. Null: it has to be.
   */
  const openAnother = async ({ key, joining }: Sharing): Promise<UpdateStream<object> | null> => {
    const [member] = groups.get(key)?.members ?? []
    if (!member || !joining) return null
    try {
      return await member.source.source.another(joining.readPart())
    } catch {
      // The usual way says why.
      return null
    }
  }

  return {
    subscribe(args, sink) {
      const sharing = groupOf(args)
      if (!sharing) return null
      return (async () => {
        const source = (await openAnother(sharing)) ?? (await operations.openSource(args))
        if (!(Symbol.asyncIterator in source)) return source
        return isUpdateStream(source) ? join(sharing.key, args, sink, source) : operations.stream(args, source)
      })()
    },
    size: () => groups.size,
  }
}

function isUpdateStream(source: AsyncIterable<unknown>): source is UpdateStream<object> {
  return 'deliverTo' in source
}

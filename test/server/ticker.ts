// A schema whose one subscription says what the test tells it to, shared by rights; it counts what is executed.

import { GraphQLError, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql'
import { refreshedBeyond } from '../../src/realtime/pending-updates.ts'
import { createUpdateStream, type UpdateStream } from '../../src/realtime/update-stream.ts'
import type { OpenContext, Principal } from '../../src/server/execution/operations.ts'

export interface Tick {
  text: string
  kind: 'SNAPSHOT' | 'CHANGE'
  cursor: string
}

export interface Ticker {
  schema: GraphQLSchema
  openContext: OpenContext
  /** Tells all subscribers of the topic the same object. */
  tell(topic: string, text: string): void
  /** An update that breaks whoever serializes it. */
  tellBroken(topic: string): void
  /** The texts that were executed, in order. */
  executed: string[]
  /** How often each way of subscribing was authorized. */
  authorized: Principal[]
  members(topic: string): number
  end(topic: string): void
  /** While it is set, executions wait for it. */
  gate: Promise<void> | null
  /** What a text is answered with instead. */
  faults: Map<string, () => Error>
}

interface Topic {
  streams: Set<UpdateStream<Tick>>
  version: number
  snapshot: Tick
}

/** A subscriber that is further behind than `pendingLimit` gets a snapshot, whose text is the last one told. */
export function createTicker({ pendingLimit = 8 }: { pendingLimit?: number } = {}): Ticker {
  const topics = new Map<string, Topic>()
  const topicOf = (name: string): Topic => {
    const topic = topics.get(name) ?? {
      streams: new Set<UpdateStream<Tick>>(),
      version: 0,
      snapshot: { kind: 'SNAPSHOT', text: 'begin', cursor: `${name}-0` },
    }
    topics.set(name, topic)
    return topic
  }
  const subscribe = (name: string): UpdateStream<Tick> => {
    const topic = topicOf(name)
    const stream: UpdateStream<Tick> = createUpdateStream<Tick, null>(
      {
        newPending: () => refreshedBeyond(pendingLimit, () => topic.snapshot),
        left: () => void topic.streams.delete(stream),
        another: async () => subscribe(name),
      },
      null,
    )
    topic.streams.add(stream)
    stream.push(topic.snapshot)
    return stream
  }
  const ticker: Ticker = {
    schema: new GraphQLSchema({
      query: new GraphQLObjectType({
        name: 'Query',
        fields: { hello: { type: GraphQLString, resolve: () => 'hello '.padEnd(20_000, '.') } },
      }),
      subscription: new GraphQLObjectType({
        name: 'Subscription',
        fields: {
          ticks: {
            type: new GraphQLObjectType({
              name: 'Tick',
              fields: {
                kind: { type: GraphQLString },
                cursor: { type: GraphQLString },
                text: {
                  type: new GraphQLNonNull(GraphQLString),
                  async resolve({ text }: Tick) {
                    ticker.executed.push(text)
                    await ticker.gate
                    const fault = ticker.faults.get(text)
                    if (fault) throw fault()
                    return text
                  },
                },
              },
            }),
            args: { topic: { type: new GraphQLNonNull(GraphQLString) }, after: { type: GraphQLString } },
            extensions: { sharedBy: 'RIGHTS' },
            subscribe(_root, { topic }: { topic: string }, principal: Principal) {
              ticker.authorized.push(principal)
              if (topic === 'secret' && principal.caller?.kind !== 'SECRET') {
                throw new GraphQLError('Not for you.', { extensions: { code: 'FORBIDDEN' } })
              }
              return subscribe(topic)
            },
            resolve: (tick) => tick,
          },
        },
      }),
    }),
    openContext: (principal) => ({ ...principal, [Symbol.asyncDispose]: async () => {} }),
    tell(name, text) {
      const topic = topicOf(name)
      topic.version++
      topic.snapshot = { kind: 'SNAPSHOT', text, cursor: `${name}-${topic.version}` }
      const tick: Tick = { ...topic.snapshot, kind: 'CHANGE' }
      for (const stream of topic.streams) stream.push(tick)
    },
    tellBroken(name) {
      const tick: Tick = {
        kind: 'CHANGE',
        text: 'broken',
        get cursor(): string {
          throw new Error('no cursor')
        },
      }
      for (const stream of topicOf(name).streams) stream.push(tick)
    },
    executed: [],
    authorized: [],
    members: (name) => topicOf(name).streams.size,
    end(name) {
      for (const stream of [...topicOf(name).streams]) stream.end()
    },
    gate: null,
    faults: new Map(),
  }
  return ticker
}

export const TICKS =
  'subscription ($topic: String!, $after: String) { ticks(topic: $topic, after: $after) { kind text } }'

// The rival mercurius: subscriptions over mqemitter-redis, and the hello world with JIT.

import { fastify } from 'fastify'
import mercurius from 'mercurius'
import createRedisEmitter from 'mqemitter-redis'
import { RIVAL_SCHEMA } from '../support/messages.ts'

const [port, redisPort] = process.argv.slice(2).map(Number)

const app = fastify()
await app.register(mercurius, {
  schema: RIVAL_SCHEMA,
  jit: 1,
  resolvers: {
    Query: { hello: () => 'world' },
    Subscription: {
      availability: {
        subscribe: (_source: unknown, { resourceId }: { resourceId: string }, context: mercurius.MercuriusContext) =>
          context.pubsub.subscribe(`availability:${resourceId}`),
        resolve: (event: unknown) => event,
      },
    },
  },
  subscription: redisPort ? { emitter: createRedisEmitter({ port: redisPort, host: '127.0.0.1' }) } : undefined,
} as never)
await app.listen({ port, host: '127.0.0.1', backlog: 4096 })
process.send?.({ ready: true })

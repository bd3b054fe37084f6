// The rival graphql-ws with graphql-redis-subscriptions, set up as their manuals say.

import { buildSchema, type GraphQLObjectType } from 'graphql'
import { RedisPubSub } from 'graphql-redis-subscriptions'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'
import { RIVAL_SCHEMA } from '../support/messages.ts'

const [port, redisPort] = process.argv.slice(2).map(Number)

const pubSub = new RedisPubSub({ connection: { port: redisPort, host: '127.0.0.1' } })
const schema = buildSchema(RIVAL_SCHEMA)
const { availability } = (schema.getSubscriptionType() as GraphQLObjectType).getFields()
if (availability) {
  availability.subscribe = (_source, { resourceId }) => pubSub.asyncIterableIterator(`availability:${resourceId}`)
  availability.resolve = (event) => event
}
const server = new WebSocketServer({ port, host: '127.0.0.1', path: '/graphql', backlog: 4096 })
useServer({ schema }, server)
server.on('listening', () => process.send?.({ ready: true }))

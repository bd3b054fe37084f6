// The edge of the schema: refusals that leave a root field outside a result union become top-level errors.
import type { GraphQLFieldResolver, GraphQLSchema } from 'graphql'
import type { Context } from './context.ts'
import { asRequestError } from './request-errors.ts'

type Resolver = GraphQLFieldResolver<unknown, Context>

/** Outside all plugins: what the result unions take up never arrives here. */
export function tellRefusals(schema: GraphQLSchema): GraphQLSchema {
  for (const root of [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]) {
    for (const field of Object.values(root?.getFields() ?? {})) {
      if (field.resolve) field.resolve = telling(field.resolve)
      if (field.subscribe) field.subscribe = telling(field.subscribe)
    }
  }
  return schema
}

function telling(resolve: Resolver): Resolver {
  return (parent, args, ctx, info) => {
    try {
      const result = resolve(parent, args, ctx, info)
      return result instanceof Promise ? result.catch(refuse) : result
    } catch (error) {
      return refuse(error)
    }
  }
}

function refuse(error: unknown): never {
  throw asRequestError(error)
}

// The edge of the schema: refusals that leave a root field outside a result union become top-level errors, and what came of it is counted.
import type { GraphQLFieldResolver, GraphQLSchema } from 'graphql'
import { Refusal } from '../../domain/vocabulary/refusals.ts'
import * as metrics from '../../metrics/series.ts'
import type { Context } from './context.ts'
import { asRequestError } from './request-errors.ts'

type Resolver = GraphQLFieldResolver<unknown, Context>

/** Outside all plugins: of what the result unions take up, the refusals arrive here as results. */
export function tellRefusals(schema: GraphQLSchema): GraphQLSchema {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]
  for (const root of roots) {
    for (const [name, field] of Object.entries(root?.getFields() ?? {})) {
      const counts = countsOf(`${root?.name}.${name}`)
      // What a subscription resolves is told once, when it is opened.
      if (field.subscribe) field.subscribe = telling(field.subscribe, counts)
      if (field.resolve) field.resolve = telling(field.resolve, field.subscribe ? null : counts)
    }
  }
  return schema
}

interface Counts {
  ok: { inc(): void }
  refused: { inc(): void }
  failed: { inc(): void }
}

// Looked up once: a look-up by labels costs more than all of a hello world's resolver.
function countsOf(field: string): Counts {
  const labelled = (outcome: string) => metrics.graphqlFields.labels(field, outcome)
  return { ok: labelled('ok'), refused: labelled('refused'), failed: labelled('failed') }
}

function telling(resolve: Resolver, counts: Counts | null): Resolver {
  const done = (result: unknown) => {
    if (result instanceof Refusal) countRefusal(result, counts)
    else counts?.ok.inc()
    return result
  }
  const refuse = (error: unknown): never => {
    if (error instanceof Refusal) countRefusal(error, counts)
    else counts?.failed.inc()
    throw asRequestError(error)
  }
  return (parent, args, ctx, info) => {
    try {
      const result = resolve(parent, args, ctx, info)
      return result instanceof Promise ? result.then(done, refuse) : done(result)
    } catch (error) {
      return refuse(error)
    }
  }
}

function countRefusal({ code }: Refusal, counts: Counts | null): void {
  counts?.refused.inc()
  metrics.refusals.inc({ code })
}

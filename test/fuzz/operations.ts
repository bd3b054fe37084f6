// Operations made from the schema: every root field, every argument, valid as documents, with values that fit or do not.

import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedOutputType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
} from 'graphql'
import type { World } from '../schema/world.ts'
import type { Random } from '../support/seeded-random.ts'
import { hostileNumber, hostileText, hostileValue } from './hostile.ts'

export interface RandomOperation {
  kind: 'query' | 'mutation' | 'subscription'
  query: string
  variables: Record<string, unknown>
}

export function randomOperation(schema: GraphQLSchema, world: World, random: Random): RandomOperation {
  const kind = random.pick(['query', 'query', 'mutation', 'mutation', 'subscription'] as const)
  const root = {
    query: schema.getQueryType(),
    mutation: schema.getMutationType(),
    subscription: schema.getSubscriptionType(),
  }[kind]
  const fields = Object.values(root?.getFields() ?? {})
  const variables: Record<string, unknown> = {}
  const declared: string[] = []
  const chosen = kind === 'subscription' ? 1 : 1 + random.below(2)
  const texts = Array.from({ length: chosen }, (_, index) => {
    const field = random.pick(fields)
    const given = field.args.flatMap((argument) => {
      if (!isRequiredArgument(argument) && random.chance(0.4)) return []
      const name = `${argument.name}${index}`
      declared.push(`$${name}: ${argument.type}`)
      variables[name] = inputOf(argument.type, argument.name, world, random)
      return [`${argument.name}: $${name}`]
    })
    return `a${index}: ${field.name}${listed(given)}${selectionOf(schema, getNamedType(field.type), random, 0)}`
  })
  return { kind, query: `${kind} ${listed(declared)} { ${texts.join(' ')} }`, variables }
}

const listed = (texts: string[]) => (texts.length > 0 ? `(${texts.join(', ')})` : '')

function selectionOf(schema: GraphQLSchema, type: GraphQLNamedOutputType, random: Random, depth: number): string {
  if (isLeafType(type)) return ''
  const parts = ['__typename']
  if (isAbstractType(type)) {
    for (const possible of schema.getPossibleTypes(type)) {
      if (random.chance(0.5)) parts.push(`... on ${possible.name}${selectionOf(schema, possible, random, depth)}`)
    }
  }
  if (isObjectType(type))
    parts.push(...Object.values(type.getFields()).flatMap((field) => partOf(schema, field, random, depth)))
  return ` { ${parts.join(' ')} }`
}

function partOf(schema: GraphQLSchema, field: GraphQLField<unknown, unknown>, random: Random, depth: number): string[] {
  const type = getNamedType(field.type)
  if (field.args.some(isRequiredArgument) || (!isLeafType(type) && depth > 1) || random.chance(0.6)) return []
  const selection = selectionOf(schema, type, random, depth + 1)
  // Of two types of a union a field may have two shapes.
  return [`${field.name}_${named(field)}: ${field.name}${literals(field.args, random)}${selection}`]
}

const named = ({ type }: GraphQLField<unknown, unknown>) => String(type).replaceAll(/\W/g, '_')

function literals(args: readonly GraphQLArgument[], random: Random): string {
  const pages = args.filter(({ name }) => ['first', 'last'].includes(name) && random.chance(0.3))
  return listed(pages.map(({ name }) => `${name}: ${random.pick([-1, 0, 1, 3, 101])}`))
}

/** Mostly of the type; now and then anything. */
function inputOf(type: GraphQLInputType, name: string, world: World, random: Random): unknown {
  if (random.chance(0.03)) return hostileValue(random)
  if (isNonNullType(type)) return inputOf(type.ofType, name, world, random)
  if (random.chance(0.05)) return null
  if (isListType(type)) {
    return Array.from({ length: random.pick([0, 1, 1, 2, 8]) }, () => inputOf(type.ofType, name, world, random))
  }
  if (isEnumType(type)) return random.chance(0.95) ? random.pick(type.getValues()).name : hostileText(random)
  if (isInputObjectType(type)) {
    return Object.fromEntries(
      Object.values(type.getFields()).flatMap((field) => {
        const isLeftOut = isNonNullType(field.type) ? random.chance(0.02) : random.chance(0.5)
        return isLeftOut ? [] : [[field.name, inputOf(field.type, field.name, world, random)]]
      }),
    )
  }
  return scalarOf(type.name, name, world, random)
}

function scalarOf(type: string, name: string, world: World, random: Random): unknown {
  if (random.chance(0.2)) return type === 'Int' ? hostileNumber(random) : hostileText(random)
  if (type === 'Int') return random.pick([0, 1, 1, 2, 5, 15, 30, 60, 100])
  if (type === 'Boolean') return random.chance(0.5)
  if (type === 'ID') return idOf(name, world, random)
  if (type === 'DateTime') return random.pick([world.startsAt, world.from, world.to])
  if (type === 'Date') return random.pick(['2027-03-28', '2028-02-29', '2026-12-31'])
  if (type === 'LocalTime') return random.pick(['09:00', '17:30', '00:00', '24:00'])
  if (type === 'TimeZone') return random.pick(['Europe/Berlin', 'UTC', 'Pacific/Apia'])
  if (type === 'PhoneNumber') return random.pick([world.phone, '030 23125111', '+12025550123'])
  if (name === 'after' || name === 'before') return random.pick([world.asOf, 'WzFd', hostileText(random)])
  if (/url/i.test(name)) return 'https://127.0.0.1:9/hook'
  return random.pick(['Ada', 'A longer text of some words', 'key-1', 'ada@example.org'])
}

function idOf(name: string, world: World, random: Random): string {
  const ids = Object.entries(world).filter(([key, value]) => key.endsWith('Id') && typeof value === 'string')
  const fitting = ids.find(
    ([key]) => key === name || `${key}s` === name || (name === 'candidateIds' && key === 'resourceId'),
  )
  return String(fitting && random.chance(0.9) ? fitting[1] : random.pick(ids)[1])
}

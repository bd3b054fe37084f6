// The public contract: the served schema contains all of it, and is described throughout.
import { readFileSync } from 'node:fs'
import {
  buildSchema,
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLNamedType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isUnionType,
  lexicographicSortSchema,
  printSchema,
  validateSchema,
} from 'graphql'
import { expect, test } from 'vitest'
import { createSchema } from '../../src/schema/schema.ts'

const contract = buildSchema(readFileSync(new URL('../../contract.graphql', import.meta.url), 'utf8'))
const served = createSchema()

test('the served schema is valid', () => {
  expect(validateSchema(served)).toEqual([])
})

test('the served schema contains the whole contract: names, arguments, types, nullability, defaults, members', () => {
  expect(linesOf(contract).filter((line) => !linesOf(served).includes(line))).toEqual([])
})

test('the comparison sees a missing field, argument, value, member, and a changed default or nullability', () => {
  const one = buildSchema(
    'type Query { a(x: Int = 1): Int! } enum E { A B } union U = Query | T type T { b: Int } input I { c: Int! }',
  )
  const other = buildSchema(
    'type Query { a(x: Int = 2): Int } enum E { A } union U = T type T { d: Int } input I { c: Int }',
  )
  const missing = linesOf(one).filter((line) => !linesOf(other).includes(line))
  expect(missing).toEqual([
    'object Query.a: Int!',
    'object Query.a(x: Int = 1)',
    'enum E.B',
    'union U = Query',
    'object T.b: Int',
    'input I.c: Int!',
  ])
})

test('what the served schema adds to a contract type can be left out by clients of the contract', () => {
  const required = Object.values(contract.getTypeMap()).flatMap((type) => requiredInputs(served.getType(type.name)))
  const known = Object.values(contract.getTypeMap()).flatMap(requiredInputs)
  const added = required.filter((input) => !known.includes(input))
  // A field that the contract does not have may require what it likes.
  expect(added.filter((input) => isInContract(input))).toEqual([])
})

test('every type, field, argument, input field and enum value is described', () => {
  expect(ownTypes(served).flatMap(undescribed)).toEqual([])
})

test('the printed schema is the one that was reviewed', async () => {
  await expect(`${printSchema(lexicographicSortSchema(served))}\n`).toMatchFileSnapshot('../../schema.graphql')
})

/** `Mutation.holdSlot(input)`, `SlotInput.startsAt`: an argument counts by its field, an input field by its type. */
function isInContract(input: string): boolean {
  const [typeName = '', fieldName = ''] = input.replace(/\(.*/, '').split('.')
  const type = contract.getType(typeName)
  return isObjectType(type) ? fieldName in type.getFields() : type !== undefined
}

/** One line for everything that a client can rely on. */
function linesOf(schema: GraphQLSchema): string[] {
  return ownTypes(schema).flatMap((type) => {
    if (isObjectType(type) || isInterfaceType(type)) {
      const kind = isObjectType(type) ? 'object' : 'interface'
      return [
        ...type.getInterfaces().map((each) => `${kind} ${type.name} implements ${each.name}`),
        ...Object.values(type.getFields()).flatMap((field) => [
          `${kind} ${type.name}.${field.name}: ${field.type}`,
          ...field.args.map((arg) => `${kind} ${type.name}.${field.name}(${lineOf(arg)})`),
        ]),
      ]
    }
    if (isUnionType(type)) return type.getTypes().map((member) => `union ${type.name} = ${member.name}`)
    if (isEnumType(type)) return type.getValues().map((value) => `enum ${type.name}.${value.name}`)
    if (isInputObjectType(type)) {
      return Object.values(type.getFields()).map((field) => `input ${type.name}.${lineOf(field)}`)
    }
    return [`scalar ${type.name}`]
  })
}

function lineOf({ name, type, defaultValue }: GraphQLArgument | GraphQLInputField): string {
  return `${name}: ${type}${defaultValue === undefined ? '' : ` = ${JSON.stringify(defaultValue)}`}`
}

function requiredInputs(type: GraphQLNamedType | undefined): string[] {
  const isRequired = (input: GraphQLArgument | GraphQLInputField) =>
    String(input.type).endsWith('!') && input.defaultValue === undefined
  if (isInputObjectType(type)) {
    return Object.values(type.getFields())
      .filter(isRequired)
      .map((field) => `${type.name}.${field.name}`)
  }
  if (!isObjectType(type)) return []
  return Object.values(type.getFields()).flatMap((field) =>
    field.args.filter(isRequired).map((arg) => `${type.name}.${field.name}(${arg.name})`),
  )
}

function undescribed(type: GraphQLNamedType): string[] {
  const missing: string[] = []
  const look = (name: string, { description }: { description?: string | null }) => {
    if (!description || description.length < 5) missing.push(name)
  }
  look(type.name, type)
  if (isObjectType(type) || isInterfaceType(type)) {
    for (const field of Object.values(type.getFields())) {
      look(`${type.name}.${field.name}`, field)
      for (const arg of field.args) look(`${type.name}.${field.name}(${arg.name})`, arg)
    }
  }
  if (isInputObjectType(type))
    for (const field of Object.values(type.getFields())) look(`${type.name}.${field.name}`, field)
  if (isEnumType(type)) for (const value of type.getValues()) look(`${type.name}.${value.name}`, value)
  return missing
}

function ownTypes(schema: GraphQLSchema): GraphQLNamedType[] {
  const builtIn = ['Int', 'Float', 'String', 'Boolean', 'ID']
  return Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__') && !builtIn.includes(name))
}

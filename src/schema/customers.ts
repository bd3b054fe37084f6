// Customers: who is served, known by phone.
import { listCustomers } from '../domain/people/customer-list.ts'
import { type CustomerRecord, findCustomerByPhone, updateCustomer, upsertCustomer } from '../domain/people/customers.ts'
import { BusyError, InvalidInputError, NotFoundError } from '../domain/vocabulary/refusals.ts'
import { AppointmentConnection, pageAppointmentsOf } from './appointment-pages.ts'
import { seesEveryone } from './machinery/access.ts'
import { builder } from './machinery/builder.ts'
import {
  connectionType,
  encodeCursor,
  PAGE_COSTS,
  PAGE_DESCRIPTIONS,
  readPageArguments,
  toConnection,
} from './machinery/connections.ts'
import type { Context } from './machinery/context.ts'
import { decodeId, encodeId } from './machinery/ids.ts'
import { idOrNobody, requireId } from './machinery/inputs.ts'
import { findNodesBy, Node } from './machinery/nodes.ts'
import { write } from './machinery/writes.ts'
import { Customer, type GuestOf } from './refs.ts'

Customer.implement({
  description: 'One person. One row per phone number and organization, however many callers create it at once.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.id({
      description: 'Opaque. To publishable keys and manage tokens it stands for the guest of one appointment.',
      resolve: (customer) => encodeId('customer', 'guestOf' in customer ? customer.guestOf.id : customer.id),
    }),
    name: t.string({
      description: 'As they are called.',
      resolve: (customer) => ('guestOf' in customer ? (customer.guestOf.guest?.name ?? 'Guest') : customer.name),
    }),
    phone: t.field({
      type: 'PhoneNumber',
      nullable: true,
      description: 'E.164. Null: withheld.',
      resolve: (customer) => ('guestOf' in customer ? customer.guestOf.guest?.phone : customer.phone),
    }),
    email: t.string({
      nullable: true,
      description: 'Where to write to.',
      resolve: (customer) => ('guestOf' in customer ? customer.guestOf.guest?.email : customer.email),
    }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'Since when they are known.',
      resolve: (customer) => ('guestOf' in customer ? customer.guestOf.createdAt : customer.createdAt),
    }),
    appointments: t.field({
      type: AppointmentConnection,
      description: 'Their appointments, by start.',
      ...PAGE_COSTS,
      args: {
        first: t.arg.int({ description: PAGE_DESCRIPTIONS.first }),
        after: t.arg.string({ description: PAGE_DESCRIPTIONS.after }),
        last: t.arg.int({ description: PAGE_DESCRIPTIONS.last }),
        before: t.arg.string({ description: PAGE_DESCRIPTIONS.before }),
      },
      resolve: (customer, page, ctx) =>
        'guestOf' in customer ? onlyThat(customer) : pageAppointmentsOf(ctx, customer.id, page),
    }),
  }),
})

function onlyThat({ guestOf }: GuestOf) {
  const cursor = encodeCursor([guestOf.startsAt, guestOf.id])
  return {
    edges: [{ node: guestOf, cursor }],
    pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: cursor, endCursor: cursor },
  }
}

findNodesBy('customer', 'Customer', findCustomer)

/** Null for what is not there, or not for this caller. */
function findCustomer(ctx: Context, id: string): Promise<CustomerRecord | null> | CustomerRecord | null {
  return seesEveryone(ctx) ? ctx.moment().customers.load(id) : null
}

const CustomerConnection = connectionType<CustomerRecord | GuestOf>('Customer', Customer, {
  connection: 'One page of customers, by name.',
})

builder.queryFields((t) => ({
  customer: t.field({
    type: Customer,
    nullable: true,
    description: 'One customer. Null: there is none with this id, or not for this key. Secret keys only.',
    authScopes: { signedIn: true },
    args: { id: t.arg.id({ required: true, description: 'The id of a customer.' }) },
    resolve: (_root, { id }, ctx) => {
      const uuid = decodeId('customer', id)
      return uuid === null ? null : findCustomer(ctx, uuid)
    },
  }),
  customerByPhone: t.field({
    type: Customer,
    nullable: true,
    description:
      'The customer with this number, however it is written. Null: nobody has it, it is withheld, or not for this key. What is no phone number: a top-level error BAD_USER_INPUT. Secret keys only.',
    authScopes: { signedIn: true },
    args: {
      phone: t.arg({ type: 'PhoneNumber', required: true, description: 'E.164, or as dialled at the location.' }),
      locationId: t.arg.id({
        description: "Whose country a national number is read in. Omitted: that of the organization's first location.",
      }),
    },
    resolve: (_root, { phone, locationId: location }, ctx) => {
      if (!seesEveryone(ctx)) return null
      const locationId = location == null ? null : idOrNobody('location', location)
      return ctx.read((tx) => findCustomerByPhone(tx, { phone, locationId }))
    },
  }),
  customers: t.field({
    type: CustomerConnection,
    description: 'The customers, by name. Empty to publishable keys and manage tokens.',
    authScopes: { signedIn: true },
    ...PAGE_COSTS,
    args: {
      search: t.arg.string({ description: 'Part of a name or e-mail address, or three digits and more of a number.' }),
      first: t.arg.int({ description: PAGE_DESCRIPTIONS.first }),
      after: t.arg.string({ description: PAGE_DESCRIPTIONS.after }),
      last: t.arg.int({ description: PAGE_DESCRIPTIONS.last }),
      before: t.arg.string({ description: PAGE_DESCRIPTIONS.before }),
    },
    resolve: async (_root, { search, ...args }, ctx) => {
      const page = readPageArguments(args, readPosition)
      const found = seesEveryone(ctx)
        ? await ctx.read((tx) => listCustomers(tx, { search, ...page }))
        : { rows: [], hasNextPage: false, hasPreviousPage: false }
      return toConnection(found, page, ({ name, id }) => [name, id])
    },
  }),
}))

function readPosition(carried: unknown) {
  const [name, id] = Array.isArray(carried) ? carried : []
  if (typeof name !== 'string' || typeof id !== 'string') return null
  return decodeId('customer', encodeId('customer', id)) === null ? null : { name, id }
}

const UpsertCustomerInput = builder.inputType('UpsertCustomerInput', {
  description: 'A customer, known by phone.',
  fields: (t) => ({
    name: t.string({ required: true, description: '1 to 200 characters. A known customer takes it.' }),
    phone: t.field({
      type: 'PhoneNumber',
      required: true,
      description: 'Who it is. A withheld number identifies nobody.',
    }),
    email: t.string({ description: 'At most 254 characters. Omitted or null: a known customer keeps the old one.' }),
    locationId: t.id({
      description: "Whose country a national number is read in. Omitted: that of the organization's first location.",
    }),
  }),
})

const UpdateCustomerInput = builder.inputType('UpdateCustomerInput', {
  description: 'Omitted fields stay as they are.',
  fields: (t) => ({
    customerId: t.id({ required: true, description: 'The customer to change.' }),
    name: t.string({ description: '1 to 200 characters. Null: unchanged.' }),
    phone: t.field({ type: 'PhoneNumber', description: 'The new number. Null: it is taken away.' }),
    email: t.string({ description: 'At most 254 characters. Null: it is taken away.' }),
  }),
})

builder.mutationFields((t) => ({
  upsertCustomer: t.field({
    type: Customer,
    description:
      'Finds or makes the customer with a phone number: one, however many callers do it at once and however they write the number. Secret keys only.',
    authScopes: { secret: true },
    errors: {
      types: [InvalidInputError, BusyError],
      union: { name: 'UpsertCustomerResult', description: 'The customer, or why there is none.' },
    },
    args: { input: t.arg({ type: UpsertCustomerInput, required: true, description: 'The customer.' }) },
    resolve: (_root, { input }, ctx) => {
      const locationId = input.locationId == null ? null : idOrNobody('location', input.locationId)
      return write(ctx, (tx) => upsertCustomer(tx, { ...input, locationId }))
    },
  }),
  updateCustomer: t.field({
    type: Customer,
    description: 'Changes what is known about a customer. Secret keys only.',
    authScopes: { secret: true },
    errors: {
      types: [InvalidInputError, NotFoundError, BusyError],
      union: {
        name: 'UpdateCustomerResult',
        description: 'InvalidInputError also when the phone belongs to another customer.',
      },
    },
    args: { input: t.arg({ type: UpdateCustomerInput, required: true, description: 'What to change.' }) },
    resolve: (_root, { input }, ctx) => {
      const customerId = requireId('customer', input.customerId)
      return write(ctx, (tx) => updateCustomer(tx, { ...input, customerId }))
    },
  }),
}))

// Personal data: handing out all that is kept about a customer, and forgetting them.
import { type Erased, eraseCustomer } from '../domain/outside/privacy/erase-customer.ts'
import { type CustomerExport, exportCustomer } from '../domain/outside/privacy/export-customer.ts'
import { BusyError, NotFoundError } from '../domain/vocabulary/refusals.ts'
import { builder } from './machinery/builder.ts'
import { callerOf } from './machinery/context.ts'
import { requireId } from './machinery/inputs.ts'
import { change, write } from './machinery/writes.ts'

const ExportedCustomer = builder.objectRef<CustomerExport>('ExportedCustomer').implement({
  description: 'All that is kept about a person.',
  fields: (t) => ({
    data: t.field({
      type: 'JSON',
      description:
        'The customer, their appointments with their histories and notes, their calls with transcripts and functions, and what receivers of webhooks were told.',
      resolve: (exported) => exported,
    }),
  }),
})

const ErasedCustomer = builder.objectRef<Erased>('ErasedCustomer').implement({
  description: 'A person who is forgotten.',
  fields: (t) => ({
    appointments: t.exposeInt('appointments', { description: 'How many of their appointments are nobody’s now.' }),
    calls: t.exposeInt('calls', { description: 'How many of their calls were emptied.' }),
    deliveries: t.exposeInt('deliveries', { description: 'How many recorded deliveries from outside were emptied.' }),
  }),
})

const ExportCustomerInput = builder.inputType('ExportCustomerInput', {
  description: 'Whose data.',
  fields: (t) => ({ customerId: t.id({ required: true, description: 'The customer.' }) }),
})

const EraseCustomerInput = builder.inputType('EraseCustomerInput', {
  description: 'Whom to forget.',
  fields: (t) => ({ customerId: t.id({ required: true, description: 'The customer.' }) }),
})

builder.mutationFields((t) => ({
  exportCustomer: t.field({
    type: ExportedCustomer,
    description: 'Hands out all that is kept about a person, as one JSON value. Changes nothing. Secret keys only.',
    authScopes: { secret: true },
    errors: {
      types: [NotFoundError, BusyError],
      union: { name: 'ExportCustomerResult', description: 'The data, or why there is none.' },
    },
    args: { input: t.arg({ type: ExportCustomerInput, required: true, description: 'Whose data.' }) },
    resolve: (_root, { input }, ctx) => {
      const customerId = requireId('customer', input.customerId)
      return write(ctx, (tx) => exportCustomer(tx, customerId))
    },
  }),
  eraseCustomer: t.field({
    type: ErasedCustomer,
    description:
      'Forgets a person: name, number, address, notes, reasons, calls and what was received about them go, for good. Their appointments and histories stay and belong to nobody. What an outside calendar or a receiver of webhooks was told before stays with them. Secret keys only.',
    authScopes: { secret: true },
    errors: {
      types: [NotFoundError, BusyError],
      union: { name: 'EraseCustomerResult', description: 'What was erased, or why nothing was.' },
    },
    args: { input: t.arg({ type: EraseCustomerInput, required: true, description: 'Whom to forget.' }) },
    resolve: (_root, { input }, ctx) => {
      const customerId = requireId('customer', input.customerId)
      return change(ctx, () => eraseCustomer(ctx.db, { organizationId: callerOf(ctx).organizationId, customerId }))
    },
  }),
}))

// Time off: one-off absences and closures.

import { addTimeOff, loadTimeOffs, removeTimeOff } from '../domain/catalogue/time-off.ts'
import { BusyError, InvalidInputError, NotFoundError } from '../domain/vocabulary/refusals.ts'
import { seesEveryone, seesPrivateNotes } from './machinery/access.ts'
import { builder } from './machinery/builder.ts'
import { encodeId } from './machinery/ids.ts'
import { requireId } from './machinery/inputs.ts'
import { findNodesBy, Node } from './machinery/nodes.ts'
import { write } from './machinery/writes.ts'
import { Appointment, Resource, TimeOff } from './refs.ts'

TimeOff.implement({
  description:
    'A one-off absence or closure. conflicts: confirmed appointments that it covers; they stay until someone moves them.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.id({ description: 'Opaque.', resolve: ({ id }) => encodeId('time_off', id) }),
    resource: t.field({
      type: Resource,
      description: 'Who is away, or what is closed.',
      resolve: ({ resourceId }) => ({ id: resourceId }),
    }),
    startsAt: t.expose('startsAt', { type: 'DateTime', description: 'Inclusive.' }),
    endsAt: t.expose('endsAt', { type: 'DateTime', description: 'Exclusive.' }),
    reason: t.string({
      nullable: true,
      description: 'Why, for the staff. Null to publishable keys and manage tokens.',
      resolve: ({ reason }, _args, ctx) => (seesPrivateNotes(ctx) ? reason : null),
    }),
    conflicts: t.field({
      type: [Appointment],
      description:
        'Confirmed appointments that it covers, buffers included, earliest first; they stay until someone moves them. Empty to publishable keys and manage tokens.',
      resolve: async ({ id }, _args, ctx) => {
        if (!seesEveryone(ctx)) return []
        const { timeOffConflicts, appointments } = ctx.moment()
        const ids = (await timeOffConflicts.load(id)) ?? []
        const conflicts = await Promise.all(ids.map((appointmentId) => appointments.load(appointmentId)))
        return conflicts.filter((appointment) => appointment !== null)
      },
    }),
  }),
})

findNodesBy('time_off', 'TimeOff', async (ctx, id) => {
  const found = await ctx.read((tx) => loadTimeOffs(tx, [id]))
  return found.get(id) ?? null
})

const AddTimeOffInput = builder.inputType('AddTimeOffInput', {
  description: 'An absence or closure.',
  fields: (t) => ({
    resourceId: t.id({ required: true, description: 'Who is away, or what is closed.' }),
    startsAt: t.field({ type: 'DateTime', required: true, description: 'Inclusive.' }),
    endsAt: t.field({ type: 'DateTime', required: true, description: 'Exclusive; after startsAt.' }),
    reason: t.string({ description: 'Why, for the staff. At most 2000 characters.' }),
  }),
})

const RemoveTimeOffInput = builder.inputType('RemoveTimeOffInput', {
  description: 'The time off that is called off.',
  fields: (t) => ({ timeOffId: t.id({ required: true, description: 'The time off to remove.' }) }),
})

builder.mutationFields((t) => ({
  addTimeOff: t.field({
    type: TimeOff,
    description:
      'Takes a resource out for a while. Appointments that it covers stay and are listed as conflicts. Live views are told. Secret keys only.',
    authScopes: { secret: true },
    errors: {
      types: [InvalidInputError, NotFoundError, BusyError],
      union: { name: 'AddTimeOffResult', description: 'The time off, or why there is none.' },
    },
    args: { input: t.arg({ type: AddTimeOffInput, required: true, description: 'Who is away, and when.' }) },
    resolve: (_root, { input }, ctx) => {
      const resourceId = requireId('resource', input.resourceId)
      return write(ctx, (tx) => addTimeOff(tx, { ...input, resourceId }))
    },
  }),
  removeTimeOff: t.field({
    type: Resource,
    description: 'Calls a time off off: the resource works by its hours again. Answers the resource. Secret keys only.',
    authScopes: { secret: true },
    errors: {
      types: [NotFoundError, BusyError],
      union: { name: 'RemoveTimeOffResult', description: 'The resource, or why nothing changed.' },
    },
    args: { input: t.arg({ type: RemoveTimeOffInput, required: true, description: 'Which time off.' }) },
    resolve: (_root, { input }, ctx) => {
      const timeOffId = requireId('time_off', input.timeOffId)
      return write(ctx, (tx) => removeTimeOff(tx, { timeOffId }))
    },
  }),
}))

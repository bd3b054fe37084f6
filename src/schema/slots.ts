// Slots, and why a start is none.

import { explainSlot } from '../domain/availability/slot-explanations.ts'
import type { SlotBlock as SlotBlockRecord, SlotSegment as SlotSegmentRecord } from '../domain/vocabulary/types.ts'
import { UnavailableReason } from './enums.ts'
import { builder } from './machinery/builder.ts'
import { costs } from './machinery/costs.ts'
import { readSlot } from './machinery/inputs.ts'
import { ClaimedSegment, type Reference, Resource, Slot, SlotBlock } from './refs.ts'

const SlotSegment = builder.objectRef<SlotSegmentRecord>('SlotSegment').implement({
  description:
    'candidates: every resource that takes part in at least one complete way to serve this slot; empty for a processing gap.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The name of the segment.' }),
    startsAt: t.expose('startsAt', { type: 'DateTime', description: 'Without the buffer.' }),
    endsAt: t.expose('endsAt', { type: 'DateTime', description: 'Without the buffer.' }),
    candidates: t.field({
      type: [Resource],
      description:
        'Every resource that takes part in at least one complete way to serve this slot; empty for a processing gap.',
      resolve: ({ candidateIds }) => referencesTo(candidateIds),
    }),
  }),
})

Slot.implement({
  description: 'A start that could be booked now. Within one answer a slot is known by its startsAt.',
  fields: (t) => ({
    startsAt: t.expose('startsAt', { type: 'DateTime', description: 'The start; book or hold the slot by it.' }),
    endsAt: t.expose('endsAt', { type: 'DateTime', description: 'The end of the last segment.' }),
    segments: t.expose('segments', { type: [SlotSegment], description: "The service's segments at this start." }),
  }),
})

ClaimedSegment.implement({
  description: 'What a hold or an appointment has claimed. The claim covers the buffers too; the times here do not.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The name of the segment on the day it was claimed.' }),
    startsAt: t.expose('startsAt', { type: 'DateTime', description: 'Without the buffer.' }),
    endsAt: t.expose('endsAt', { type: 'DateTime', description: 'Without the buffer.' }),
    resources: t.field({
      type: [Resource],
      description: "Who and what serves it, one for each of the segment's groups; empty for a processing gap.",
      resolve: ({ resourceIds }) => referencesTo(resourceIds),
    }),
  }),
})

SlotBlock.implement({
  description: 'One rule that says no to a start.',
  fields: (t) => ({
    reason: t.expose('reason', { type: UnavailableReason, description: 'Which rule.' }),
    message: t.exposeString('message', { description: 'A sentence for people, in English.' }),
    resource: t.field({
      type: Resource,
      nullable: true,
      description: 'Whom the rule speaks of. Null: the service as a whole.',
      resolve: ({ resourceId }) => (resourceId === null ? null : { id: resourceId }),
    }),
    until: t.expose('until', {
      type: 'DateTime',
      nullable: true,
      description: 'When this rule no longer says no, as far as is known now. Null: not known, or never.',
    }),
  }),
})

const SlotExplanation = builder.objectRef<{ reasons: SlotBlockRecord[] }>('SlotExplanation').implement({
  description: 'Why a start can or cannot be booked: every rule that says no, not only the first.',
  fields: (t) => ({
    bookable: t.boolean({
      description: 'True: holding or booking it now would succeed.',
      resolve: ({ reasons }) => reasons.length === 0,
    }),
    reasons: t.expose('reasons', { type: [SlotBlock], description: 'Every rule that says no. Empty if bookable.' }),
  }),
})

export const SlotInput = builder.inputType('SlotInput', {
  description: 'One start of one service, and by whom.',
  fields: (t) => ({
    serviceId: t.id({ required: true, description: 'The service.' }),
    startsAt: t.field({ type: 'DateTime', required: true, description: 'The start, as a slot names it.' }),
    resourceIds: t.idList({
      required: { list: false, items: false },
      description:
        "In the order of the segments' groups; omitted or null entries: the server picks, fairly, and falls through to the next in the same request.",
    }),
  }),
})

builder.queryField('explainSlot', (t) =>
  t.field({
    type: SlotExplanation,
    description:
      'Why a start can or cannot be booked now. An unknown service or resource: a top-level error BAD_USER_INPUT.',
    authScopes: { signedIn: true },
    ...costs({ field: 200 }),
    args: { input: t.arg({ type: SlotInput, required: true, description: 'The start to explain.' }) },
    resolve: async (_root, { input }, ctx) => {
      const wish = readSlot(input)
      return { reasons: await ctx.read((tx) => explainSlot(tx, wish)) }
    },
  }),
)

// Neighbouring slots share their lists of candidates; so do the references to them.
const references = new WeakMap<readonly string[], Reference[]>()

function referencesTo(ids: readonly string[]): Reference[] {
  const known = references.get(ids)
  if (known) return known
  const made = ids.map((id) => ({ id }))
  references.set(ids, made)
  return made
}

// Holds: slots kept for a short time.
import { extendHold } from '../domain/bookings/extend-hold.ts'
import { placeHold } from '../domain/bookings/place-hold.ts'
import { releaseHold } from '../domain/bookings/release-hold.ts'
import {
  BusyError,
  HoldExpiredError,
  HoldLimitReachedError,
  HoldNotActiveError,
  IdempotencyKeyReusedError,
  InvalidInputError,
  NotFoundError,
  SlotUnavailableError,
} from '../domain/vocabulary/refusals.ts'
import { HoldStatus } from './enums.ts'
import { seesEveryone, seesHold } from './machinery/access.ts'
import { builder } from './machinery/builder.ts'
import { type Context, callerOf } from './machinery/context.ts'
import { decodeId, encodeId } from './machinery/ids.ts'
import { checkBounds, optionalId, readSlot, requireId } from './machinery/inputs.ts'
import { findNodesBy, Node } from './machinery/nodes.ts'
import { change } from './machinery/writes.ts'
import { ClaimedSegment, Hold, Service } from './refs.ts'
import { SlotInput } from './slots.ts'

Hold.implement({
  description:
    'A slot kept for a short time, e.g. while a caller spells a name. It binds: until it ends, booking it succeeds.',
  interfaces: [Node],
  fields: (t) => ({
    id: t.id({ description: 'Opaque.', resolve: ({ id }) => encodeId('hold', id) }),
    status: t.expose('status', { type: HoldStatus, description: 'Where it stands, by the clock of the database.' }),
    service: t.field({
      type: Service,
      description: 'What is held.',
      resolve: ({ serviceId }) => ({ id: serviceId }),
    }),
    startsAt: t.expose('startsAt', { type: 'DateTime', description: 'The start of the slot.' }),
    endsAt: t.expose('endsAt', { type: 'DateTime', description: 'The end of the slot.' }),
    segments: t.expose('segments', { type: [ClaimedSegment], description: 'Who and what is held, and when.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'It is dead from this instant on.' }),
    sessionKey: t.exposeString('sessionKey', {
      nullable: true,
      description: 'The conversation or browser tab that holds, as given.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was placed.' }),
  }),
})

findNodesBy('hold', 'Hold', findHold)

builder.queryField('hold', (t) =>
  t.field({
    type: Hold,
    nullable: true,
    description: 'One hold. Null: there is none with this id, or it was placed with another key.',
    authScopes: { signedIn: true },
    args: { id: t.arg.id({ required: true, description: 'The id of a hold.' }) },
    resolve: (_root, { id }, ctx) => {
      const uuid = decodeId('hold', id)
      return uuid === null ? null : findHold(ctx, uuid)
    },
  }),
)

async function findHold(ctx: Context, id: string) {
  const hold = await ctx.moment().holds.load(id)
  return hold && seesHold(ctx, hold) ? hold : null
}

const HoldSlotInput = builder.inputType('HoldSlotInput', {
  description: 'The slot to keep, and for how long.',
  fields: (t) => ({
    slot: t.field({ type: SlotInput, required: true, description: 'The start, and by whom.' }),
    ttlSeconds: t.int({ description: 'Default 300, at most 1800. At least 1.' }),
    sessionKey: t.string({
      description:
        'The conversation or browser tab that holds. A new hold of the same session replaces its older one when replace is true. Of a publishable key it counts from one address only: nobody else gets at a session by guessing it. 1 to 255 characters.',
    }),
    replace: t.boolean({
      defaultValue: false,
      description: 'True: the older holds of the session end, if this one succeeds.',
    }),
    customerId: t.id({
      description:
        'For whom: alternatives leave out what clashes with their appointments. Secret keys only; to others it names nobody.',
    }),
    holdAlternative: t.boolean({
      defaultValue: false,
      description: 'On a refusal, hold the best alternative at once: SlotUnavailableError.heldAlternative.',
    }),
    allowCustomerConflict: t.boolean({
      description:
        'True: it is meant, although the customer has another appointment at this time. Otherwise that is refused as CUSTOMER_CONFLICT, to secret keys; others are not told of it.',
    }),
    idempotencyKey: t.string({
      description:
        'Your name for this attempt. The same key with the same request runs once, for 24 hours; every repetition gets the same answer. 1 to 255 characters.',
    }),
  }),
})

const ExtendHoldInput = builder.inputType('ExtendHoldInput', {
  description: 'The hold to keep for longer.',
  fields: (t) => ({
    holdId: t.id({ required: true, description: 'The hold.' }),
    ttlSeconds: t.int({ description: 'Seconds from now: 1 to 1800. Default 300.' }),
  }),
})

const ReleaseHoldInput = builder.inputType('ReleaseHoldInput', {
  description: 'The hold to give back.',
  fields: (t) => ({ holdId: t.id({ required: true, description: 'The hold.' }) }),
})

builder.mutationFields((t) => ({
  holdSlot: t.field({
    type: Hold,
    description:
      'Keeps a slot for a short time. Until the hold expires nobody else can take it, and booking it succeeds. Secret and publishable keys.',
    authScopes: { booking: true },
    errors: {
      types: [
        SlotUnavailableError,
        HoldLimitReachedError,
        IdempotencyKeyReusedError,
        InvalidInputError,
        NotFoundError,
        BusyError,
      ],
      union: { name: 'HoldSlotResult', description: 'The hold, or why there is none.' },
    },
    args: { input: t.arg({ type: HoldSlotInput, required: true, description: 'The slot to keep.' }) },
    resolve: (_root, { input }, ctx) => {
      checkBounds(input)
      if (input.customerId != null && !seesEveryone(ctx)) throw new NotFoundError('customer')
      const wish = {
        caller: callerOf(ctx),
        slot: readSlot(input.slot),
        ttlSeconds: input.ttlSeconds ?? null,
        sessionKey: input.sessionKey ?? null,
        allowsCustomerConflict: input.allowCustomerConflict ?? false,
        replace: input.replace ?? false,
        customerId: optionalId('customer', input.customerId),
        holdAlternative: input.holdAlternative ?? false,
        idempotencyKey: input.idempotencyKey ?? null,
      }
      return change(ctx, () => placeHold(ctx.lane, wish))
    },
  }),
  extendHold: t.field({
    type: Hold,
    description:
      'Keeps a live hold for longer, at most an hour in all. The new end counts from now. Secret and publishable keys.',
    authScopes: { booking: true },
    errors: {
      types: [HoldExpiredError, HoldNotActiveError, InvalidInputError, NotFoundError, BusyError],
      union: { name: 'ExtendHoldResult', description: 'The hold with its new end, or why nothing changed.' },
    },
    args: { input: t.arg({ type: ExtendHoldInput, required: true, description: 'The hold to keep.' }) },
    resolve: (_root, { input }, ctx) => {
      const holdId = requireId('hold', input.holdId)
      const ttlSeconds = input.ttlSeconds ?? null
      return change(ctx, () => extendHold(ctx.lane, { caller: callerOf(ctx), holdId, ttlSeconds }))
    },
  }),
  releaseHold: t.field({
    type: Hold,
    description: 'Gives a held slot back before its time. Secret and publishable keys.',
    authScopes: { booking: true },
    errors: {
      types: [HoldNotActiveError, NotFoundError, BusyError],
      union: { name: 'ReleaseHoldResult', description: 'The released hold, or why nothing changed.' },
    },
    args: { input: t.arg({ type: ReleaseHoldInput, required: true, description: 'The hold to give back.' }) },
    resolve: (_root, { input }, ctx) => {
      const holdId = requireId('hold', input.holdId)
      return change(ctx, () => releaseHold(ctx.lane, { caller: callerOf(ctx), holdId }))
    },
  }),
}))

// Refusals as types: the Error interface and every member of the result unions.
import * as refused from '../domain/vocabulary/refusals.ts'
import { AppointmentStatus, ErrorCode, HoldLimitScope, HoldStatus } from './enums.ts'
import { builder } from './machinery/builder.ts'
import { Hold, Policy, Slot, SlotBlock } from './refs.ts'

const ErrorInterface = builder.interfaceRef<refused.Refusal>('Error').implement({
  description:
    'An expected refusal. Nothing was done. Each mutation names its refusals in its result union; faults are top-level errors instead.',
  fields: (t) => ({
    message: t.exposeString('message', { description: 'A sentence for people, in English.' }),
    code: t.expose('code', { type: ErrorCode, description: 'The machine-readable name; one for each type.' }),
  }),
})

const interfaces = [ErrorInterface]
const ALTERNATIVES = 'The best open slots near the wish, best first, computed at the same instant as the refusal.'

builder.objectType(refused.SlotUnavailableError, {
  name: 'SlotUnavailableError',
  description:
    'The slot went to somebody else, or was never open. It helps: ranked alternatives, computed at the same instant.',
  interfaces,
  fields: (t) => ({
    reasons: t.expose('reasons', { type: [SlotBlock], description: 'Every rule that says no, not only the first.' }),
    alternatives: t.expose('alternatives', { type: [Slot], description: ALTERNATIVES }),
    heldAlternative: t.field({
      type: Hold,
      nullable: true,
      description: 'Set when the input asked holdAlternative: the best alternative, already held for the caller.',
      resolve: ({ heldAlternative: hold }, _args, ctx) => hold && ctx.moment().holds.load(hold.id),
    }),
  }),
})

builder.objectType(refused.HoldExpiredError, {
  name: 'HoldExpiredError',
  description: "The hold's time ran out before the request.",
  interfaces,
  fields: (t) => ({ alternatives: t.expose('alternatives', { type: [Slot], description: ALTERNATIVES }) }),
})

builder.objectType(refused.HoldNotActiveError, {
  name: 'HoldNotActiveError',
  description: 'The hold was released, booked or belongs to someone else.',
  interfaces,
  fields: (t) => ({ status: t.expose('status', { type: HoldStatus, description: 'Where the hold stands.' }) }),
})

builder.objectType(refused.HoldLimitReachedError, {
  name: 'HoldLimitReachedError',
  description:
    'The session, the key or the address of the client has too many live holds. Release one, or place the new one with replace: true.',
  interfaces,
  fields: (t) => ({
    limit: t.exposeInt('limit', { description: 'How many holds can be live at once.' }),
    scope: t.expose('scope', { type: HoldLimitScope, description: 'Which holds are counted.' }),
    retryAfterMs: t.exposeInt('retryAfterMs', {
      nullable: true,
      description: 'Milliseconds until the first of them ends by itself.',
    }),
  }),
})

builder.objectType(refused.BookingLimitReachedError, {
  name: 'BookingLimitReachedError',
  description: 'Too many appointments were booked for this phone number with publishable keys in the last 24 hours.',
  interfaces,
  fields: (t) => ({
    limit: t.exposeInt('limit', { description: 'How many can be booked in 24 hours.' }),
    retryAfterMs: t.exposeInt('retryAfterMs', {
      nullable: true,
      description: 'Milliseconds until one more can be booked.',
    }),
  }),
})

builder.objectType(refused.VersionConflictError, {
  name: 'VersionConflictError',
  description: 'Someone else changed it first.',
  interfaces,
  fields: (t) => ({
    currentVersion: t.exposeInt('currentVersion', {
      description: 'The version it is at now. Read it again, then decide.',
    }),
  }),
})

builder.objectType(refused.InvalidTransitionError, {
  name: 'InvalidTransitionError',
  description: "The appointment's status does not allow this change (e.g. rescheduling a cancelled one).",
  interfaces,
  fields: (t) => ({
    currentStatus: t.expose('currentStatus', { type: AppointmentStatus, description: 'Where the appointment stands.' }),
  }),
})

builder.objectType(refused.PolicyViolationError, {
  name: 'PolicyViolationError',
  description: 'The policy in force does not allow this change to this caller. A secret key may override it.',
  interfaces,
  fields: (t) => ({
    policy: t.expose('policy', { type: Policy, description: 'The policy version that judged.' }),
    allowedUntil: t.expose('allowedUntil', {
      type: 'DateTime',
      nullable: true,
      description:
        'Until when the change would have been allowed. Null: it never was, or the number of moves is used up.',
    }),
  }),
})

builder.objectType(refused.IdempotencyKeyReusedError, {
  name: 'IdempotencyKeyReusedError',
  description: 'The key was used before with a different request.',
  interfaces,
})

const InputIssue = builder.objectRef<refused.InputIssue>('InputIssue').implement({
  description: 'One thing that is wrong with the input.',
  fields: (t) => ({
    path: t.exposeStringList('path', {
      description:
        'Where, inside the mutation\'s input: `["slot", "startsAt"]`; positions in lists are numbers from 0.',
    }),
    message: t.exposeString('message', { description: 'What is wrong, and what would be right.' }),
  }),
})

builder.objectType(refused.InvalidInputError, {
  name: 'InvalidInputError',
  description: 'The input breaks rules that its types cannot express. Everything that is wrong is named at once.',
  interfaces,
  fields: (t) => ({ issues: t.expose('issues', { type: [InputIssue], description: 'Everything that is wrong.' }) }),
})

builder.objectType(refused.NotFoundError, {
  name: 'NotFoundError',
  description: 'An id names nothing, or nothing that this caller may see.',
  interfaces,
})

builder.objectType(refused.BusyError, {
  name: 'BusyError',
  description:
    'The slot is being fought over and the wait ran out. Nothing was done; the same request may be sent again.',
  interfaces,
  fields: (t) => ({
    retryAfterMs: t.exposeInt('retryAfterMs', { description: 'Milliseconds to wait before the next attempt.' }),
  }),
})

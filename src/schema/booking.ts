// Booking an appointment: from a hold or directly.
import { type BookedAppointment as BookedRecord, bookAppointment } from '../domain/bookings/book-appointment.ts'
import {
  BookingLimitReachedError,
  BusyError,
  HoldExpiredError,
  HoldNotActiveError,
  IdempotencyKeyReusedError,
  type InputIssue,
  InvalidInputError,
  NotFoundError,
  SlotUnavailableError,
} from '../domain/vocabulary/refusals.ts'
import { OnUnavailable } from './enums.ts'
import { seesEveryone } from './machinery/access.ts'
import { builder } from './machinery/builder.ts'
import { callerOf } from './machinery/context.ts'
import { checkBounds, optionalId, readSlot } from './machinery/inputs.ts'
import { change } from './machinery/writes.ts'
import { Appointment } from './refs.ts'
import { SlotInput } from './slots.ts'

const BookedAppointment = builder.objectRef<BookedRecord>('BookedAppointment').implement({
  description: 'A booking that succeeded.',
  fields: (t) => ({
    appointment: t.expose('appointment', { type: Appointment, description: 'The appointment.' }),
    usedAlternative: t.exposeBoolean('usedAlternative', {
      description: 'True: the wish was gone and an alternative was booked.',
    }),
    manageToken: t.exposeString('manageToken', {
      description:
        'Bearer token for this appointment alone: its guest may read, reschedule and cancel it, nothing else. The same for every repetition of the request.',
    }),
  }),
})

const CustomerInput = builder.inputType('CustomerInput', {
  description:
    'Who it is for. A phone number that is known leads to the customer it belongs to; nothing about them changes.',
  fields: (t) => ({
    name: t.string({ required: true, description: '1 to 200 characters.' }),
    phone: t.field({
      type: 'PhoneNumber',
      description: "Read in the country of the service's location. Omitted or withheld: a customer of its own.",
    }),
    email: t.string({ description: 'At most 254 characters.' }),
  }),
})

const BookAppointmentInput = builder.inputType('BookAppointmentInput', {
  description: 'Give holdId or slot, and customerId or customer.',
  fields: (t) => ({
    holdId: t.id({ description: 'A live hold: booking it succeeds.' }),
    slot: t.field({ type: SlotInput, description: 'A slot that is not held.' }),
    customerId: t.id({ description: 'A known customer. Secret keys only; to others it names nobody.' }),
    customer: t.field({ type: CustomerInput, description: 'Who it is for, as they tell.' }),
    notes: t.string({ description: 'Kept with the appointment. At most 2000 characters.' }),
    onUnavailable: t.field({
      type: OnUnavailable,
      defaultValue: 'REFUSE',
      description:
        'What to do when the slot is gone: refuse with alternatives, or book the best one within the given distance.',
    }),
    alternativeWithinMinutes: t.int({
      description: 'How far from the wish an alternative may be, both ways. 1 to 44640 (31 days). Default 7 days.',
    }),
    sessionKey: t.string({
      description: 'The session of the hold, if it was placed with one. 1 to 255 characters.',
    }),
    allowCustomerConflict: t.boolean({
      description:
        'True: it is meant, although the customer has another appointment at this time. Otherwise that is refused as CUSTOMER_CONFLICT, to secret keys; others are not told of it.',
    }),
    idempotencyKey: t.string({
      description:
        'Your name for this attempt. The same key with the same request runs once, for 24 hours; every repetition gets the same answer. A refusal keeps no key. 1 to 255 characters.',
    }),
  }),
})

builder.mutationField('bookAppointment', (t) =>
  t.field({
    type: BookedAppointment,
    description:
      'Books an appointment, from a hold or directly. It cannot double-book: of any number of callers for one slot exactly one succeeds, and the others get reasons and alternatives of the same instant. Secret and publishable keys.',
    authScopes: { booking: true },
    errors: {
      types: [
        SlotUnavailableError,
        HoldExpiredError,
        HoldNotActiveError,
        BookingLimitReachedError,
        IdempotencyKeyReusedError,
        InvalidInputError,
        NotFoundError,
        BusyError,
      ],
      union: { name: 'BookAppointmentResult', description: 'The booking, or why there is none.' },
    },
    args: { input: t.arg({ type: BookAppointmentInput, required: true, description: 'What to book, and for whom.' }) },
    resolve: (_root, { input }, ctx) => {
      checkBooking(input)
      if (input.customerId != null && !seesEveryone(ctx)) throw new NotFoundError('customer')
      const wish = {
        caller: callerOf(ctx),
        holdId: optionalId('hold', input.holdId),
        slot: input.slot ? readSlot(input.slot) : null,
        customerId: optionalId('customer', input.customerId),
        customer: input.customer
          ? { name: input.customer.name, phone: input.customer.phone ?? null, email: input.customer.email ?? null }
          : null,
        notes: input.notes ?? null,
        onUnavailable: input.onUnavailable ?? ('REFUSE' as const),
        alternativeWithinMinutes: input.alternativeWithinMinutes ?? null,
        sessionKey: input.sessionKey ?? null,
        allowsCustomerConflict: input.allowCustomerConflict ?? false,
        idempotencyKey: input.idempotencyKey ?? null,
      }
      return change(ctx, () => bookAppointment(ctx.lane, wish))
    },
  }),
)

const LONGEST_WITHIN_MINUTES = 31 * 24 * 60

function checkBooking(input: typeof BookAppointmentInput.$inferInput): void {
  const issues: InputIssue[] = []
  if ((input.holdId == null) === (input.slot == null)) {
    issues.push({ path: ['slot'], message: 'Give either holdId or slot.' })
  }
  if ((input.customerId == null) === (input.customer == null)) {
    issues.push({ path: ['customer'], message: 'Give either customerId or customer.' })
  }
  const within = input.alternativeWithinMinutes
  if (within != null && (within < 1 || within > LONGEST_WITHIN_MINUTES)) {
    issues.push({
      path: ['alternativeWithinMinutes'],
      message: `Must be between 1 and ${LONGEST_WITHIN_MINUTES} (31 days).`,
    })
  }
  checkBounds(input, issues)
}

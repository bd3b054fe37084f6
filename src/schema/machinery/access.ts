// Who sees what: the rules that hide, beside the scopes that refuse.

import type { StoredHold } from '../../domain/bookings/holds.ts'
import { seesCustomers } from '../../domain/people/callers.ts'
import { type Context, callerOf } from './context.ts'

/** Secret keys see every appointment, a manage token its own, a publishable key none. */
export function seesAppointment(ctx: Context, appointmentId: string): boolean {
  const caller = callerOf(ctx)
  return seesCustomers(caller) || (caller.kind === 'MANAGE' && caller.appointmentId === appointmentId)
}

/** Secret keys see every hold, a publishable key those placed with it. */
export function seesHold(ctx: Context, hold: StoredHold): boolean {
  const caller = callerOf(ctx)
  return seesCustomers(caller) || hold.caller === caller.id
}

/** Customers, their appointments, and who else is booked. */
export function seesEveryone(ctx: Context): boolean {
  return seesCustomers(callerOf(ctx))
}

/** Why somebody is away is nobody's business but the organization's. */
export function seesPrivateNotes(ctx: Context): boolean {
  return seesCustomers(callerOf(ctx))
}

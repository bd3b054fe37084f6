// Rules on a change of an appointment under the policy read in its transaction.
import type { Tx } from '../../db/transaction.ts'
import { effectivePolicy } from '../catalogue/policies.ts'
import { judgeChange } from '../catalogue/policy-judgement.ts'
import type { Caller } from '../people/callers.ts'
import { type Policy, PolicyViolationError } from '../vocabulary/refusals.ts'
import type { Instant } from '../vocabulary/types.ts'
import type { StoredAppointment } from './appointments.ts'

export interface Ruling {
  policy: Policy
  /** The policy forbade it and the caller was entitled to do it all the same. */
  policyOverridden: boolean
}

/** A secret key may override a policy, a guest may not: throws PolicyViolationError. */
export async function judgeByPolicy(
  tx: Tx,
  input: { appointment: StoredAppointment; caller: Caller; change: 'CANCEL' | 'RESCHEDULE'; now: Instant },
): Promise<Ruling> {
  const { appointment, caller, change, now } = input
  const { serviceId, segments, startsAt, rescheduleCount } = appointment
  const resourceIds = [...new Set(segments.flatMap((segment) => segment.resourceIds))]
  const policy = await effectivePolicy(tx, { serviceId, resourceIds })
  const { allowed, message, allowedUntil } = judgeChange({ policy, change, startsAt, rescheduleCount, now })
  if (!allowed && caller.kind !== 'SECRET') throw new PolicyViolationError(message, policy, allowedUntil)
  return { policy, policyOverridden: !allowed }
}

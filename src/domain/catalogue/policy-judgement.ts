// Judges whether a policy allows a change of an appointment, and until when it would have.
import type { Policy } from '../vocabulary/refusals.ts'
import type { Instant } from '../vocabulary/types.ts'

export interface PolicyJudgement {
  allowed: boolean
  /** Why not; empty when allowed. */
  message: string
  /** The last instant at which the change is allowed; null when none would be. */
  allowedUntil: Instant | null
}

/** The notice runs to the present start: the change is allowed up to and at `startsAt` less the notice. */
export function judgeChange(input: {
  policy: Policy
  change: 'CANCEL' | 'RESCHEDULE'
  startsAt: Instant
  rescheduleCount: number
  now: Instant
}): PolicyJudgement {
  const { policy, change, startsAt, rescheduleCount, now } = input
  if (change === 'RESCHEDULE' && policy.maxReschedules !== null && rescheduleCount >= policy.maxReschedules) {
    const times = policy.maxReschedules === 1 ? 'once' : `${policy.maxReschedules} times`
    const message =
      policy.maxReschedules === 0
        ? 'This appointment cannot be rescheduled.'
        : `This appointment can be rescheduled ${times}, and it has been.`
    return { allowed: false, message, allowedUntil: null }
  }
  const noticeMinutes = change === 'CANCEL' ? policy.cancelNoticeMinutes : policy.rescheduleNoticeMinutes
  const allowedUntil = startsAt - noticeMinutes * 60_000
  if (now <= allowedUntil) return { allowed: true, message: '', allowedUntil }
  const until = new Date(allowedUntil).toISOString().replace('.000Z', 'Z')
  const verb = change === 'CANCEL' ? 'Cancelling' : 'Rescheduling'
  const before = noticeMinutes === 0 ? 'before the start' : `at least ${noticeMinutes} minutes before the start`
  return { allowed: false, message: `${verb} is possible ${before}; that was until ${until}.`, allowedUntil }
}

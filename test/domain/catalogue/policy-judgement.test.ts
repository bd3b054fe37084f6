import { describe, expect, test } from 'vitest'
import { judgeChange } from '../../../src/domain/catalogue/policy-judgement.ts'
import type { Policy } from '../../../src/domain/vocabulary/refusals.ts'

const MINUTE = 60_000
const START = Date.UTC(2027, 4, 3, 12)
const policy: Policy = {
  scope: 'ORGANIZATION',
  scopeId: 'organization',
  version: 1,
  cancelNoticeMinutes: 60,
  rescheduleNoticeMinutes: 30,
  maxReschedules: 2,
}
const judge = (change: 'CANCEL' | 'RESCHEDULE', now: number, rescheduleCount = 0, changes: Partial<Policy> = {}) =>
  judgeChange({ policy: { ...policy, ...changes }, change, startsAt: START, rescheduleCount, now })

describe('a change of an appointment', () => {
  test('is allowed up to and at the notice before its start, each kind by its own notice', () => {
    expect(judge('CANCEL', START - 60 * MINUTE)).toEqual({
      allowed: true,
      message: '',
      allowedUntil: START - 60 * MINUTE,
    })
    expect(judge('CANCEL', START - 60 * MINUTE + 1)).toEqual({
      allowed: false,
      message: 'Cancelling is possible at least 60 minutes before the start; that was until 2027-05-03T11:00:00Z.',
      allowedUntil: START - 60 * MINUTE,
    })
    expect(judge('RESCHEDULE', START - 30 * MINUTE).allowed).toBe(true)
    expect(judge('RESCHEDULE', START - 30 * MINUTE + 1).allowed).toBe(false)
  })

  test('without notice is allowed until the start', () => {
    const none = { cancelNoticeMinutes: 0 }
    expect(judge('CANCEL', START, 0, none).allowed).toBe(true)
    expect(judge('CANCEL', START + 1, 0, none)).toMatchObject({
      allowed: false,
      message: 'Cancelling is possible before the start; that was until 2027-05-03T12:00:00Z.',
    })
  })

  test('is not allowed at any time once the reschedules are used up; cancelling still is', () => {
    expect(judge('RESCHEDULE', 0, 1).allowed).toBe(true)
    expect(judge('RESCHEDULE', 0, 2)).toEqual({
      allowed: false,
      message: 'This appointment can be rescheduled 2 times, and it has been.',
      allowedUntil: null,
    })
    expect(judge('RESCHEDULE', 0, 1, { maxReschedules: 1 }).message).toContain('once')
    expect(judge('RESCHEDULE', 0, 0, { maxReschedules: 0 }).message).toBe('This appointment cannot be rescheduled.')
    expect(judge('CANCEL', 0, 2).allowed).toBe(true)
    expect(judge('RESCHEDULE', 0, 99, { maxReschedules: null }).allowed).toBe(true)
  })
})

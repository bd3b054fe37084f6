// The zones and transitions that the time-zone tests run over.

import type { Instant } from '../../src/domain/vocabulary/types.ts'

/**
 * Ordinary hours, half an hour, two hours, odd offsets, changes at and around midnight (Cairo and Havana skip it, Santiago and Gaza
 * repeat what lies before or after it), a zone that gave up its changes, and zones without any.
 */
export const testedZones = [
  'Europe/Berlin',
  'America/New_York',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'Antarctica/Troll',
  'Africa/Cairo',
  'Africa/Casablanca',
  'America/Havana',
  'America/Santiago',
  'Asia/Gaza',
  'Asia/Kathmandu',
  'UTC',
]

/** Every transition of a zone from 2024 to 2029. */
function transitionsOf(timeZone: string): Instant[] {
  const end = Date.UTC(2030, 0, 1)
  const found: Instant[] = []
  let next = Temporal.Instant.from('2024-01-01T00:00Z').toZonedDateTimeISO(timeZone).getTimeZoneTransition('next')
  while (next && next.epochMilliseconds < end) {
    found.push(next.epochMilliseconds)
    next = next.getTimeZoneTransition('next')
  }
  return found
}

/** All transitions of all tested zones. */
export function allTransitions(): { timeZone: string; transitionAt: Instant }[] {
  return testedZones.flatMap((timeZone) => transitionsOf(timeZone).map((transitionAt) => ({ timeZone, transitionAt })))
}

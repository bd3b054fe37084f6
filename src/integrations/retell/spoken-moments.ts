// Dates and times as they are spoken, in the location's zone.

import type { Language } from '../../domain/outside/calls/voice-agents.ts'
import type { Instant } from '../../domain/vocabulary/types.ts'

export interface Speech {
  language: Language
  timeZone: string
}

const WEEKDAYS = {
  de: ['Montag', 'Dienstag', 'Mittwoch', 'Donnerstag', 'Freitag', 'Samstag', 'Sonntag'],
  en: ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'],
}

const MONTHS = {
  de: [
    ...['Januar', 'Februar', 'März', 'April', 'Mai', 'Juni'],
    ...['Juli', 'August', 'September', 'Oktober', 'November', 'Dezember'],
  ],
  en: [
    ...['January', 'February', 'March', 'April', 'May', 'June'],
    ...['July', 'August', 'September', 'October', 'November', 'December'],
  ],
}

/** "Mittwoch, 19. November" */
export function describeDate(at: Instant, speech: Speech): string {
  return describePlainDate(zoned(at, speech).toPlainDate(), speech.language)
}

export function describePlainDate({ dayOfWeek, day, month }: Temporal.PlainDate, language: Language): string {
  const weekday = WEEKDAYS[language][dayOfWeek - 1]
  const monthName = MONTHS[language][month - 1]
  return language === 'de' ? `${weekday}, ${day}. ${monthName}` : `${weekday}, ${monthName} ${day}`
}

export function weekdayName(at: Instant, speech: Speech): string {
  return WEEKDAYS[speech.language][zoned(at, speech).dayOfWeek - 1] as string
}

/** "14 Uhr 30", "2:30 PM" */
export function describeClock(at: Instant, speech: Speech): string {
  const { hour, minute } = zoned(at, speech)
  return describeMinute(hour * 60 + minute, speech.language)
}

export function describeMinute(minuteOfDay: number, language: Language): string {
  const [hour, minute] = [Math.floor(minuteOfDay / 60), minuteOfDay % 60]
  if (language === 'de') return minute === 0 ? `${hour} Uhr` : `${hour} Uhr ${minute}`
  const clock = minute === 0 ? `${hour % 12 || 12}` : `${hour % 12 || 12}:${String(minute).padStart(2, '0')}`
  return `${clock} ${hour < 12 ? 'AM' : 'PM'}`
}

/** "Mittwoch, 19. November um 14 Uhr 30" */
export function describeMoment(at: Instant, speech: Speech): string {
  return `${describeDate(at, speech)} ${speech.language === 'de' ? 'um' : 'at'} ${describeClock(at, speech)}`
}

/** With the offset of the location, so that an echo of it is understood without doubt. */
export function writeMoment(at: Instant, { timeZone }: Speech): string {
  return zoned(at, { timeZone }).toString({ timeZoneName: 'never', smallestUnit: 'second' })
}

/** "A, B oder C" */
export function listOf(parts: string[], language: Language, word: 'or' | 'and' = 'or'): string {
  const joint = { de: { or: 'oder', and: 'und' }, en: { or: 'or', and: 'and' } }[language][word]
  return parts.length < 2 ? (parts[0] ?? '') : `${parts.slice(0, -1).join(', ')} ${joint} ${parts.at(-1)}`
}

/** Days are not said again for further times of the same day. */
export function listMoments(moments: Instant[], speech: Speech, word: 'or' | 'and' = 'or'): string {
  const um = speech.language === 'de' ? 'um' : 'at'
  const parts = moments.map((at, index) => {
    const before = moments[index - 1]
    const sameDay = before !== undefined && describeDate(before, speech) === describeDate(at, speech)
    return sameDay ? `${um} ${describeClock(at, speech)}` : describeMoment(at, speech)
  })
  return listOf(parts, speech.language, word)
}

function zoned(at: Instant, { timeZone }: { timeZone: string }): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone)
}

// The scalars of the contract.

import { builder } from './builder.ts'
import { formatInstant, formatLocalTime, parseDate, parseInstant, parseLocalTime, parseTimeZone } from './instants.ts'
import { badUserInput } from './request-errors.ts'

builder.scalarType('DateTime', {
  description:
    'RFC 3339 instant, with an offset: `2027-03-01T09:00:00Z`, `2027-03-01T10:00:00+01:00`. Any offset is accepted; answers are UTC, e.g. `2027-03-01T09:00:00Z`. Precision: milliseconds.',
  serialize: formatInstant,
  parseValue: refusing(parseInstant),
})

builder.scalarType('Date', {
  description: 'Calendar date without a zone: `2027-03-28`. It is the date on the wall of the location.',
  serialize: (date) => date,
  parseValue: refusing(parseDate),
})

builder.scalarType('LocalTime', {
  description:
    'Wall-clock time: `09:30`, in the zone of the location. As the end of a range `24:00` is midnight; an end before its start crosses midnight.',
  serialize: formatLocalTime,
  parseValue: refusing(parseLocalTime),
})

builder.scalarType('TimeZone', {
  description: 'IANA zone name: `Europe/Berlin`. Offsets such as `+01:00` are refused: they know no daylight saving.',
  serialize: (zone) => zone,
  parseValue: refusing(parseTimeZone),
})

builder.scalarType('PhoneNumber', {
  description:
    "E.164 in answers: `+493012345678`. National notation is accepted and read in the location's country. A withheld number (`anonymous`, empty) identifies nobody.",
  serialize: (phone) => phone,
  parseValue: refusing(parsePhoneText),
})

builder.scalarType('JSON', {
  description: 'Any JSON value.',
  serialize: (value) => value,
  parseValue: (value) => value,
})

const PHONE_LIMIT = 100

// What the text means depends on the location, so only the domain can tell whether it is a phone number.
function parsePhoneText(value: unknown): string {
  if (typeof value !== 'string') throw new Error('A phone number is text like +49 30 12345678.')
  if (value.length > PHONE_LIMIT) throw new Error(`A phone number has at most ${PHONE_LIMIT} characters.`)
  return value
}

/** Malformed values are the caller's fault: BAD_USER_INPUT, with the sentence of the parser. */
function refusing<T>(parse: (value: unknown) => T): (value: unknown) => T {
  return (value) => {
    try {
      return parse(value)
    } catch (error) {
      throw badUserInput(error instanceof Error ? error.message : String(error))
    }
  }
}

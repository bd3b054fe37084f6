// Phone numbers as people and carriers write them, read as E.164.
import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/max'

export interface PhoneReading {
  /** E.164. Null with no issue: the number is withheld, it identifies nobody. */
  phone: string | null
  /** Why the text is no phone number. */
  issue: string | null
}

const WITHHELD = new Set([
  ...['', '-', 'anonymous', 'unknown', 'withheld', 'private', 'restricted', 'unavailable', 'blocked', 'undisclosed'],
  ...['none', 'null', 'undefined', 'no caller id', 'private number', 'unknown number', 'hidden'],
  ...['anonym', 'unbekannt', 'unterdrückt', 'privat'],
])

// What carriers send instead of the word: the word typed on a telephone's keys, as if it were a number.
const WITHHELD_DIGITS = new Set([
  '+266696687', // anonymous
  '+7378742833', // restricted
  '+2562533', // blocked
  '+8656696', // unknown
  '+86282452253', // unavailable
])

const LENGTH_LIMIT = 64

/**
 * A national number is read in `country`, that of the branch; without one only the plus form can be read. Possible numbers are
 * taken, not only valid ones: numbering plans age. An extension is left out: the line is what identifies.
 *
 * A foreign number in its own national form is taken for one of this country (2137771234 in Germany is +492137771234): let
 * carriers and forms hand over the plus form.
 */
export function readPhone(written: string | null | undefined, country: CountryCode | null): PhoneReading {
  const text = written?.trim() ?? ''
  if (isWithheld(text)) return { phone: null, issue: null }
  // Without `extract: false` "call me on 030 …" would be a phone number.
  const number =
    text.length <= LENGTH_LIMIT
      ? parsePhoneNumberFromString(text, { extract: false, ...(country && { defaultCountry: country }) })
      : undefined
  if (!number?.isPossible()) {
    const hint = country ? `a number as dialled in ${country}, or` : 'a number'
    return { phone: null, issue: `This is not a phone number. Give ${hint} with its country code: +49 30 23125000.` }
  }
  return { phone: number.number, issue: null }
}

/** The caller's number was not told. */
function isWithheld(text: string): boolean {
  return WITHHELD.has(text.toLowerCase()) || WITHHELD_DIGITS.has(text.replace(/[\s-]/g, ''))
}

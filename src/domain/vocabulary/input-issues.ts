// Collects everything that is wrong with an input, so that one answer names it all.
import { type InputIssue, InvalidInputError } from './refusals.ts'

/** Ends here if there is anything to refuse. */
export function refuseIssues(issues: InputIssue[]): void {
  if (issues.length > 0) throw new InvalidInputError(issues)
}

const NAME_LIMIT = 200
const NOTE_LIMIT = 2000

/** A name without surrounding blanks: not empty, one line. */
export function readName(issues: InputIssue[], path: string[], text: string): string {
  const name = text.toWellFormed().trim()
  if (name === '') issues.push({ path, message: 'A name is needed.' })
  else if (name.length > NAME_LIMIT) issues.push({ path, message: `At most ${NAME_LIMIT} characters.` })
  else if (/\p{Cc}/u.test(name)) issues.push({ path, message: 'A name has no control characters.' })
  return name
}

/** Free text without surrounding blanks; null if there is none. */
export function readNote(issues: InputIssue[], path: string[], text: string | null | undefined): string | null {
  const note = text?.toWellFormed().trim() ?? ''
  if (note.length > NOTE_LIMIT) issues.push({ path, message: `At most ${NOTE_LIMIT} characters.` })
  // PostgreSQL's text cannot hold it.
  if (note.includes('\0')) issues.push({ path, message: 'The text contains a NUL character.' })
  return note === '' ? null : note
}

/** An address that could be written to; whether somebody reads it is not judged. Null if there is none. */
export function readEmail(issues: InputIssue[], path: string[], text: string | null | undefined): string | null {
  const email = text?.toWellFormed().trim() ?? ''
  if (email === '') return null
  if (email.length > 254 || !/^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u.test(email)) {
    issues.push({ path, message: 'This is not an e-mail address.' })
  }
  return email
}

export function checkWholeNumber(
  issues: InputIssue[],
  path: string[],
  value: number,
  { min, max }: { min: number; max: number },
): void {
  if (Number.isInteger(value) && min <= value && value <= max) return
  issues.push({ path, message: `A whole number from ${min} to ${max} is needed.` })
}

export function checkCount(
  issues: InputIssue[],
  path: string[],
  { length }: { length: number },
  { max, what }: { max: number; what: string },
): void {
  if (length > max) issues.push({ path, message: `At most ${max} ${what}.` })
}

const EARLIEST = Date.UTC(1970, 0, 1)
const LATEST = Date.UTC(2200, 0, 1)

/** Time this program plans in: from 1970 to 2200. */
export function checkInstant(issues: InputIssue[], path: string[], at: number): void {
  if (!(EARLIEST <= at && at < LATEST)) issues.push({ path, message: 'A time from 1970 to 2199 is needed.' })
}

/** A date of the calendar, written 2027-03-28. */
export function checkDate(issues: InputIssue[], path: string[], date: string): void {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(date) ? Date.parse(`${date}T00:00:00Z`) : Number.NaN
  // Date.parse rolls 30 February over to March.
  if (Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== date) {
    issues.push({ path, message: `There is no date ${JSON.stringify(date)}; dates are written 2027-03-28.` })
  } else checkInstant(issues, path, at)
}

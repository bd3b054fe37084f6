// Text as it is read for a time: lower case, umlauts written out, numbers as digits, taken apart rule by rule.
import { digitsForWords } from './number-words.ts'

const WEEKDAY_NAMES: string[][] = [
  ['montag', 'monday', 'mon'],
  ['dienstag', 'tuesday', 'tues', 'tue'],
  ['mittwoch', 'wednesday', 'wed'],
  ['donnerstag', 'thursday', 'thurs', 'thur', 'thu'],
  ['freitag', 'friday', 'fri'],
  ['samstag', 'sonnabend', 'saturday', 'sat'],
  ['sonntag', 'sunday', 'sun'],
]

const MONTH_NAMES: string[][] = [
  ['januar', 'jaenner', 'january', 'jan'],
  ['februar', 'feber', 'february', 'feb'],
  ['maerz', 'march', 'mar', 'mrz'],
  ['april', 'apr'],
  ['mai', 'may'],
  ['juni', 'june', 'jun'],
  ['juli', 'july', 'jul'],
  ['august', 'aug'],
  ['september', 'sept', 'sep'],
  ['oktober', 'october', 'okt', 'oct'],
  ['november', 'nov'],
  ['dezember', 'december', 'dez', 'dec'],
]

export const WEEKDAY = `(${WEEKDAY_NAMES.flat().join('|')})`
export const MONTH = `(${MONTH_NAMES.flat().join('|')})\\b\\.?`

/** 1 to 7, Monday first. */
export function weekdayOf(name: string): number {
  return WEEKDAY_NAMES.findIndex((names) => names.includes(name)) + 1
}

export function monthOf(name: string): number {
  return MONTH_NAMES.findIndex((names) => names.includes(name)) + 1
}

const GERMAN_WEEKDAYS = WEEKDAY_NAMES.map((names) => names[0]).join('|')
const SHORT_WEEKDAYS = {
  mo: 'montag',
  di: 'dienstag',
  mi: 'mittwoch',
  do: 'donnerstag',
  fr: 'freitag',
  sa: 'samstag',
  so: 'sonntag',
}

export function normalize(text: string): string {
  const plain = text
    .toLowerCase()
    .normalize('NFC')
    .replace(/ä/g, 'ae')
    .replace(/ö/g, 'oe')
    .replace(/ü/g, 'ue')
    .replace(/ß/g, 'ss')
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[’']/g, '')
    .replace(/[–—]/g, '-')
    .replace(/[,;!?()"„“]+/g, ' ')
    // Marks what was read of a time, below: nobody's text may look like it.
    .replace(/@/g, ' at ')
    .replace(/\bfirst thing\b/g, 'firstthing')
    .replace(/\b([ap])\.\s?m\b\.?/g, '$1m')
    .replace(/(?<![\d.])(\d{1,2})\.(\d{2}) ?([ap]m)\b/g, '$1:$2 $3')
    .replace(/\b(\d{1,2}) ?h ?(\d{2})\b(?!\.)/g, '$1:$2')
    .replace(/\b(\d{1,2}) ?h(?:rs?)?\b/g, '$1 uhr')
    .replace(/(\d)(uhr|oclock)\b/g, '$1 $2')
  return (
    digitsForWords(plain)
      .replace(
        /\b(mo|di|mi|do|fr|sa|so)\.? +(?=\d{1,2}\.)/g,
        (_, day: keyof typeof SHORT_WEEKDAYS) => `${SHORT_WEEKDAYS[day]} `,
      )
      .replace(new RegExp(`\\b(${GERMAN_WEEKDAYS})(morgen|frueh|vormittag|mittag|nachmittag|abend)s?\\b`, 'g'), '$1 $2')
      // "Morgen" after a day is the morning, not tomorrow.
      .replace(new RegExp(`\\b(heute|uebermorgen|morgen|${GERMAN_WEEKDAYS}) morgen\\b`, 'g'), '$1 morgens')
      .replace(/\b(?:guten|good) (?:morgen|morning|tag|abend|afternoon|evening)\b/g, ' ')
      .replace(/\bam morgen\b/g, 'morgens')
      .replace(/\s+/g, ' ')
      .trim()
  )
}

/** Text that rules take their matches out of; what no rule took shows that something was not understood. */
export interface Reading {
  rest: string
}

/** The groups of the first match, which leaves the text; null if there is none. */
export function take(reading: Reading, pattern: string): string[] | null {
  const match = new RegExp(`(?<![\\w.:])(?:${pattern})(?![\\w:])`).exec(reading.rest)
  if (!match) return null
  reading.rest = `${reading.rest.slice(0, match.index)} ${reading.rest.slice(match.index + match[0].length)}`
    .replace(/\s+/g, ' ')
    .trim()
  return match.slice(1).map((group) => group ?? '')
}

const FILLERS = new Set(
  `um am an der die das den dem des on at the of in im fuer for uhr bitte please gerne gern termin appointment einen ein
  dann mal so ich haette moechte wuerde would like i it es waere passt mir geht da zum zur tag day date time zeit also
  noch still aeh aehm hm well genau exactly lieber rather instead vom a an ok okay ja yes`
    .split(/\s+/)
    .filter(Boolean),
)

/** Words that turn round what stands beside them: what was read without them is not what was meant. */
export function isTurnedRound({ rest }: Reading): boolean {
  return /\b(?:nicht|kein\w*|ausser|nur|oder|bzw|vor|nach|ab|bis|seit|not|never|except|but|or|before|after|since|until|till|by|from|to|no|letzte\w*|vorige\w*|vergangene\w*|gestern|last|previous|yesterday|\d{4})\b/.test(
    rest,
  )
}

/** Whether everything that carries a meaning was taken. "Not", "or" and "except" are no fillers. */
export function isUsedUp({ rest }: Reading): boolean {
  return rest
    .split(/[\s.-]+/)
    .filter(Boolean)
    .every((word) => FILLERS.has(word))
}

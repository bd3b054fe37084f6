// Makes wordings of dates and times whose meaning is known before they are put in words: the oracle of the corpus.
import type { Random } from './seeded-random.ts'

export type WordingLanguage = 'de' | 'en'

export interface Wording {
  text: string
  /** As `meaningOf` writes it. */
  meaning: string
}

interface Day {
  text: string
  date: Temporal.PlainDate
}

const WEEKDAYS = {
  de: ['Montag', 'Dienstag', 'Mittwoch', 'Donnerstag', 'Freitag', 'Samstag', 'Sonntag'],
  en: ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'],
}
const MONTHS = {
  de: 'Januar Februar März April Mai Juni Juli August September Oktober November Dezember'.split(' '),
  en: 'January February March April May June July August September October November December'.split(' '),
}
const HOURS = {
  de: 'eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf'.split(' '),
  en: 'one two three four five six seven eight nine ten eleven twelve'.split(' '),
}
const POLITE = {
  de: ['%', '%, bitte', 'ich hätte gern einen Termin %', 'ja, %', 'äh, %'],
  en: ['%', '%, please', 'I would like an appointment %', 'well, %', 'yes, %', 'hm, %'],
}

/** A start: its day in one of many ways, its clock time in one of many ways. */
export function makeWording(random: Random, language: WordingLanguage, today: Temporal.PlainDate): Wording {
  const { text: day, date } = random.pick(daysAfter(random, language, today))
  const kind = random.below(5)
  const { text: clock, meaning } = kind === 0 ? spanIn(random, language, date) : clockIn(random, language, date)
  const phrase = random.pick(POLITE[language])
  const said = random.below(3) === 0 && kind !== 0 ? `${clock} ${day}` : `${day} ${clock}`
  return { text: phrase.replace('%', said), meaning }
}

function daysAfter(random: Random, language: WordingLanguage, today: Temporal.PlainDate): Day[] {
  const german = language === 'de'
  const ahead = 2 + random.below(50)
  const date = today.add({ days: ahead })
  const weekday = WEEKDAYS[language][date.dayOfWeek - 1] as string
  const month = MONTHS[language][date.month - 1] as string
  const monday = today.add({ days: 8 - today.dayOfWeek })
  const nextWeek = monday.add({ days: random.below(7) })
  const nextName = WEEKDAYS[language][nextWeek.dayOfWeek - 1] as string
  const soon = today.add({ days: 1 + random.below(6) })
  const soonName = WEEKDAYS[language][soon.dayOfWeek - 1] as string
  const days = 2 + random.below(5)
  const tomorrow = today.add({ days: 1 })
  return german
    ? [
        { text: 'morgen', date: tomorrow },
        { text: 'übermorgen', date: today.add({ days: 2 }) },
        { text: `am ${soonName}`, date: soon },
        { text: `kommenden ${soonName}`, date: soon },
        { text: `nächste Woche ${nextName}`, date: nextWeek },
        { text: `${nextName} nächster Woche`, date: nextWeek },
        { text: `am ${date.day}. ${month}`, date },
        { text: `${weekday}, den ${date.day}. ${month}`, date },
        { text: `${date.day}.${date.month}.`, date },
        { text: `am ${date.day}.${date.month}.${date.year}`, date },
        { text: `in ${days} Tagen`, date: today.add({ days }) },
        { text: 'in zwei Wochen', date: today.add({ weeks: 2 }) },
      ]
    : [
        { text: 'tomorrow', date: tomorrow },
        { text: 'the day after tomorrow', date: today.add({ days: 2 }) },
        { text: `on ${soonName}`, date: soon },
        { text: `this coming ${soonName}`, date: soon },
        { text: `${nextName} next week`, date: nextWeek },
        { text: `on ${month} ${ordinal(date.day)}`, date },
        { text: `${weekday} the ${ordinal(date.day)} of ${month}`, date },
        { text: `${weekday}, ${month} ${ordinal(date.day)}`, date },
        { text: date.toString(), date },
        { text: `in ${days} days`, date: today.add({ days }) },
        { text: `a week from ${soonName}`, date: soon.add({ weeks: 1 }) },
        { text: `a week from tomorrow`, date: tomorrow.add({ weeks: 1 }) },
      ]
}

function clockIn(random: Random, language: WordingLanguage, date: Temporal.PlainDate): Wording {
  const hour = 9 + random.below(10)
  const minute = 15 * random.below(4)
  const wall = `${date}T${two(hour)}:${two(minute)}`
  const small = ((hour + 11) % 12) + 1
  const next = (hour % 12) + 1
  const name = (at: number) => HOURS[language][at - 1] as string
  // By a twelve-hour clock the half of the day is said, too, so that there is one meaning.
  const colloquial =
    language === 'de'
      ? [
          `um ${name(small)}`,
          `um ${random.pick(['viertel nach', 'Viertel nach'])} ${name(small)}`,
          `um halb ${name(next)}`,
          `um ${random.pick(['viertel vor', 'dreiviertel'])} ${name(next)}`,
        ][minute / 15]
      : [
          `at ${name(small)}`,
          `at quarter past ${name(small)}`,
          `at half past ${name(small)}`,
          `at a quarter to ${name(next)}`,
        ][minute / 15]
  // "Morgens um Viertel vor zwölf" is said by nobody; noon belongs to both halves.
  const isPlain = hour < 11 ? hour >= 9 : hour >= 13 && hour < 17
  const half =
    language === 'de' ? (hour < 12 ? 'vormittags' : 'nachmittags') : hour < 12 ? 'in the morning' : 'in the afternoon'
  const digits =
    language === 'de'
      ? [
          `um ${hour}:${two(minute)} Uhr`,
          minute === 0 ? `um ${hour} Uhr` : `um ${hour} Uhr ${minute}`,
          minute === 0 ? `${hour}Uhr` : `${hour}.${two(minute)} Uhr`,
          minute === 0 ? `um ${hour}h` : `${hour}h${two(minute)}`,
        ]
      : [
          `at ${small}:${two(minute)} ${hour < 12 ? 'am' : 'pm'}`,
          `at ${small}.${two(minute)} ${hour < 12 ? 'a.m.' : 'p.m.'}`,
          minute === 0
            ? `at ${small}${hour < 12 ? 'am' : 'pm'}`
            : `at ${small}:${two(minute)}${hour < 12 ? 'am' : 'pm'}`,
        ]
  if (!isPlain || random.below(2) === 0) return { text: random.pick(digits), meaning: wall }
  return language === 'de'
    ? { text: `${half} ${colloquial}`, meaning: wall }
    : { text: `${colloquial} ${half}`, meaning: wall }
}

function spanIn(random: Random, language: WordingLanguage, date: Temporal.PlainDate): Wording {
  const from = 13 + random.below(3)
  const to = from + 1 + random.below(3)
  const span = (first: number, last: number) => {
    const end = last === 24 ? `${date.add({ days: 1 })}T00:00` : `${date}T${two(last)}:00`
    return `${date}T${two(first)}:00..${end}`
  }
  return random.pick(
    language === 'de'
      ? [
          { text: 'vormittags', meaning: span(9, 12) },
          { text: 'am späten Nachmittag', meaning: span(16, 18) },
          { text: `zwischen ${from} und ${to} Uhr`, meaning: span(from, to) },
          { text: `ab ${from} Uhr`, meaning: span(from, 24) },
          { text: `spätestens um ${from} Uhr`, meaning: span(0, from) },
          { text: `gegen ${from} Uhr`, meaning: `~${date}T${two(from)}:00` },
          { text: 'gegen Mittag', meaning: `~${date}T12:00` },
          { text: 'nach der Arbeit', meaning: span(17, 21) },
        ]
      : [
          { text: 'in the afternoon', meaning: span(12, 18) },
          { text: 'in the late afternoon', meaning: span(16, 18) },
          { text: `between ${from - 12} pm and ${to - 12} pm`, meaning: span(from, to) },
          { text: `after ${from - 12} pm`, meaning: span(from, 24) },
          { text: `by ${from - 12} pm at the latest`, meaning: span(0, from) },
          { text: `around ${from - 12} pm`, meaning: `~${date}T${two(from)}:00` },
          { text: 'first thing', meaning: span(6, 10) },
          { text: 'after work', meaning: span(17, 21) },
        ],
  )
}

function ordinal(day: number): string {
  const ending =
    day % 10 === 1 && day !== 11
      ? 'st'
      : day % 10 === 2 && day !== 12
        ? 'nd'
        : day % 10 === 3 && day !== 13
          ? 'rd'
          : 'th'
  return `${day}${ending}`
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}

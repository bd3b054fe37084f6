// Finds what is meant by a spoken name: one, or several to ask about, never the likeliest of several.

export type Match<T> = { kind: 'ONE'; item: T } | { kind: 'SEVERAL'; items: T[] } | { kind: 'NONE' }

/** The same words first, then all its words, then a slip of the ear. The first of the three that finds something decides. */
export function matchByName<T extends { name: string }>(spoken: string, items: T[]): Match<T> {
  const said = wordsOf(spoken)
  if (said.length === 0) return { kind: 'NONE' }
  const rules: ((name: string[]) => boolean)[] = [
    (name) => name.join('') === said.join(''),
    (name) => said.every((word) => name.some((own) => own === word || (word.length >= 4 && own.includes(word)))),
    (name) => name.length > 0 && name.every((word) => said.includes(word)),
    (name) => isSlip(name.join(''), said.join('')),
  ]
  for (const rule of rules) {
    const found = items.filter((item) => rule(wordsOf(item.name)))
    if (found.length === 1) return { kind: 'ONE', item: found[0] as T }
    if (found.length > 1) return { kind: 'SEVERAL', items: found }
  }
  return { kind: 'NONE' }
}

/** Words before a name that are no part of it. */
const BEFORE_A_NAME =
  /^(?:bei|mit|zu[mr]?|von|with|by|to|de[rmn]|die|das|the|unsere[rmn]?|meine[rmn]?|my|frau|fr\.|herrn?|hr\.|mrs?\.?|ms\.?|miss|mister|dr\.?)\s+/i

/** "bei der Elif", "Frau Weber", "Klara" for Clara: a person by their first name, last name or both, as it sounds. */
export function matchPerson<T extends { name: string }>(spoken: string, people: T[]): Match<T> {
  let name = spoken.trim().replace(/[\s,]+(?:bitte|please)$/i, '')
  while (BEFORE_A_NAME.test(name)) name = name.replace(BEFORE_A_NAME, '')
  const match = matchByName(name, people)
  if (match.kind !== 'NONE') return match
  const said = wordsOf(name).map(soundOf)
  const found = people.filter((person) => {
    const own = wordsOf(person.name).map(soundOf)
    return said.length > 0 && said.every((word) => own.some((other) => other === word || isSlip(other, word)))
  })
  if (found.length === 1) return { kind: 'ONE', item: found[0] as T }
  return found.length > 1 ? { kind: 'SEVERAL', items: found } : { kind: 'NONE' }
}

/** Spellings that sound the same in German and English names are one. */
function soundOf(word: string): string {
  return word
    .replace(/ph/g, 'f')
    .replace(/th|dt/g, 't')
    .replace(/c(?=[aouklr]|$)|ck/g, 'k')
    .replace(/y/g, 'i')
    .replace(/(.)\1/g, '$1')
}

/** The same person or thing by name: every word of the shorter one is in the longer one. */
export function isSameName(a: string, b: string): boolean {
  const [short, long] = [wordsOf(a), wordsOf(b)].sort((one, other) => one.length - other.length) as [string[], string[]]
  return short.length > 0 && short.every((word) => long.includes(word))
}

/** Lower case, umlauts written out, without punctuation: one spelling for what sounds the same. */
export function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .replace(/ä/g, 'ae')
    .replace(/ö/g, 'oe')
    .replace(/ü/g, 'ue')
    .replace(/ß/g, 'ss')
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
}

function isSlip(a: string, b: string): boolean {
  const allowed = Math.max(a.length, b.length) >= 8 ? 2 : 1
  return Math.min(a.length, b.length) >= 4 && Math.abs(a.length - b.length) <= allowed && distance(a, b) <= allowed
}

/** Levenshtein. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}

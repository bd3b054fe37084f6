// Numbers as words, German and English, turned into digits; ordinals turned into `19.`.

const GERMAN_UNITS = ['', 'ein', 'zwei', 'drei', 'vier', 'fuenf', 'sechs', 'sieben', 'acht', 'neun']
const GERMAN = [
  ...['null', 'eins', 'zwei', 'drei', 'vier', 'fuenf', 'sechs', 'sieben', 'acht', 'neun', 'zehn', 'elf', 'zwoelf'],
  ...['dreizehn', 'vierzehn', 'fuenfzehn', 'sechzehn', 'siebzehn', 'achtzehn', 'neunzehn'],
  ...['zwanzig', 'dreissig', 'vierzig', 'fuenfzig'].flatMap((tens) =>
    GERMAN_UNITS.map((unit) => (unit === '' ? tens : `${unit}und${tens}`)),
  ),
]

const ENGLISH_UNITS = ['', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine']
const ENGLISH = [
  ...['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve'],
  ...['thirteen', 'fourteen', 'fifteen', 'sixteen', 'seventeen', 'eighteen', 'nineteen'],
  ...['twenty', 'thirty', 'forty', 'fifty'].flatMap((tens) =>
    ENGLISH_UNITS.map((unit) => (unit === '' ? tens : `${tens} ${unit}`)),
  ),
]

const GERMAN_ORDINALS: Record<string, number> = { erst: 1, dritt: 3, siebt: 7, siebent: 7, acht: 8 }
const ENGLISH_ORDINALS: Record<string, number> = {
  ...{ first: 1, second: 2, third: 3, fifth: 5, eighth: 8, ninth: 9, twelfth: 12, twentieth: 20, thirtieth: 30 },
  ...{ 'twenty first': 21, 'twenty second': 22, 'twenty third': 23, 'twenty fifth': 25, 'twenty eighth': 28 },
  ...{ 'twenty ninth': 29, 'thirty first': 31 },
}

const replacements = new Map<string, string>([['zwo', '2']])
for (const [value, word] of GERMAN.entries()) {
  if (value >= 1 && value <= 31) {
    const stem = Object.keys(GERMAN_ORDINALS).find((key) => GERMAN_ORDINALS[key] === value && key !== 'siebent')
    const ordinal = stem ?? `${word}${value < 20 ? 't' : 'st'}`
    for (const ending of ['e', 'en', 'er', 'es', 'em']) replacements.set(`${ordinal}${ending}`, `${value}.`)
    if (value === 7) for (const ending of ['e', 'en', 'er']) replacements.set(`siebent${ending}`, '7.')
  }
  replacements.set(word, String(value))
}
for (const [value, word] of ENGLISH.entries()) {
  replacements.set(word, String(value))
  if (value >= 1 && value <= 31) replacements.set(`${word}th`, `${value}.`)
}
for (const [word, value] of Object.entries(ENGLISH_ORDINALS)) replacements.set(word, `${value}.`)

// The longest first: "twenty one" before "twenty".
const words = [...replacements.keys()].sort((a, b) => b.length - a.length)
const pattern = new RegExp(`\\b(?:${words.join('|')})\\b`, 'g')

/** Of text in lower case with umlauts written out. */
export function digitsForWords(text: string): string {
  return text
    .replace(/\b(twenty|thirty|forty|fifty)-(?=[a-z])/g, '$1 ')
    .replace(pattern, (word) => replacements.get(word) ?? word)
    .replace(/\b(\d{1,2})(?:st|nd|rd|th)\b/g, '$1.')
}

// Reads arguments that a language model wrote: other names, other types, placeholders where nothing was known.
import { isObject, type JsonObject } from '../../webhooks/payloads.ts'

export interface Arguments {
  /** The first of the names that says something; '' if none does. */
  text(...names: string[]): string
  /** What every one of the names says, each text once. */
  texts(...names: string[]): string[]
  /** True only where it was clearly said. */
  flag(...names: string[]): boolean
  /** Whether something stands under one of the names of which nothing can be read. */
  isUnreadable(...names: string[]): boolean
  /** What is under none of the names and says something, by its plain name (`appointment_datetime`: `appointmentdatetime`). */
  others(...names: string[]): { name: string; text: string }[]
}

const PLACEHOLDERS = new Set([
  ...[
    'none',
    'null',
    'nil',
    'undefined',
    'unknown',
    'n/a',
    'na',
    '-',
    'string',
    'empty',
    'example',
    'current',
    'default',
  ],
  ...['tbd', 'not provided', 'not_provided', 'not specified', 'not_specified', 'test_value', 'your_name', 'caller'],
  ...['customer', 'anonymous', 'nicht angegeben', 'unbekannt', 'keine', 'keiner', 'kunde', 'anrufer', 'anonym'],
])

const TEXT_LIMIT = 500

export function readArguments(raw: JsonObject): Arguments {
  const values = flatten(raw)
  const find = (names: string[]) => names.map((name) => values.get(plainName(name)))
  const texts = (...names: string[]) => [...new Set(find(names).map(textOf))].filter((text) => text !== '')
  return {
    text: (...names) => texts(...names)[0] ?? '',
    texts,
    others(...names) {
      const known = new Set(names.map(plainName))
      return [...values]
        .filter(([name]) => !known.has(name))
        .map(([name, value]) => ({ name, text: textOf(value) }))
        .filter(({ text }) => text !== '')
    },
    isUnreadable: (...names) =>
      find(names).some(
        (value) => typeof value === 'object' && textOf(value) === '' && carries(value) && !isParts(value),
      ),
    flag: (...names) => find(names).some((value) => value === true || YES.has(textOf(value).toLowerCase())),
  }
}

const YES = new Set(['true', 'yes', 'ja', '1', 'y', 'j'])

const NESTING_LIMIT = 3
const NAMES_LIMIT = 200
/** They say nothing without what they stand in: the `name` of a service is no person's. */
const OF_THE_WHOLE = ['name', 'id', 'value', 'text']

/**
 * `serviceName`, `service-name` and `Service_Name` are one name. What stands in an object counts as if it stood beside it
 * (`{"date": {"date": "…", "time": "…"}}`), unless that name is taken; then under both names together.
 */
function flatten(raw: JsonObject): Map<string, unknown> {
  const values = new Map(Object.entries(raw).map(([name, value]) => [plainName(name), value]))
  const spread = (name: string, whole: unknown, depth: number) => {
    // A list of one is that one.
    const value = Array.isArray(whole) && whole.length === 1 ? whole[0] : whole
    if (!isObject(value) || depth > NESTING_LIMIT) return
    for (const [key, part] of Object.entries(value)) {
      const own = plainName(key)
      if (OF_THE_WHOLE.includes(own) || values.size >= NAMES_LIMIT) continue
      const isFree = values.get(own) === undefined || isObject(values.get(own))
      // Never in the place of what stands there: the name of the whole may be empty, or this one taken, too.
      let target = isFree ? own : `${name}${own}`
      while (!isFree && values.has(target) && own !== '') target += own
      values.set(target, part)
      spread(target, part, depth + 1)
    }
  }
  for (const [name, value] of [...values]) spread(name, value, 1)
  return values
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '')
}

const LIST_LIMIT = 4

/** Whether anything in it says something. */
function carries(value: unknown): boolean {
  return typeof value === 'object' && value !== null ? Object.values(value).some(carries) : textOf(value) !== ''
}

/** Its parts are read under their own names. */
function isParts(value: unknown): boolean {
  return (
    isObject(value) &&
    Object.entries(value).some(
      ([name, part]) => /date|time|datum|uhr|zeit|tag|day|start|when/i.test(name) && carries(part),
    )
  )
}

/** Placeholders say nothing: "None", "{{date}}", "<name>", "dummy_call_id". */
function textOf(value: unknown): string {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  if (typeof value === 'boolean') return String(value)
  // One level: {"value": "…"}, ["…"] or ["date", "time"] where a text was asked for.
  if (Array.isArray(value)) {
    const isPlain = value.length <= LIST_LIMIT && value.every((part) => typeof part === 'string')
    return isPlain ? textOf(value.join(' ')) : ''
  }
  if (isObject(value))
    return typeof value.value === 'string'
      ? textOf(value.value)
      : typeof value.name === 'string'
        ? textOf(value.name)
        : ''
  if (typeof value !== 'string') return ''
  const text = value.trim().slice(0, TEXT_LIMIT)
  const isPlaceholder =
    PLACEHOLDERS.has(text.toLowerCase()) || /^(?:\{\{.*\}\}|<.*>|\[.*\]|dummy.*|placeholder.*)$/i.test(text)
  return isPlaceholder ? '' : text
}

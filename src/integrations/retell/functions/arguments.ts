// Reads arguments that a language model wrote: other names, other types, placeholders where nothing was known.
import { isObject, type JsonObject } from '../../webhooks/payloads.ts'

export interface Arguments {
  /** The first of the names that says something; '' if none does. */
  text(...names: string[]): string
  /** True only where it was clearly said. */
  flag(...names: string[]): boolean
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
  // `serviceName`, `service-name` and `Service_Name` are one name.
  const values = new Map(Object.entries(raw).map(([name, value]) => [plainName(name), value]))
  const find = (names: string[]) => names.map((name) => values.get(plainName(name)))
  return {
    text: (...names) =>
      find(names)
        .map(textOf)
        .find((text) => text !== '') ?? '',
    flag: (...names) => find(names).some((value) => value === true || YES.has(textOf(value).toLowerCase())),
  }
}

const YES = new Set(['true', 'yes', 'ja', '1', 'y', 'j'])

function plainName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '')
}

/** Placeholders say nothing: "None", "{{date}}", "<name>", "dummy_call_id". */
function textOf(value: unknown): string {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  if (typeof value === 'boolean') return String(value)
  // One level: {"value": "…"} or ["…"] where a text was asked for.
  if (Array.isArray(value)) return value.length === 1 && typeof value[0] === 'string' ? textOf(value[0]) : ''
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

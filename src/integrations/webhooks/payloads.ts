// Reads JSON bodies leniently: unknown fields stay, and nothing is in them that the database could not keep.

export type JsonObject = { [key: string]: unknown }

/** Null: not JSON, or not an object. */
export function parsePayload(rawBody: Buffer): JsonObject | null {
  const text = rawBody.toString('utf8')
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? (UNSTORABLE.test(text) ? (storable(value) as JsonObject) : value) : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Null for everything that is not a string with something in it. */
export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value : null
}

/** Keys in one order at every depth: the same content gives the same text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (!isObject(value)) return JSON.stringify(value) ?? 'null'
  const entries = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`)
  return `{${entries.join(',')}}`
}

// PostgreSQL keeps neither NUL nor half a surrogate pair; a transcript with one would fail at every retry.
const UNSTORABLE = /\\u(?:0000|d[89a-f])/i

function storable(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('\0', '').toWellFormed()
  if (Array.isArray(value)) return value.map(storable)
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [storable(key), storable(item)]))
}

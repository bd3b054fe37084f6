// Which media type answers a request: what its Accept header allows, read the way Yoga reads it.

import { createBoundedCache } from '../execution/bounded-cache.ts'
import { JSON_TYPE, type JsonMediaType, RESPONSE_TYPE } from './statuses.ts'

export interface Accepted {
  /** Null: the client takes no JSON. */
  json: JsonMediaType | null
  /** Server-sent events are welcome, or anything is. */
  eventStream: boolean
  /** Nothing but server-sent events. */
  onlyEventStream: boolean
}

const cache = createBoundedCache<Accepted>({ maxCharacters: 65_536 })

/** The first type that fits wins; quality values are not weighed, no GraphQL client sends them. */
export function readAccept(header: string | undefined): Accepted {
  const text = header || '*/*'
  const known = cache.get(text)
  if (known) return known
  const types = text
    .replaceAll(/\s/g, '')
    .toLowerCase()
    .split(',')
    .filter((type) => !type.includes('charset=') || type.includes('charset=utf-8'))
    .map((type) => type.split(';')[0] ?? '')
  const json = types.map(jsonTypeFor).find((type) => type !== null) ?? null
  const eventStream = types.some((type) => type === 'text/event-stream' || type === 'text/*' || type === '*/*')
  const accepted = { json, eventStream, onlyEventStream: eventStream && json === null }
  cache.set(text, accepted)
  return accepted
}

function jsonTypeFor(type: string): JsonMediaType | null {
  if (type === RESPONSE_TYPE) return RESPONSE_TYPE
  return type === JSON_TYPE || type === 'application/*' || type === '*/*' ? JSON_TYPE : null
}

// Which media type answers a request: what its Accept header prefers.

import { LRUCache } from 'lru-cache'
import Negotiator from 'negotiator'
import { JSON_TYPE, type JsonMediaType, RESPONSE_TYPE } from './statuses.ts'

export interface Accepted {
  /** Null: the client takes no JSON. */
  json: JsonMediaType | null
  /** Server-sent events are welcome, or anything is. */
  eventStream: boolean
  /** Nothing but server-sent events. */
  onlyEventStream: boolean
}

const EVENTS_TYPE = 'text/event-stream'
// Whoever names a character set is answered in this one, or not at all.
const JSON_TYPES = [JSON_TYPE, RESPONSE_TYPE].flatMap((type) => [type, `${type}; charset=utf-8`])
const EVENTS_TYPES = [EVENTS_TYPE, `${EVENTS_TYPE}; charset=utf-8`]

/** Clients send the same header with every request, and a stranger a long one with each. */
const cache = new LRUCache<string, Accepted>({ maxSize: 65_536, sizeCalculation: (_, text) => text.length + 64 })

export function readAccept(header: string | undefined): Accepted {
  const text = header || '*/*'
  const known = cache.get(text)
  if (known) return known
  const negotiator = new Negotiator({ headers: { accept: text } })
  const type = negotiator.mediaType(JSON_TYPES)
  const json: JsonMediaType | null =
    type === undefined ? null : type.startsWith(RESPONSE_TYPE) ? RESPONSE_TYPE : JSON_TYPE
  const eventStream = negotiator.mediaType(EVENTS_TYPES) !== undefined
  const accepted = { json, eventStream, onlyEventStream: eventStream && json === null }
  cache.set(text, accepted)
  return accepted
}

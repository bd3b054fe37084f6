// Public ids: `<type>_<uuid>`. The domain works with the bare uuid; an id of another type is no id.

export type IdType =
  | 'organization'
  | 'location'
  | 'resource'
  | 'time_off'
  | 'service'
  | 'hold'
  | 'appointment'
  | 'customer'
  | 'policy'
  | 'integration'
  | 'webhook_endpoint'
  | 'webhook_delivery'
  | 'calendar_feed'

const PUBLIC_ID = /^([a-z_]+)_([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/

export function encodeId(type: IdType, uuid: string): string {
  return `${type}_${uuid}`
}

/** Null for whatever is not an id of this type. */
export function decodeId(type: IdType, id: string): string | null {
  const parts = parseId(id)
  return parts?.type === type ? parts.uuid : null
}

/** The type is only what the id claims. */
export function parseId(id: string): { type: string; uuid: string } | null {
  const parts = PUBLIC_ID.exec(id)
  return parts ? { type: parts[1] as string, uuid: parts[2] as string } : null
}

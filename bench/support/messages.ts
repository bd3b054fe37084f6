// The messages of the floors and the rivals: as many bytes as ours, with the time they were sent in them.

/** Told to a floor's server. `gapMs` 0: the next round as soon as the last one has left. */
export interface Broadcast {
  rounds: number
  bytes: number
  gapMs: number
}

export const STAMP_MARK = '"sentAt":"'

/** A whole graphql-transport-ws message of exactly `bytes` bytes. */
export function formatMessage(sentAt: number, bytes: number): string {
  return pad(bytes, (padding) => ({
    id: '00000000-0000-4000-8000-000000000000',
    type: 'next',
    payload: { data: { availability: { sentAt: String(sentAt), padding } } },
  }))
}

/** A whole event whose data is of exactly `bytes` bytes. */
export function formatEvent(sentAt: number, bytes: number): string {
  const data = pad(bytes, (padding) => ({ data: { availability: { sentAt: String(sentAt), padding } } }))
  return `event: next\ndata: ${data}\n\n`
}

function pad(bytes: number, make: (padding: string) => object): string {
  const bare = JSON.stringify(make('')).length
  return JSON.stringify(make('x'.repeat(Math.max(0, bytes - bare))))
}

/** What a GraphQL rival publishes and its subscribers select whole; about 300 bytes on the wire. */
export const RIVAL_SCHEMA = `
  type Slot { startsAt: String! endsAt: String! }
  type Availability { resourceId: ID! version: Int! sentAt: String! cursor: String! opened: [Slot!]! closed: [Slot!]! }
  type Query { hello: String! }
  type Subscription { availability(resourceId: ID!): Availability! }`

export const RIVAL_SUBSCRIPTION = {
  query: `subscription Watch($resourceId: ID!) {
    availability(resourceId: $resourceId) { resourceId version sentAt cursor opened { startsAt endsAt } closed { startsAt endsAt } }
  }`,
  variables: { resourceId: 'r1' },
}

export const RIVAL_TOPIC = 'availability:r1'

export function formatAvailability(sentAt: number, version: number) {
  return {
    resourceId: 'r1',
    version,
    sentAt: String(sentAt),
    cursor: 'AAAAAAAAAAAAAAAAAAAAAAAA',
    opened: [],
    closed: [{ startsAt: '2026-11-26T09:00:00Z', endsAt: '2026-11-26T09:30:00Z' }],
  }
}

// The table of limits: what one caller may use, on which way in, and which variable changes it.

export type Way = 'POST' | 'GET' | 'SSE' | 'WEBSOCKET' | 'DOORS'

export interface Limit {
  variable: string
  default: number
  /** Whose use is added up. */
  per: 'address' | 'key' | 'socket' | 'process' | 'request'
  /** `rate`: in a window of ten seconds. `open`: at one moment. `size`: of one thing. */
  kind: 'rate' | 'open' | 'size'
  ways: readonly Way[]
  what: string
  /** What whoever exceeds it is told. */
  answer: string
}

const GRAPHQL = ['POST', 'GET', 'SSE', 'WEBSOCKET'] as const
const EVERYWHERE = [...GRAPHQL, 'DOORS'] as const
const LATER = 'RATE_LIMITED with retryAfterMs; 429 with Retry-After'
const BUSY = 'UNAVAILABLE with retryAfterMs; 503 with Retry-After'
const CLOSED_LATER = 'the socket closes with 1013: come back later'

/** An address is one of version 4, or the /64 network of one of version 6. */
export const LIMITS = {
  requestsWithoutKey: {
    ...{ variable: 'LIMIT_REQUESTS_WITHOUT_KEY', default: 300, per: 'address', kind: 'rate', ways: EVERYWHERE },
    what: 'Requests without a key, with a wrong one, and deliveries that are refused',
    answer: LATER,
  },
  requestsPerAddress: {
    ...{ variable: 'LIMIT_REQUESTS_PER_ADDRESS', default: 2000, per: 'address', kind: 'rate', ways: GRAPHQL },
    what: 'Requests with publishable keys and manage tokens',
    answer: LATER,
  },
  costPerAddress: {
    ...{ variable: 'LIMIT_COST_PER_ADDRESS', default: 2_000_000, per: 'address', kind: 'rate', ways: GRAPHQL },
    what: 'What operations cost (below), with publishable keys, manage tokens or no key; a subscription costs 5000 or more',
    answer: LATER,
  },
  requestsPerKey: {
    ...{ variable: 'LIMIT_REQUESTS_PER_KEY', default: 50_000, per: 'key', kind: 'rate', ways: EVERYWHERE },
    what: 'Requests with one key or token, or deliveries to one integration',
    answer: LATER,
  },
  requestsUnderWayPerAddress: {
    ...{ variable: 'LIMIT_REQUESTS_UNDER_WAY_PER_ADDRESS', default: 200, per: 'address', kind: 'open' },
    ways: ['POST', 'GET', 'SSE', 'DOORS'],
    what: 'Requests that are not answered yet',
    answer: LATER,
  },
  requestsUnderWay: {
    ...{ variable: 'LIMIT_REQUESTS_UNDER_WAY', default: 5000, per: 'process', kind: 'open' },
    ways: ['POST', 'GET', 'SSE', 'DOORS'],
    what: 'Requests that are not answered yet',
    answer: BUSY,
  },
  bodyBytes: {
    ...{ variable: 'LIMIT_BODY_BYTES', default: 262_144, per: 'request', kind: 'size', ways: ['POST', 'SSE'] },
    what: 'Bytes of the body of a GraphQL request',
    answer: 'REQUEST_TOO_LARGE; 413',
  },
  deliveryBytes: {
    ...{ variable: 'LIMIT_DELIVERY_BYTES', default: 8_388_608, per: 'request', kind: 'size', ways: ['DOORS'] },
    what: 'Bytes of a webhook; its integration is looked up before they are read',
    answer: '413',
  },
  bodyBytesPerAddress: {
    ...{ variable: 'LIMIT_BODY_BYTES_PER_ADDRESS', default: 16_777_216, per: 'address', kind: 'open' },
    ways: ['POST', 'SSE', 'DOORS'],
    what: 'Bytes of bodies that have arrived and are not answered yet',
    answer: LATER,
  },
  bodyBytesTotal: {
    ...{ variable: 'LIMIT_BODY_BYTES_TOTAL', default: 67_108_864, per: 'process', kind: 'open' },
    ways: ['POST', 'SSE', 'DOORS'],
    what: 'Bytes of bodies that have arrived and are not answered yet',
    answer: BUSY,
  },
  connectionsPerAddress: {
    ...{ variable: 'LIMIT_CONNECTIONS_PER_ADDRESS', default: 2000, per: 'address', kind: 'open', ways: EVERYWHERE },
    what: 'Connections, where no proxy stands in front (TRUST_PROXY is 0)',
    answer: '429 with Retry-After, before anything is read',
  },
  connections: {
    ...{ variable: 'LIMIT_CONNECTIONS', default: 50_000, per: 'process', kind: 'open', ways: EVERYWHERE },
    what: 'Connections',
    answer: '503 with Retry-After, before anything is read',
  },
  socketsOpeningPerAddress: {
    ...{ variable: 'LIMIT_SOCKETS_OPENING_PER_ADDRESS', default: 500, per: 'address', kind: 'open' },
    ways: ['WEBSOCKET'],
    what: 'Sockets that have not said who they are; after three seconds they are closed with 4408',
    answer: '429 with Retry-After instead of the upgrade',
  },
  socketsWithoutKey: {
    ...{ variable: 'LIMIT_SOCKETS_WITHOUT_KEY', default: 20, per: 'address', kind: 'open', ways: ['WEBSOCKET'] },
    what: 'Sockets without a key; after a minute they are closed with 1008',
    answer: CLOSED_LATER,
  },
  socketsPerAddress: {
    ...{ variable: 'LIMIT_SOCKETS_PER_ADDRESS', default: 1000, per: 'address', kind: 'open', ways: ['WEBSOCKET'] },
    what: 'Sockets with publishable keys and manage tokens',
    answer: CLOSED_LATER,
  },
  socketsPerKey: {
    ...{ variable: 'LIMIT_SOCKETS_PER_KEY', default: 20_000, per: 'key', kind: 'open', ways: ['WEBSOCKET'] },
    what: 'Sockets with one key or token',
    answer: CLOSED_LATER,
  },
  messageBytes: {
    ...{ variable: 'LIMIT_MESSAGE_BYTES', default: 262_144, per: 'request', kind: 'size', ways: ['WEBSOCKET'] },
    what: 'Bytes of a message, in however many frames',
    answer: 'the socket closes with 1009',
  },
  messagesPerSocket: {
    ...{ variable: 'LIMIT_MESSAGES_PER_SOCKET', default: 5000, per: 'socket', kind: 'rate', ways: ['WEBSOCKET'] },
    what: 'Messages and pings of one socket',
    answer: 'the socket closes with 1008: do not come back',
  },
  subscriptionsPerSocket: {
    ...{ variable: 'LIMIT_SUBSCRIPTIONS_PER_SOCKET', default: 1000, per: 'socket', kind: 'open' },
    ways: ['WEBSOCKET', 'SSE'],
    what: 'Operations under way on one socket, or on one reserved event stream',
    answer: 'RATE_LIMITED',
  },
  subscriptionsPerAddress: {
    ...{ variable: 'LIMIT_SUBSCRIPTIONS_PER_ADDRESS', default: 2000, per: 'address', kind: 'open' },
    ways: ['SSE', 'WEBSOCKET'],
    what: 'Subscriptions with publishable keys and manage tokens',
    answer: LATER,
  },
  subscriptionsPerKey: {
    ...{
      variable: 'LIMIT_SUBSCRIPTIONS_PER_KEY',
      default: 50_000,
      per: 'key',
      kind: 'open',
      ways: ['SSE', 'WEBSOCKET'],
    },
    what: 'Subscriptions with one key or token',
    answer: LATER,
  },
  subscriptions: {
    ...{ variable: 'LIMIT_SUBSCRIPTIONS', default: 100_000, per: 'process', kind: 'open', ways: ['SSE', 'WEBSOCKET'] },
    what: 'Subscriptions',
    answer: BUSY,
  },
  keptBytesPerAddress: {
    ...{ variable: 'LIMIT_KEPT_BYTES_PER_ADDRESS', default: 8_388_608, per: 'address', kind: 'open' },
    ways: ['SSE', 'WEBSOCKET'],
    what: 'Bytes of the variables that subscriptions keep',
    answer: LATER,
  },
  keptBytes: {
    ...{ variable: 'LIMIT_KEPT_BYTES', default: 134_217_728, per: 'process', kind: 'open', ways: ['SSE', 'WEBSOCKET'] },
    what: 'Bytes of the variables that subscriptions keep',
    answer: BUSY,
  },
  reservedStreamsPerAddress: {
    ...{ variable: 'LIMIT_RESERVED_STREAMS_PER_ADDRESS', default: 20, per: 'address', kind: 'open', ways: ['SSE'] },
    what: 'Event streams that are reserved (PUT) and not opened',
    answer: LATER,
  },
  reservedStreams: {
    ...{ variable: 'LIMIT_RESERVED_STREAMS', default: 10_000, per: 'process', kind: 'open', ways: ['SSE'] },
    what: 'Event streams that are reserved (PUT) and not opened',
    answer: BUSY,
  },
} as const satisfies Record<string, Limit>

export type LimitName = keyof typeof LIMITS
export type Limits = Readonly<Record<LimitName, number>>

export const LIMIT_NAMES = Object.keys(LIMITS) as LimitName[]
export const WINDOW_SECONDS = 10

export const DEFAULT_LIMITS = Object.fromEntries(LIMIT_NAMES.map((name) => [name, LIMITS[name].default])) as Limits

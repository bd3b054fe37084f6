// One input after the other, each made from a seed of its own: documents, variables, bodies, headers, frames, cursors, keys.

import type { GraphQLSchema } from 'graphql'
import { rootFields } from '../schema/root-fields.ts'
import type { Random } from '../support/seeded-random.ts'
import { type HttpInput, sendFrames, sendHttp, signed, type Verdict } from './doors.ts'
import type { FuzzedWorld } from './gateway.ts'
import { hostileText, hostileValue, spoil, spoilValue } from './hostile.ts'
import { type RandomOperation, randomOperation } from './operations.ts'

export interface Fuzzed {
  /** As a report tells it. */
  input: unknown
  send: (url: string) => Promise<Verdict>
}

export function makeInput(schema: GraphQLSchema, world: FuzzedWorld, random: Random): Fuzzed {
  const make = random.pick([operations, operations, operations, operations, raw, webhooks, webhooks, frames, paths])
  return make(schema, world, random)
}

type Maker = (schema: GraphQLSchema, world: FuzzedWorld, random: Random) => Fuzzed

const operations: Maker = (schema, world, random) => {
  const made = random.chance(0.7) ? randomOperation(schema, world, random) : spoiltOperation(world, random)
  const request: Record<string, unknown> = { query: made.query, variables: made.variables }
  if (random.chance(0.03))
    request[random.pick(['operationName', 'extensions', 'variables', 'query', '__proto__'])] = hostileValue(random)
  return http(overHttp(request, keyOf(world, random), random))
}

/** A document that works, with a part of it or of its variables changed. */
function spoiltOperation(world: FuzzedWorld, random: Random): RandomOperation {
  const { document, variables } = random.pick(Object.values(rootFields))
  const kind = document.startsWith('subscription')
    ? 'subscription'
    : document.startsWith('mutation')
      ? 'mutation'
      : 'query'
  const given = variables(world)
  if (random.chance(0.5))
    return { kind, query: document, variables: spoilValue(given, random) as Record<string, unknown> }
  return { kind, query: spoil(document, random), variables: given }
}

const JSON_TYPES = [
  'application/json',
  'application/json; charset=utf-8',
  'application/json; way=yoga',
  'application/graphql+json',
  'text/plain',
]
const ACCEPTS = [
  'application/json',
  'application/graphql-response+json',
  'text/event-stream',
  '*/*',
  'text/html',
  'application/json;q=0, */*;q=0.1',
  ',;q=x',
]

function overHttp(request: Record<string, unknown>, key: string | null, random: Random): HttpInput {
  const headers: Record<string, string> = {
    accept: random.pick(ACCEPTS),
    ...(key !== null && { authorization: `Bearer ${key}` }),
  }
  if (random.chance(0.1))
    headers[
      random.pick(['last-event-id', 'x-request-id', 'origin', 'content-encoding', 'x-graphql-event-stream-token'])
    ] = headerText(random)
  const way = random.below(10)
  if (way < 7) {
    const type = way < 5 ? 'application/json' : random.pick(JSON_TYPES)
    return {
      path: '/graphql',
      method: 'POST',
      headers: { ...headers, 'content-type': type },
      body: JSON.stringify(request),
    }
  }
  const form = new URLSearchParams(
    Object.entries(request).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  )
  if (way === 7) {
    return {
      path: '/graphql',
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
      body: String(form),
    }
  }
  return { path: `/graphql?${String(form).slice(0, 12_000)}`, method: 'GET', headers, body: null }
}

const raw: Maker = (_schema, world, random) => {
  const body = random.chance(0.5)
    ? spoil(JSON.stringify({ query: '{ organization { name } }', variables: { a: [1] } }), random)
    : JSON.stringify(hostileValue(random))
  const headers = {
    'content-type': random.pick(JSON_TYPES),
    accept: random.pick(ACCEPTS),
    authorization: `Bearer ${keyOf(world, random)}`,
  }
  return http({ path: '/graphql', method: 'POST', headers, body })
}

/** Keys of all kinds, and what resembles them. */
function keyOf({ keys }: FuzzedWorld, random: Random): string | null {
  if (random.chance(0.8)) return random.pick(Object.values(keys))
  if (random.chance(0.3)) return null
  const spoilt = spoil(random.pick(Object.values(keys)), random)
  return headerSafe(random.chance(0.7) ? spoilt : hostileText(random))
}

const headerSafe = (text: string) => text.replaceAll(/[^\x21-\x7e]/g, '').slice(0, 4000)
const headerText = (random: Random) => headerSafe(hostileText(random)) || 'x'

const CALL = {
  call_id: 'call_0123456789',
  agent_id: 'agent_1',
  call_status: 'ongoing',
  call_type: 'phone_call',
  direction: 'inbound',
  from_number: '+491701234567',
  to_number: '+493012345',
  start_timestamp: 1_800_000_000_000,
  transcript: 'Hello',
  transcript_with_tool_calls: [],
  metadata: {},
}
const FUNCTIONS = [
  'check_availability',
  'hold_slot',
  'book_appointment',
  'find_appointments',
  'reschedule_appointment',
  'cancel_appointment',
  'list_services',
  'termin_buchen',
]
const EVENTS = [
  'call_started',
  'call_ended',
  'call_analyzed',
  'transfer_started',
  'transcript_updated',
  'chat_ended',
  'constructor',
  'toString',
]
const BOOKING_EVENTS = [
  'BOOKING_CREATED',
  'BOOKING_RESCHEDULED',
  'BOOKING_CANCELLED',
  'BOOKING_REJECTED',
  'PING',
  'MEETING_ENDED',
  'OOO_CREATED',
  '__proto__',
]

const webhooks: Maker = (_schema, world, random) => {
  const door = random.pick(['retell', 'calcom'] as const)
  const [path, payload] = door === 'retell' ? retellDelivery(world, random) : calcomDelivery(world, random)
  let spoilt: unknown = payload
  for (let change = random.below(4); change > 0; change--) spoilt = spoilValue(spoilt, random)
  const text = JSON.stringify(spoilt) ?? ''
  const body = random.chance(0.1) ? spoil(text, random) : text
  const secret = door === 'retell' ? 'a key with a badge' : 'a secret of the world'
  const signature = random.chance(0.05) ? { 'x-retell-signature': headerText(random) } : signed(door, body, secret)
  return http({ path, method: 'POST', headers: { 'content-type': 'application/json', ...signature }, body })
}

function retellDelivery(world: FuzzedWorld, random: Random): [string, unknown] {
  const base = `/webhooks/retell/${random.chance(0.97) ? world.integrationId : encodeURIComponent(hostileText(random).slice(0, 100).toWellFormed())}`
  const call = { ...CALL, call_id: `call_${random.below(50)}` }
  const kind = random.below(3)
  if (kind === 0) return [`${base}/events`, { event: random.pick(EVENTS), call }]
  if (kind === 1)
    return [
      `${base}/inbound`,
      {
        event: 'call_inbound',
        call_inbound: { from_number: '+491701234567', to_number: '+493012345', agent_id: 'agent_1' },
      },
    ]
  const args = {
    service: random.pick(['Haircut', 'Schneiden', hostileText(random)]),
    date: random.pick(['morgen', 'Freitag', '2026-12-10', 'übermorgen', 'friday', hostileText(random)]),
    time: random.pick(['14 Uhr', 'halb drei', '14:30', 'nachmittags', '@3', hostileText(random)]),
    staff: random.pick(['Anna', 'bei der Anna', hostileText(random)]),
    name: 'Ada',
    phone: '+493023125111',
    appointment_id: world.appointmentId,
  }
  return [`${base}/functions`, { name: random.pick(FUNCTIONS), args, call }]
}

function calcomDelivery(world: FuzzedWorld, random: Random): [string, unknown] {
  const uid = `uid_${random.below(50)}`
  const payload = {
    uid,
    bookingId: random.below(50),
    eventTypeId: random.pick([7, 8]),
    title: 'A booking',
    status: 'ACCEPTED',
    metadata: {},
    startTime: world.startsAt,
    endTime: world.to,
    organizer: { email: 'anna@example.org', timeZone: 'Europe/Berlin', name: 'Anna' },
    attendees: [{ email: 'ada@example.org', name: 'Ada', timeZone: 'Europe/Berlin', phoneNumber: '+493023125111' }],
    responses: {},
  }
  return [
    `/webhooks/calcom/${world.calendarId}`,
    { triggerEvent: random.pick(BOOKING_EVENTS), createdAt: new Date(1_800_000_000_000).toISOString(), payload },
  ]
}

const frames: Maker = (schema, world, random) => {
  const { query, variables } = randomOperation(schema, world, random)
  const authorization = keyOf(world, random)
  const subscribe = {
    id: random.pick(['1', '2', hostileText(random)]),
    type: 'subscribe',
    payload: { query, variables },
  }
  const messages: unknown[] = [{ type: 'connection_init', payload: { authorization } }, subscribe]
  for (let more = random.below(4); more > 0; more--) {
    messages.push(
      random.pick([
        subscribe,
        { id: '1', type: 'complete' },
        { type: 'ping' },
        { type: 'connection_init' },
        hostileValue(random),
      ]),
    )
  }
  const texts = messages.map((message) => {
    const text = JSON.stringify(random.chance(0.15) ? spoilValue(message, random) : message) ?? ''
    if (random.chance(0.05)) return Buffer.from(text, 'utf16le')
    return random.chance(0.05) ? spoil(text, random) : text
  })
  return { input: { frames: texts.map(String) }, send: (url) => sendFrames(url, texts) }
}

const paths: Maker = (_schema, world, random) => {
  const segment = () => encodeURIComponent(hostileText(random).slice(0, 200).toWellFormed())
  const path = random.pick([
    `/${segment()}`,
    `/calendars/${segment()}.ics`,
    `/calendars/${segment()}`,
    `/webhooks/${segment()}/${segment()}`,
    `/webhooks/retell/${world.integrationId}/${segment()}`,
    `/graphql/stream?token=${segment()}`,
    `/graphql?query=${segment()}&variables=${segment()}`,
    `/graphiql/${segment()}`,
    '/webhooks/%',
    '/calendars/%ff.ics',
    '//',
    '/healthz',
    '/graphql?%',
  ])
  const method = random.pick(['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH'])
  const body = ['GET', 'HEAD'].includes(method) ? null : hostileText(random).toWellFormed()
  return http({
    path,
    method,
    headers: { accept: random.pick(ACCEPTS), authorization: `Bearer ${keyOf(world, random)}` },
    body,
  })
}

const http = (input: HttpInput): Fuzzed => ({ input, send: (url) => sendHttp(url, input) })

// Which room may import which, and where a library may be used.

import path from 'node:path'
import { findImports, readsEnvironment } from './imports.ts'

/** A room imports itself and these. The files beside the rooms (main, app, server, ...) may import all. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  metrics: [],
  runtime: ['metrics'],
  db: ['runtime', 'metrics'],
  domain: ['db', 'metrics'],
  realtime: ['domain', 'db', 'runtime', 'metrics'],
  integrations: ['domain', 'db', 'runtime', 'metrics'],
  schema: ['domain', 'realtime', 'runtime', 'metrics'],
  embedded: ['domain', 'db', 'runtime'],
  server: ['schema', 'integrations', 'realtime', 'domain', 'db', 'runtime', 'metrics'],
}

/** The rooms of the domain, top to bottom: a room uses itself and those below it. */
const DOMAIN_ROOMS = [
  'checks',
  'outside',
  'bookings',
  'claims',
  'availability',
  'people',
  'catalogue',
  'slots',
  'time',
  'vocabulary',
] as const

/** Arrows that still point upward. Each is to go; a new one fails, and so does one that is gone and still listed. */
export const UPWARD_ARROWS: readonly string[] = [
  'availability/alternative-search.ts -> claims/claim-requests.ts',
  'availability/slot-explanations.ts -> claims/claim-requests.ts',
  'bookings/appointment-changes.ts -> outside/calendars/external-bookings.ts',
  'bookings/book-appointment.ts -> outside/calls/call-functions.ts',
  'bookings/place-hold.ts -> outside/calls/call-functions.ts',
  'claims/claim-batches.ts -> outside/calls/call-functions.ts',
  'claims/claim-decisions.ts -> bookings/holds.ts',
  'claims/claim-decisions.ts -> outside/calls/call-functions.ts',
  'claims/claim-reading.ts -> bookings/holds.ts',
  'claims/claim-reading.ts -> outside/calls/call-functions.ts',
  'claims/claim-requests.ts -> outside/calls/call-functions.ts',
  'claims/claim-writing.ts -> outside/calendars/external-bookings.ts',
  'time/wall-ranges.ts -> catalogue/definitions.ts',
  'vocabulary/refusals.ts -> bookings/holds.ts',
]

/** The edge opens the transaction: it needs the handle, never the tables. */
const HANDLE = ['db/client.ts', 'db/transaction.ts', 'db/errors.ts', 'db/log-positions.ts']

const LIBRARIES: readonly { name: RegExp; rooms: readonly string[] }[] = [
  { name: /^(drizzle-orm|postgres)(\/|$)/, rooms: ['db', 'domain'] },
  { name: /^(ioredis|graphql-redis-subscriptions)(\/|$)/, rooms: ['realtime'] },
  { name: /^(graphql|@pothos)(\/|$)/, rooms: ['schema', 'server'] },
  { name: /^prom-client(\/|$)/, rooms: ['metrics'] },
  { name: /^(graphql-yoga|graphql-ws|graphql-sse|ws)(\/|$)/, rooms: ['server'] },
]

/** One sentence for each forbidden arrow; `file` is a path like `src/domain/holds.ts`. */
export function findForbiddenArrows(file: string, source: string): string[] {
  const room = roomOf(file)
  const forbidden = findImports(source).flatMap((specifier) => {
    if (!specifier.startsWith('.')) {
      const library = LIBRARIES.find(({ name }) => name.test(specifier))
      const allowed = !library || (room !== null && library.rooms.includes(room))
      return allowed ? [] : [`${file} uses ${specifier}, which belongs to ${library.rooms.join(' and ')}.`]
    }
    const target = path.posix.join(path.posix.dirname(file), specifier)
    return mayImport(room, target) ? [] : [`${file} imports ${target}.`]
  })
  if (file !== 'src/main.ts' && readsEnvironment(source)) forbidden.push(`${file} reads the environment.`)
  return forbidden
}

/** Imports of a file of the domain that go to a room above its own, as `room/file.ts -> room/file.ts`. */
export function findUpwardArrows(file: string, source: string): string[] {
  const level = domainLevel(file)
  if (level === -1) return []
  return findImports(source)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => path.posix.join(path.posix.dirname(file), specifier))
    .filter((target) => domainLevel(target) !== -1 && domainLevel(target) < level)
    .map((target) => `${file.slice('src/domain/'.length)} -> ${target.slice('src/domain/'.length)}`)
}

function domainLevel(file: string): number {
  const [, room, name] = file.split('/')
  return room === 'domain' ? DOMAIN_ROOMS.indexOf(name as (typeof DOMAIN_ROOMS)[number]) : -1
}

function mayImport(room: string | null, target: string): boolean {
  if (room === null) return true
  const targetRoom = roomOf(target)
  if (targetRoom === null || !target.startsWith('src/')) return false
  if (targetRoom === room || ARROWS[room]?.includes(targetRoom)) return true
  return room === 'schema' && HANDLE.includes(target.slice('src/'.length))
}

/** Null: one of the files beside the rooms. */
function roomOf(file: string): string | null {
  const [, room, ...rest] = file.split('/')
  return rest.length > 0 && room !== undefined ? room : null
}

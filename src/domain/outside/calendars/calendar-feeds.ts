// Calendar feeds: made and revoked, and found again by the token in their address.
import { hash, randomBytes, randomUUIDv7 } from 'node:crypto'
import type { Database } from '../../../db/client.ts'
import { lockStatement, namedLock } from '../../../db/locks.ts'
import { asSystem, type Tx } from '../../../db/transaction.ts'
import { loadAppointments } from '../../bookings/appointments.ts'
import { loadResources } from '../../catalogue/resources.ts'
import type { Caller } from '../../people/callers.ts'
import { openToken, sealToken } from '../../people/sealed-tokens.ts'
import { refuseIssues } from '../../vocabulary/input-issues.ts'
import { NotFoundError } from '../../vocabulary/refusals.ts'
import type { Instant } from '../../vocabulary/types.ts'

/** Of either a resource or an appointment. */
export interface CalendarFeedRecord {
  id: string
  resourceId: string | null
  appointmentId: string | null
  showsCustomers: boolean
  createdAt: Instant
  revokedAt: Instant | null
}

/** As many devices as somebody may subscribe on. */
const FEEDS_LIMIT = 50

/** The token is in this answer and nowhere else. A manage token makes feeds of its own appointment alone. */
export async function createCalendarFeed(
  tx: Tx,
  input: { caller: Caller; resourceId: string | null; appointmentId: string | null; showsCustomers: boolean },
): Promise<{ feed: CalendarFeedRecord; token: string }> {
  const { caller, resourceId, appointmentId, showsCustomers } = input
  if ((resourceId === null) === (appointmentId === null)) {
    refuseIssues([{ path: ['resourceId'], message: 'Either a resource or an appointment is needed.' }])
  }
  if (showsCustomers && resourceId === null) {
    refuseIssues([{ path: ['showsCustomers'], message: 'Only the feed of a resource can name customers.' }])
  }
  const subject = resourceId ?? (appointmentId as string)
  const [, exists] = await Promise.all([
    lockStatement(tx.sql, [namedLock('calendar feeds', subject)]),
    isThere(tx, caller, { resourceId, appointmentId }),
  ])
  if (!exists) throw new NotFoundError(resourceId === null ? 'appointment' : 'resource')
  const token = sealToken('', randomBytes(32).toString('base64url'))
  const [feed] = await tx.sql<CalendarFeedRecord[]>`
    insert into calendar_feeds (organization_id, id, token_hash, resource_id, appointment_id, shows_customers)
    select ${tx.organizationId}::uuid, ${randomUUIDv7()}::uuid, ${hashOf(token)}, ${resourceId}::uuid, ${appointmentId}::uuid,
      ${showsCustomers}::boolean
    where (select count(*) from calendar_feeds
           where organization_id = ${tx.organizationId} and revoked_at is null
             and (resource_id = ${subject}::uuid or appointment_id = ${subject}::uuid)) < ${FEEDS_LIMIT}
    returning ${feedColumns(tx)}`
  if (!feed) {
    refuseIssues([{ path: ['resourceId'], message: `At most ${FEEDS_LIMIT} feeds of the same. Revoke one first.` }])
  }
  return { feed: feed as CalendarFeedRecord, token }
}

/** From now on there is nothing at its address. Revoking twice changes nothing. */
export async function revokeCalendarFeed(
  tx: Tx,
  { caller, feedId }: { caller: Caller; feedId: string },
): Promise<CalendarFeedRecord> {
  const [feed] = await tx.sql<CalendarFeedRecord[]>`
    update calendar_feeds set revoked_at = coalesce(revoked_at, now())
    where organization_id = ${tx.organizationId} and id = ${feedId} and ${ofCaller(tx, caller)}
    returning ${feedColumns(tx)}`
  if (!feed) throw new NotFoundError('calendar feed')
  return feed
}

/** Those in force, oldest first; to a manage token those of its appointment. */
export async function listCalendarFeeds(tx: Tx, { caller }: { caller: Caller }): Promise<CalendarFeedRecord[]> {
  return tx.sql<CalendarFeedRecord[]>`
    select ${feedColumns(tx)} from calendar_feeds
    where organization_id = ${tx.organizationId} and revoked_at is null and ${ofCaller(tx, caller)} order by id limit 1000`
}

/** Null: there is none, or none that this caller may see. */
export async function loadCalendarFeed(
  tx: Tx,
  { caller, feedId }: { caller: Caller; feedId: string },
): Promise<CalendarFeedRecord | null> {
  const [feed] = await tx.sql<CalendarFeedRecord[]>`
    select ${feedColumns(tx)} from calendar_feeds
    where organization_id = ${tx.organizationId} and id = ${feedId} and ${ofCaller(tx, caller)}`
  return feed ?? null
}

/** Null: no such token, or it was revoked. */
export async function findCalendarFeed(
  db: Database,
  token: string,
): Promise<(CalendarFeedRecord & { organizationId: string }) | null> {
  if (openToken('', token) === null) return null
  const [feed] = await asSystem(
    db,
    (tx) => tx.sql<(CalendarFeedRecord & { organizationId: string })[]>`
      select organization_id as "organizationId", ${feedColumns(tx)} from calendar_feeds
      where token_hash = ${hashOf(token)} and revoked_at is null`,
  )
  return feed ?? null
}

async function isThere(
  tx: Tx,
  caller: Caller,
  { resourceId, appointmentId }: Pick<CalendarFeedRecord, 'resourceId' | 'appointmentId'>,
): Promise<boolean> {
  if (resourceId !== null) return caller.kind === 'SECRET' && (await loadResources(tx, [resourceId])).has(resourceId)
  if (appointmentId === null || (caller.kind !== 'SECRET' && caller.appointmentId !== appointmentId)) return false
  return (await loadAppointments(tx, [appointmentId])).has(appointmentId)
}

function ofCaller(tx: Tx, { kind, appointmentId }: Caller) {
  return kind === 'SECRET' ? tx.sql`true` : tx.sql`appointment_id = ${appointmentId}::uuid`
}

// A plain hash is enough: the token is 256 random bits, there is nothing to guess.
function hashOf(token: string): string {
  return hash('sha256', token, 'hex')
}

function feedColumns(tx: Tx) {
  return tx.sql`id, resource_id as "resourceId", appointment_id as "appointmentId", shows_customers as "showsCustomers",
    created_at as "createdAt", revoked_at as "revokedAt"`
}

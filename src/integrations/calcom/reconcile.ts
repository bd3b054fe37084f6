// Reconciles with Cal.com, which loses webhooks by design: finds what is missing here, missing there, or differs. Harmless to repeat.
import { hash } from 'node:crypto'
import { recordChanges } from '../../db/change-log.ts'
import type { Database } from '../../db/client.ts'
import { namedLock } from '../../db/locks.ts'
import { inSnapshot, inTransaction, type Tx } from '../../db/transaction.ts'
import { clearBusy } from '../../domain/availability/busy-intervals.ts'
import { compareOverlaps } from '../../domain/outside/calendars/calendar-conflicts.ts'
import type { ReconciliationReport } from '../../domain/outside/calendars/calendars.ts'
import { enqueuedSync } from '../../domain/outside/calendars/external-bookings.ts'
import { canonicalJson } from '../webhooks/payloads.ts'
import type { Refusal } from './answers.ts'
import type { CalcomClient } from './client.ts'
import { readExternalIds } from './external-ids.ts'
import { type ChangeItem, receiveChanges } from './receive-changes.ts'
import { isActive, type RemoteBooking, readRemoteBooking } from './remote-bookings.ts'
import { busySource, type RemoteChange } from './remote-changes.ts'
import type { CalcomIntegration } from './settings.ts'

const DAY_MS = 86_400_000
const BEHIND_MS = DAY_MS
const AHEAD_MS = 180 * DAY_MS
const PAGE_LIMIT = 500
/** How many bookings are asked for one by one in a turn; the next turn goes on. */
const SINGLE_LIMIT = 50

/** The event under which a booking that was read stands in the inbox. */
export const READ_EVENT = 'READ'

interface Range {
  from: number
  to: number
}

/** A refusal: it could not be read to its end. What was read by then is not used: what is missing in a part is not missing. */
export async function reconcile(
  db: Database,
  client: CalcomClient,
  integration: CalcomIntegration,
): Promise<ReconciliationReport | Refusal> {
  const range = { from: Date.now() - BEHIND_MS, to: Date.now() + AHEAD_MS }
  const listed = await listAll(client, range)
  if (!Array.isArray(listed)) return listed
  const items = listed.map((data) => itemOfRead(data, integration))
  const readable = items.flatMap(({ booking }) => booking ?? [])
  const news = await inSnapshot(db, integration.organizationId, (tx) => findNews(tx, integration, items))
  const extra = await readSuccessors(client, readable, news)
  const moved = extra.map(({ data }) => itemOfRead(data, integration))
  const received = await receiveChanges(db, integration, formerFirst([...news, ...moved]))
  const missing = await findMissingThere(db, client, integration, { range, readable: [...readable, ...extra] })
  if ('kind' in missing) return missing
  const gone = await receiveChanges(
    db,
    integration,
    missing.ended.map((booking) => itemOfRead(booking.data, integration)),
  )
  const all = [...received, ...gone]
  return inTransaction(
    db,
    integration.organizationId,
    async (tx) => {
      const cleared = await clearEnded(tx, integration)
      const requested = await requestWhatDiffers(tx, integration, missing.lostIds)
      const overlaps = await compareOverlaps(tx, { integrationId: integration.id, source: busySource(integration) })
      await recordChanges(tx, cleared)
      return {
        read: listed.length,
        applied: all.filter(({ outcome, isDuplicate }) => outcome === 'APPLIED' && !isDuplicate).length,
        failed: all.filter(({ outcome }) => outcome === 'FAILED').length,
        missingThere: missing.lostIds.length,
        requested,
        overlapsFound: overlaps.found,
        overlapsResolved: overlaps.resolved,
      }
    },
    { locks: [namedLock('calendar', integration.id)] },
  )
}

export type ReadItem = ChangeItem & { booking: RemoteBooking | null }

/** Under one key for as long as it stays the same under the same settings; a failed one is tried at each turn. */
export function itemOfRead(data: unknown, { version }: Pick<CalcomIntegration, 'version'>): ReadItem {
  const body = canonicalJson(data).replaceAll('\0', '').toWellFormed()
  const digest = hash('sha256', body, 'hex')
  const item = { event: READ_EVENT, body, read: () => changeOf(readRemoteBooking(data)) }
  try {
    const booking = readRemoteBooking(data)
    const facts = `${booking.status}:${booking.startsAt}:${booking.successorUid ?? ''}`
    return { ...item, key: `read:${booking.uid}:${facts}:${version}`.slice(0, 800), booking }
  } catch {
    return { ...item, key: `read:${digest}`, booking: null } // `read` throws it again, where it is reported
  }
}

function changeOf(booking: RemoteBooking): RemoteChange {
  const { uid, status, startsAt, endsAt, eventTypeId, hosts, attendee, appointmentId, reason } = booking
  return {
    ...{ startsAt, endsAt, eventTypeId, hosts, attendee, appointmentId, reason },
    externalId: uid,
    state: status === 'accepted' ? 'ACCEPTED' : status === 'pending' ? 'REQUESTED' : 'ENDED',
    previousId: booking.previousUid,
    previousStartsAt: null,
    successorId: booking.successorUid,
    notes: null,
  }
}

async function listAll(client: CalcomClient, { from, to }: Range): Promise<unknown[] | Refusal> {
  const found: unknown[] = []
  for (let page = 0, skip = 0; page < PAGE_LIMIT; page++) {
    const answer = await client.listBookings({ from, to, skip })
    if (answer.kind !== 'DONE') return answer
    found.push(...answer.data.bookings)
    if (!answer.data.hasMore) return found
    skip += answer.data.bookings.length
  }
  return { kind: 'UNKNOWN', message: `More than ${PAGE_LIMIT} pages of bookings.` }
}

async function findNews(tx: Tx, { id }: CalcomIntegration, items: ReadItem[]): Promise<ReadItem[]> {
  const uids = items.flatMap(({ booking }) => booking?.uid ?? [])
  const [known, twins] = await Promise.all([
    readExternalIds(tx, id, uids),
    tx.sql<{ externalId: string; startsAt: number | null }[]>`
      select external_id as "externalId", external_starts_at as "startsAt" from external_bookings
      where organization_id = ${tx.organizationId} and integration_id = ${id} and external_id = any(${uids}::text[])`,
  ])
  const shown = new Map(twins.map(({ externalId, startsAt }) => [externalId, startsAt]))
  return formerFirst(
    items.filter(({ booking }) => {
      if (!booking) return true
      const row = known.get(booking.uid)
      const { state } = changeOf(booking)
      // What has ended and was never heard of takes no time, unless it is what an appointment of ours became.
      if (!row) return state !== 'ENDED' || booking.appointmentId !== null || booking.previousUid !== null
      if (row.state === 'ENDED') return false
      return row.state !== state || (shown.has(booking.uid) && shown.get(booking.uid) !== booking.startsAt)
    }),
  )
}

/** Each is known when what it became is told. */
function formerFirst(items: ReadItem[]): ReadItem[] {
  const waiting = new Map(items.map((item) => [item.booking?.uid ?? item.key, item]))
  const ordered: ReadItem[] = []
  const take = (item: ReadItem) => {
    if (!waiting.delete(item.booking?.uid ?? item.key)) return
    const former = waiting.get(item.booking?.previousUid ?? '')
    if (former) take(former)
    ordered.push(item)
  }
  for (const item of items) take(item)
  return ordered
}

/** What was moved out of the range is asked for by its id. */
async function readSuccessors(
  client: CalcomClient,
  readable: RemoteBooking[],
  news: ReadItem[],
): Promise<FoundBooking[]> {
  const seen = new Set(readable.map(({ uid }) => uid))
  const uids = news.flatMap(({ booking }) => booking?.successorUid ?? []).filter((uid) => !seen.has(uid))
  const found: FoundBooking[] = []
  for (const uid of uids.slice(0, SINGLE_LIMIT)) found.push(...(await readOne(client, uid)))
  return found
}

type FoundBooking = RemoteBooking & { data: unknown }

async function readOne(client: CalcomClient, uid: string): Promise<FoundBooking[]> {
  const answer = await client.readBooking(uid)
  return answer.kind === 'DONE' ? [{ ...answer.data, data: answer.body.data }] : []
}

/** What we believe to be shown and did not read: asked for by its id, because a list can shift while it is paged. */
async function findMissingThere(
  db: Database,
  client: CalcomClient,
  integration: CalcomIntegration,
  { range, readable }: { range: Range; readable: RemoteBooking[] },
): Promise<{ lostIds: string[]; ended: FoundBooking[] } | Refusal> {
  const active = readable.filter(isActive).map(({ uid }) => uid)
  const unseen = await inSnapshot(
    db,
    integration.organizationId,
    (tx) => tx.sql<{ externalId: string }[]>`
      select e.external_id as "externalId" from external_bookings e
      join appointments a on a.organization_id = e.organization_id and a.id = e.appointment_id
      where e.organization_id = ${tx.organizationId} and e.integration_id = ${integration.id} and e.status = 'SYNCED'
        and e.leased_until is null and a.status = 'CONFIRMED' and e.external_starts_at > now()
        and e.external_starts_at < ${new Date(range.to - 2 * DAY_MS)} and not (e.external_id = any(${active}::text[]))
      limit ${SINGLE_LIMIT}`,
  )
  const lostIds: string[] = []
  const ended: FoundBooking[] = []
  for (const { externalId } of unseen) {
    const answer = await client.readBooking(externalId)
    if (answer.kind === 'NOT_FOUND') lostIds.push(externalId)
    else if (answer.kind !== 'DONE') return answer
    else if (!isActive(answer.data)) {
      ended.push({ ...answer.data, data: answer.body.data })
      if (answer.data.successorUid !== null) ended.push(...(await readOne(client, answer.data.successorUid)))
    }
  }
  return { lostIds, ended }
}

/** Busy time of bookings that have ended by another way than their own cancellation, as when our retry moved them back. */
async function clearEnded(tx: Tx, integration: CalcomIntegration) {
  const source = busySource(integration)
  const ended = await tx.sql<{ externalId: string }[]>`
    select distinct b.external_id as "externalId" from busy_intervals b
    join external_ids x on x.organization_id = b.organization_id and x.integration_id = ${integration.id}
      and x.external_id = b.external_id and x.state = 'ENDED'
    where b.organization_id = ${tx.organizationId} and b.source = ${source}`
  const deltas = []
  for (const { externalId } of ended) deltas.push(...(await clearBusy(tx, { source, externalId })))
  return deltas
}

/**
 * Appointments that the calendar has to show and does not, shows at another time, or shows although they are over: what was
 * lost there, and what changed while the integration was disconnected.
 */
async function requestWhatDiffers(tx: Tx, { id }: CalcomIntegration, lostIds: string[]): Promise<number> {
  await tx.sql`
    update external_bookings set external_starts_at = null
    where organization_id = ${tx.organizationId} and integration_id = ${id} and external_id = any(${lostIds}::text[])`
  const requested = await tx.sql`
    with differing as (
      select a.id from appointments a
      join integrations i on i.organization_id = a.organization_id and i.id = ${id}
      left join external_bookings e on e.organization_id = a.organization_id and e.integration_id = i.id
        and e.appointment_id = a.id
      where a.organization_id = ${tx.organizationId} and a.starts_at > now()
        and coalesce(e.status, 'SYNCED') <> 'FAILED' and e.leased_until is null
        and case
          when e.appointment_id is null
            then a.status = 'CONFIRMED' and jsonb_exists(i.settings -> 'serviceIds', a.service_id::text)
          when e.status = 'PENDING' then e.attempts = 0
          when a.status = 'CONFIRMED' then e.external_starts_at is distinct from a.starts_at
          else a.status = 'CANCELLED' and e.external_starts_at is not null
        end
    ), wanted as (
      insert into external_bookings as e (organization_id, integration_id, appointment_id, status, revision)
      select ${tx.organizationId}::uuid, ${id}::uuid, differing.id, 'PENDING', 1 from differing
      on conflict (organization_id, integration_id, appointment_id) do update
        set status = 'PENDING', revision = e.revision + 1
      returning organization_id, integration_id, appointment_id
    )
    select ${enqueuedSync(tx)} from wanted`
  return requested.length
}

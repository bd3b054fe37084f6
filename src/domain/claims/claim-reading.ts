// Reads, under the locks and in one packet, all that decides a batch of claim requests.
import type { Tx } from '../../db/transaction.ts'
import { readOwnAppointments } from '../availability/alternative-search.ts'
import { type LastServed, readLastServed } from '../availability/fairness.ts'
import { loadTakenIn, readClock } from '../availability/resource-states.ts'
import { holdColumns, type StoredHold } from '../bookings/holds.ts'
import { readDefinitionVersions } from '../catalogue/definitions.ts'
import { type KnownFunctions, readFunctions } from '../outside/calls/call-functions.ts'
import type { Claim, Instant, Interval, ResourceState } from '../vocabulary/types.ts'
import {
  type BookHoldRequest,
  type ClaimRequest,
  checkedCustomer,
  type HoldRequest,
  isFullyPinned,
  windowOf,
  windowsOf,
} from './claim-requests.ts'
import { readUsedKeys, type UsedKeys } from './idempotency.ts'
import { type Counts, networkOfRequest, readCounts } from './visitor-quotas.ts'

export interface BatchState {
  /** The database's clock after the locks were taken: it alone decides what has expired or passed. */
  now: Instant
  /** Changed while deciding: what an earlier request of the batch claimed is taken for the later ones. */
  resources: Map<string, ResourceState>
  definitionVersions: Map<string, number>
  /** Holds to be booked, and those of the sessions that hold. */
  holds: Map<string, StoredHold>
  /** Holds still marked ACTIVE, by `sessionOf`. */
  sessionHolds: Map<string, StoredHold[]>
  claimsByHold: Map<string, Claim[]>
  /** Of what is limited: of visitors, and of keys without a session. */
  counts: Counts
  /** Of the resources that the server may choose among. */
  lastServed: LastServed
  customers: KnownCustomers
  /** Changed while deciding: what this batch books for each customer, by `nameOfCustomer`. */
  bookedFor: Map<string, Interval[]>
  /** Changed while deciding. */
  usedKeys: UsedKeys
  lockedDays: Set<string>
  functions: KnownFunctions
  /** What the customer of a request has around that time already, where it matters. */
  ownAppointments: Map<ClaimRequest, Interval[]>
  /** By wish, the starts under the locks that can still be open, best first. */
  openStarts: Map<string, Instant[]>
}

export async function readBatchState(tx: Tx, requests: ClaimRequest[]): Promise<Omit<BatchState, 'lockedDays'>> {
  const [
    now,
    taken,
    versions,
    holds,
    sessionHolds,
    holdClaims,
    counts,
    lastServed,
    customers,
    usedKeys,
    functions,
    ownAppointments,
  ] = await Promise.all([
    readClock(tx),
    loadTakenIn(tx, mergedWindows(requests)),
    readVersions(tx, requests),
    readHolds(tx, requests),
    readSessionHolds(tx, requests),
    readHoldClaims(tx, requests),
    readCounts(tx, requests),
    readLastServed(tx, choicesOf(requests)),
    readCustomers(tx, requests),
    readUsedKeys(tx, requests.flatMap(keyOf)),
    readFunctions(
      tx,
      requests.flatMap(({ inCall }) => inCall ?? []),
    ),
    readAppointmentsOfCustomers(tx, requests),
  ])
  const resources = new Map<string, ResourceState>()
  for (const request of requests) {
    for (const { resourceId } of windowsOf(request)) {
      const schedule = request.offer.schedules.get(resourceId)
      if (!schedule) continue
      // Offers of one batch can be of different ages: who was judged by the older one is told so, all others by the present.
      const isPresent = schedule.scheduleVersion === versions.get(resourceId)
      if (isPresent || !resources.has(resourceId)) resources.set(resourceId, { schedule, claims: [], busy: [] })
    }
  }
  for (const claim of taken.claims) resources.get(claim.resourceId)?.claims.push(claim)
  for (const busy of taken.busy) resources.get(busy.resourceId)?.busy.push(busy)
  // One object per hold, however it was found: what one request of the batch does to it is seen by the next.
  const known = new Map([...sessionHolds, ...holds].map((hold) => [hold.id, hold]))
  return {
    now,
    resources,
    definitionVersions: versions,
    holds: known,
    sessionHolds: Map.groupBy(
      sessionHolds.map((hold) => known.get(hold.id) ?? hold),
      (hold) => sessionOf(hold),
    ),
    counts,
    claimsByHold: Map.groupBy(holdClaims, (claim) => claim.holdId ?? ''),
    lastServed,
    customers,
    bookedFor: new Map(),
    usedKeys,
    functions,
    ownAppointments,
    openStarts: new Map(),
  }
}

/** A visitor's session is of the network it came from: whoever guesses its key elsewhere has another session. */
type Session = Pick<StoredHold, 'caller' | 'network' | 'sessionKey'>

export function sessionOf({ caller, network, sessionKey }: Session): string {
  return JSON.stringify([caller, network, sessionKey])
}

function keyOf({ caller, idempotency }: ClaimRequest) {
  return idempotency ? [{ caller: caller.id, key: idempotency.key }] : []
}

/** Where there is a choice, the days on which it is made. */
function choicesOf(requests: ClaimRequest[]): { resourceId: string; before: Instant }[] {
  const choosing = requests.filter((request) => request.kind !== 'BOOK_HOLD' && !isFullyPinned(request))
  return [...mergedWindows(choosing)].map(([resourceId, window]) => ({ resourceId, before: window.start }))
}

function mergedWindows(requests: ClaimRequest[]): Map<string, Interval> {
  const merged = new Map<string, Interval>()
  for (const { resourceId, window } of requests.flatMap(windowsOf)) {
    const known = merged.get(resourceId)
    if (!known) merged.set(resourceId, { ...window })
    else {
      known.start = Math.min(known.start, window.start)
      known.end = Math.max(known.end, window.end)
    }
  }
  return merged
}

async function readVersions(tx: Tx, requests: ClaimRequest[]): Promise<Map<string, number>> {
  const subjects = new Set<string>()
  for (const request of requests) {
    if (request.kind === 'BOOK_HOLD') continue
    subjects.add(request.offer.service.id)
    for (const { resourceId } of windowsOf(request)) subjects.add(resourceId)
  }
  return subjects.size === 0 ? new Map() : readDefinitionVersions(tx, [...subjects])
}

async function readHolds(tx: Tx, requests: ClaimRequest[]): Promise<StoredHold[]> {
  const ids = requests.flatMap((request) => (request.kind === 'BOOK_HOLD' ? [request.holdId] : []))
  if (ids.length === 0) return []
  return tx.sql<StoredHold[]>`
    select ${holdColumns(tx)} from holds where organization_id = ${tx.organizationId} and id = any(${ids}::uuid[])`
}

export function sessionOfRequest(request: HoldRequest): Session {
  return { caller: request.caller.id, network: networkOfRequest(request), sessionKey: request.sessionKey }
}

async function readSessionHolds(tx: Tx, requests: ClaimRequest[]): Promise<StoredHold[]> {
  const holding = requests.filter((request) => request.kind === 'HOLD').filter(({ sessionKey }) => sessionKey !== null)
  if (holding.length === 0) return []
  const sessions = [...new Map(holding.map(sessionOfRequest).map((session) => [sessionOf(session), session])).values()]
  return tx.sql<StoredHold[]>`
    select ${holdColumns(tx)}
    from unnest(${sessions.map((s) => s.caller)}::text[], ${sessions.map((s) => s.network)}::text[],
                ${sessions.map((s) => s.sessionKey)}::text[]) as s (of_caller, of_network, of_session)
    cross join lateral (
      select * from holds h
      where h.organization_id = ${tx.organizationId} and h.status = 'ACTIVE' and h.caller = s.of_caller
        and h.network = s.of_network and h.session_key = s.of_session
      offset 0
    ) held`
}

async function readHoldClaims(tx: Tx, requests: ClaimRequest[]): Promise<Claim[]> {
  const replacing = requests.filter(
    (request) => request.kind === 'HOLD' && request.replace && request.sessionKey !== null,
  )
  const booking = requests.flatMap((request) => (request.kind === 'BOOK_HOLD' ? [request.holdId] : []))
  if (replacing.length === 0 && booking.length === 0) return []
  const sessions = replacing.filter((request) => request.kind === 'HOLD').map(sessionOfRequest)
  return tx.sql<Claim[]>`
    select id, resource_id as "resourceId", lower(during) as start, upper(during) as "end",
      hold_id as "holdId", appointment_id as "appointmentId", expires_at as "expiresAt"
    from claims
    where organization_id = ${tx.organizationId} and active and hold_id in (
      select unnest(${booking}::uuid[])
      union all
      select held.id from unnest(${sessions.map((s) => s.caller)}::text[], ${sessions.map((s) => s.network)}::text[],
                                  ${sessions.map((s) => s.sessionKey)}::text[]) as s (of_caller, of_network, of_session)
      cross join lateral (
        select h.id from holds h
        where h.organization_id = ${tx.organizationId} and h.status = 'ACTIVE'
          and h.caller = s.of_caller and h.network = s.of_network and h.session_key = s.of_session
        offset 0
      ) as held)`
}

export interface KnownCustomers {
  ids: ReadonlySet<string>
  idByPhone: ReadonlyMap<string, string>
}

/** One name for a customer, whether a request knows the id or the number. */
export function nameOfCustomer(
  { idByPhone }: KnownCustomers,
  customer: { customerId: string | null; phone: string | null },
) {
  return customer.customerId ?? idByPhone.get(customer.phone ?? '') ?? customer.phone ?? ''
}

/**
 * Locks those who may not be booked twice at one time: two bookings of one customer by different people share no resource-day. What
 * is read of their appointments is read after the wait.
 */
async function readCustomers(tx: Tx, requests: ClaimRequest[]): Promise<KnownCustomers> {
  const ids = requests
    .map((request) => (request.kind === 'HOLD' ? request.customerId : request.booking.customerId))
    .filter((id) => id !== null)
  const checked = requests.flatMap((request) => checkedCustomer(request) ?? [])
  const phones = checked.flatMap(({ phone }) => phone ?? [])
  if (ids.length === 0 && phones.length === 0) return { ids: new Set(), idByPhone: new Map() }
  const rows = await tx.sql<{ id: string; phone: string | null }[]>`
    select id, phone from customers
    where organization_id = ${tx.organizationId} and (id = any(${ids}::uuid[]) or phone = any(${phones}::text[]))
    ${checked.length > 0 ? tx.sql`order by id for no key update` : tx.sql``}`.execute()
  return {
    ids: new Set(rows.map(({ id }) => id)),
    idByPhone: new Map(rows.flatMap(({ id, phone }) => (phone === null ? [] : [[phone, id]]))),
  }
}

async function readAppointmentsOfCustomers(tx: Tx, requests: ClaimRequest[]): Promise<BatchState['ownAppointments']> {
  const asking = requests.filter(
    (request) => checkedCustomer(request) || (request.kind !== 'BOOK_HOLD' && request.takesAlternative),
  )
  const own = await readOwnAppointments(
    tx,
    asking.map((request) => ({
      ...request.alternatives,
      window: request.kind === 'BOOK_HOLD' ? windowOfHold(request) : windowOf(request),
    })),
  )
  return new Map(asking.map((request, index) => [request, own[index] ?? []]))
}

function windowOfHold({ held }: BookHoldRequest): Interval {
  return {
    start: Math.min(...held.map(({ window }) => window.start)),
    end: Math.max(...held.map(({ window }) => window.end)),
  }
}

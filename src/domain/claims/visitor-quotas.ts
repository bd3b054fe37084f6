// What visitors may keep from others: live holds of an address and of a key, bookings for a phone number.
//
// Counted under an advisory lock for each counter, in the transaction that writes what is counted: so neither several
// requests nor several gateways exceed a limit together. An answer that is repeated for its idempotency key or its
// session is found before anything is counted.
import { type Lock, namedLock } from '../../db/locks.ts'
import type { Tx } from '../../db/transaction.ts'
import { PHONE_PERIOD_MS, type Visitor, type VisitorLimits } from '../people/visitors.ts'
import { BookingLimitReachedError, HoldLimitReachedError, type Refusal } from '../vocabulary/refusals.ts'
import type { Instant } from '../vocabulary/types.ts'
import type { Won } from './claim-decisions.ts'
import type { ClaimRequest, HoldRequest } from './claim-requests.ts'

/** Live holds of one secret key without a session; those of visitors have limits of their own. */
const MAX_HOLDS_WITHOUT_SESSION = 2000

/** Of a visitor's request; null in those of everybody else. */
export interface Quotas {
  visitor: Visitor
  limits: VisitorLimits
}

type Scope = 'ADDRESS' | 'KEY' | 'NO_SESSION' | 'PHONE'

interface Counter {
  scope: Scope
  /** The hash of the address or of the phone number, or the key. */
  subject: string
  limit: number
}

/** Changed while deciding: what an earlier request of the batch won counts for the later ones. */
export type Counts = Map<string, { count: number; freeAt: Instant | null }>

export function locksOfQuotas(request: ClaimRequest): Lock[] {
  const { organizationId } = request.caller
  return countersOf(request)
    .filter(({ scope }) => scope !== 'NO_SESSION')
    .map(({ scope, subject }) => namedLock('visitors', organizationId, scope, subject))
}

export async function readCounts(tx: Tx, requests: ClaimRequest[]): Promise<Counts> {
  const counters = new Map(requests.flatMap(countersOf).map((counter) => [nameOf(counter), counter]))
  if (counters.size === 0) return new Map()
  const all = [...counters.values()]
  const rows = await tx.sql<{ scope: Scope; subject: string; count: number; freeAt: Instant | null }[]>`
    select c.scope, c.subject, counted.count::int, counted.free_at as "freeAt"
    from unnest(${all.map((c) => c.scope)}::text[], ${all.map((c) => c.subject)}::text[], ${all.map((c) => c.limit)}::int[])
      as c (scope, subject, most)
    cross join lateral (
      select count(*), min(free_at) as free_at from (
        (select h.expires_at as free_at from holds h
        where c.scope = 'ADDRESS' and h.organization_id = ${tx.organizationId} and h.status = 'ACTIVE' and h.network <> ''
          and h.network = c.subject and h.expires_at > clock_timestamp() order by h.expires_at limit c.most)
        union all
        (select h.expires_at from holds h
        where c.scope = 'KEY' and h.organization_id = ${tx.organizationId} and h.status = 'ACTIVE'
          and h.caller = c.subject and h.expires_at > clock_timestamp() limit c.most)
        union all
        (select h.expires_at from holds h
        where c.scope = 'NO_SESSION' and h.organization_id = ${tx.organizationId} and h.status = 'ACTIVE'
          and h.caller = c.subject and h.session_key is null and h.expires_at > clock_timestamp()
        order by h.expires_at limit c.most)
        union all
        (select b.booked_at + make_interval(secs => ${PHONE_PERIOD_MS / 1000}) from visitor_bookings b
        where c.scope = 'PHONE' and b.organization_id = ${tx.organizationId} and b.phone_hash = c.subject
          and b.booked_at > clock_timestamp() - make_interval(secs => ${PHONE_PERIOD_MS / 1000})
        order by b.booked_at limit c.most)
      ) one
    ) counted`
  return new Map(rows.map(({ count, freeAt, ...counter }) => [nameOf(counter), { count, freeAt }]))
}

/** `given`: how many live holds of the same visitor end with the new one. */
export function refuseBeyondQuota(counts: Counts, request: ClaimRequest, now: Instant, given = 0): Refusal | null {
  for (const counter of countersOf(request)) {
    const { count = 0, freeAt = null } = counts.get(nameOf(counter)) ?? {}
    if (count - given < counter.limit) continue
    const retryAfterMs = freeAt === null ? null : Math.max(1, freeAt - now)
    return counter.scope === 'PHONE'
      ? new BookingLimitReachedError(counter.limit, retryAfterMs)
      : new HoldLimitReachedError(counter.limit, counter.scope, retryAfterMs)
  }
  return null
}

export function countWon(counts: Counts, request: ClaimRequest, now: Instant, given = 0): void {
  const ownFreeAt = now + (request.kind === 'HOLD' ? request.ttlSeconds * 1000 : PHONE_PERIOD_MS)
  for (const counter of countersOf(request)) {
    const { count = 0, freeAt = null } = counts.get(nameOf(counter)) ?? {}
    counts.set(nameOf(counter), { count: count + 1 - given, freeAt: Math.min(freeAt ?? ownFreeAt, ownFreeAt) })
  }
}

export async function writeVisitorBookings(tx: Tx, won: Won[], now: Instant): Promise<void> {
  const rows = won.flatMap((decision) =>
    decision.state === 'HOLD'
      ? []
      : countersOf(decision.request)
          .filter(({ scope }) => scope === 'PHONE')
          .map(({ subject }) => ({ subject, appointmentId: decision.booked.appointmentId })),
  )
  if (rows.length === 0) return
  await tx.sql`
    insert into visitor_bookings (organization_id, phone_hash, booked_at, appointment_id)
    select ${tx.organizationId}::uuid, phone_hash, ${now}::timestamptz, appointment_id
    from unnest(${rows.map((row) => row.subject)}::text[], ${rows.map((row) => row.appointmentId)}::uuid[])
      as b (phone_hash, appointment_id)`
}

/** Empty: of no visitor, whose holds are counted by nothing but their session. */
export function networkOfRequest({ quotas }: Pick<HoldRequest, 'quotas'>): string {
  return quotas?.visitor.network ?? ''
}

function countersOf(request: ClaimRequest): Counter[] {
  const { quotas, caller } = request
  if (!quotas)
    return isWithoutSession(request)
      ? [{ scope: 'NO_SESSION', subject: caller.id, limit: MAX_HOLDS_WITHOUT_SESSION }]
      : []
  const { visitor, limits } = quotas
  if (request.kind !== 'HOLD') {
    const phone = request.booking.guest?.phone ?? null
    return phone === null ? [] : [{ scope: 'PHONE', subject: visitor.hashOf(phone), limit: limits.bookingsPerPhone }]
  }
  const ofKey: Counter = { scope: 'KEY', subject: caller.id, limit: limits.holdsPerKey }
  if (visitor.network === '') return [ofKey]
  return [{ scope: 'ADDRESS', subject: visitor.network, limit: limits.holdsPerAddress }, ofKey]
}

/** A secret key serves many people: its limit is there for mistakes and is not worth a lock. */
function isWithoutSession(request: ClaimRequest): boolean {
  return request.kind === 'HOLD' && request.sessionKey === null
}

function nameOf({ scope, subject }: Pick<Counter, 'scope' | 'subject'>): string {
  return `${scope} ${subject}`
}

// Alternatives for requests that lost: what is open near the wish, in the same snapshot as the refusal.
import type { Tx } from '../../db/transaction.ts'
import { candidatesOf } from '../catalogue/definitions.ts'
import type { ClaimRequest } from '../claims/claim-requests.ts'
import { rankAlternatives } from '../slots/alternative-ranking.ts'
import { narrowToPins } from '../slots/pinned-service.ts'
import { claimWindow, findSlots } from '../slots/slots.ts'
import { normalize } from '../time/intervals.ts'
import type { Instant, Interval, ResourceState, ServiceDefinition, Slot } from '../vocabulary/types.ts'
import { loadTaken, statesOf } from './resource-states.ts'

export const DEFAULT_WITHIN_MINUTES = 7 * 24 * 60
/** How many a refusal shows. */
export const SHOWN_ALTERNATIVES = 3

/** By request: the alternatives, best first. Requests with the same wish share one search. */
export type AlternativesFound = Map<ClaimRequest, Slot[]>

export interface AlternativesRead {
  requests: ClaimRequest[]
  resources: Map<string, ResourceState>
  exclude: Interval[]
}

export async function readAlternatives(tx: Tx, requests: ClaimRequest[]): Promise<AlternativesRead[]> {
  const searches = [...Map.groupBy(requests, searchKey).values()].map((group) => {
    const [request] = group as [ClaimRequest]
    return { requests: group, request, window: claimWindow(request.offer.service, ...rangeOf(request)) }
  })
  const services = Map.groupBy(searches, ({ request }) => serviceKey(request))
  return (await Promise.all([...services.values()].map((ofService) => readService(tx, ofService)))).flat()
}

interface Search {
  requests: ClaimRequest[]
  request: ClaimRequest
  window: Interval
}

/** A crowd after the same hour has wishes a few hours apart, and windows that are nearly the same: what they share is read once. */
async function readService(tx: Tx, searches: Search[]): Promise<AlternativesRead[]> {
  const windows = normalize(searches.map(({ window }) => window))
  const reads = await Promise.all(
    windows.map(async (window) => {
      const within = searches.filter((search) => window.start <= search.window.start && search.window.end <= window.end)
      const [{ request }] = within as [Search]
      const [taken, excludes] = await Promise.all([
        loadTaken(tx, { resourceIds: candidatesOf(request.offer.service), window }),
        readOwnAppointments(
          tx,
          within.map((search) => ({ ...search.request.alternatives, window: search.window })),
        ),
      ])
      return within.map((search, index) => ({
        requests: search.requests,
        resources: statesOf(search.request.offer.schedules, taken),
        exclude: excludes[index] ?? [],
      }))
    }),
  )
  return reads.flat()
}

export function findAlternativesFor(reads: AlternativesRead[], now: Instant): AlternativesFound {
  const found: AlternativesFound = new Map()
  for (const read of reads) {
    const slots = searchGroup(read, now)
    for (const request of read.requests) found.set(request, slots)
  }
  return found
}

export function serviceKey({ offer: { service } }: ClaimRequest): string {
  return `${service.id} ${service.definitionVersion}`
}

function searchKey(request: ClaimRequest): string {
  const { first, withinMinutes, customerId, phone, excludeStarts = [] } = request.alternatives
  return JSON.stringify([
    serviceKey(request),
    wishOf(request),
    pinsOf(request),
    first,
    withinMinutes,
    customerId,
    phone,
    excludeStarts,
  ])
}

export interface CustomerInWindow {
  /** The customer is known by id or by phone; null and null: nobody. */
  customerId: string | null
  phone: string | null
  window: Interval
  /** Does not count. */
  exceptId?: string
}

/** For each customer the confirmed appointments that touch the window. */
export async function readOwnAppointments(tx: Tx, customers: CustomerInWindow[]): Promise<Interval[][]> {
  const known = [...customers.entries()].filter(([, { customerId, phone }]) => customerId !== null || phone !== null)
  if (known.length === 0) return customers.map(() => [])
  const rows = await tx.sql<(Interval & { index: number })[]>`
    select w.index, a.starts_at as start, a.ends_at as "end"
    from unnest(
      ${known.map(([index]) => index)}::int[], ${known.map(([, { customerId }]) => customerId)}::uuid[],
      ${known.map(([, { phone }]) => phone)}::text[], ${known.map(([, { exceptId }]) => exceptId ?? null)}::uuid[],
      ${known.map(([, { window }]) => window.start)}::timestamptz[], ${known.map(([, { window }]) => window.end)}::timestamptz[]
    ) as w (index, customer_id, phone, except_id, starts_at, ends_at)
    cross join lateral (
      select w.customer_id as id where w.customer_id is not null
      union
      select c.id from customers c where c.organization_id = ${tx.organizationId} and c.phone = w.phone
    ) as customer
    join appointments a on a.organization_id = ${tx.organizationId} and a.customer_id = customer.id
    where a.id is distinct from w.except_id
      and a.status = 'CONFIRMED' and a.starts_at < w.ends_at and a.ends_at > w.starts_at
      -- None takes more than seven days: what is long past is not read.
      and a.starts_at > w.starts_at - interval '8 days'`.execute()
  const byIndex = Map.groupBy(rows, ({ index }) => index)
  return customers.map((_, index) => byIndex.get(index) ?? [])
}

function searchGroup({ requests, resources, exclude }: AlternativesRead, now: Instant): Slot[] {
  const [request] = requests as [ClaimRequest]
  const { service } = request.offer
  const [from, to] = rangeOf(request)
  const search = (offered: ServiceDefinition) =>
    rankAlternatives(findSlots({ service: offered, resources, from, to, now }), {
      near: wishOf(request),
      timeZone: service.timeZone,
      first: request.alternatives.first,
      exclude,
      excludeStarts: request.alternatives.excludeStarts,
    })
  // Whoever asked for a person wants that person at another time; somebody else only if there is no such time.
  const pinned = search(narrowToPins(service, pinsOf(request)))
  return pinned.length > 0 ? pinned : search(service)
}

export function wishOf(request: ClaimRequest): Instant {
  return request.kind === 'BOOK_HOLD' ? request.startsAt : (request.wishedAt ?? (request.starts[0] as Instant))
}

export function pinsOf(request: ClaimRequest): (string | null)[] {
  return request.kind === 'BOOK_HOLD' ? [] : request.pinned
}

export function rangeOf(request: ClaimRequest): [from: Instant, to: Instant] {
  const distance = request.alternatives.withinMinutes * 60_000
  return [wishOf(request) - distance, wishOf(request) + distance + 1]
}

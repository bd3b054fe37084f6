// Writes down what a batch of claim requests won: set-based statements that travel in one packet.
import { claimDeltas, recordChanges } from '../../db/change-log.ts'
import type { Tx } from '../../db/transaction.ts'
import { requestedSyncs } from '../outside/calendars/external-bookings.ts'
import { isLive } from '../slots/resource-availability.ts'
import { OutdatedAttempt } from '../vocabulary/outdated-attempt.ts'
import type { Claim, Instant } from '../vocabulary/types.ts'
import { type NewClaim, usedKeyOf, type Won } from './claim-decisions.ts'
import { writeUsedKeys } from './idempotency.ts'
import { writeVisitorBookings } from './visitor-quotas.ts'

/** The customer that each new appointment is for, by appointment. */
export type CustomerIds = Map<string, string>

/**
 * The order matters: dead and replaced claims make room first, customers exist before their appointments, changes come
 * last because they keep the version rows locked until the commit.
 */
export async function writeWon(tx: Tx, won: Won[], now: Instant): Promise<CustomerIds> {
  if (won.length === 0) return new Map()
  const [customerIds] = await Promise.all([writeRows(tx, won, now), recordChanges(tx, won.flatMap(deltasOf))])
  return customerIds
}

/** The same but for the log, for transactions that write down all their changes at the end. */
export async function writeRows(tx: Tx, won: Won[], now: Instant): Promise<CustomerIds> {
  const [, , , , , , customerIds] = await Promise.all([
    deactivateClaims(
      tx,
      won.flatMap((decision) => ('dead' in decision ? decision.dead : [])),
      now,
    ),
    writeHoldStatuses(tx, won),
    insertHolds(tx, won),
    insertCustomers(tx, won),
    insertClaims(
      tx,
      won.flatMap((decision) => (decision.state === 'BOOK_HOLD' ? [] : decision.claims)),
    ),
    bookHeldClaims(tx, won),
    insertAppointments(tx, won, now),
    writeUsedKeys(tx, won.flatMap(usedKeyOf)),
    writeVisitorBookings(tx, won, now),
  ])
  for (const decision of won) {
    if (decision.state !== 'HOLD') tx.appointments.push({ appointmentId: decision.booked.appointmentId, version: 1 })
  }
  return customerIds
}

/**
 * Frees claims as they were read at `now`. One that was booked, extended or freed since then is an OutdatedAttempt: under
 * the locks that cannot be, without them an appointment would lose its claim to whoever took its hold for dead.
 */
export async function deactivateClaims(tx: Tx, claims: Claim[], now: Instant): Promise<void> {
  const distinct = [...new Map(claims.map((claim) => [claim.id, claim])).values()]
  if (distinct.length === 0) return
  const freed = await tx.sql`
    update claims c set active = false
    from unnest(${distinct.map((claim) => claim.id)}::uuid[], ${distinct.map((claim) => claim.appointmentId)}::uuid[],
                ${distinct.map((claim) => String(!isLive(claim, now)))}::text[]::bool[]) as f (id, appointment_id, is_dead)
    where c.organization_id = ${tx.organizationId} and c.id = f.id and c.active
      and c.appointment_id is not distinct from f.appointment_id
      and (not f.is_dead or c.expires_at <= clock_timestamp())`
  if (freed.count !== distinct.length) throw new OutdatedAttempt()
}

export async function insertClaims(tx: Tx, claims: NewClaim[]): Promise<void> {
  if (claims.length === 0) return
  const rows = claims.map(({ claim, segmentPosition, groupPosition }) => ({
    id: claim.id,
    resource_id: claim.resourceId,
    starts_at: new Date(claim.start),
    ends_at: new Date(claim.end),
    segment_position: segmentPosition,
    group_position: groupPosition,
    hold_id: claim.holdId,
    appointment_id: claim.appointmentId,
    expires_at: claim.expiresAt === null ? null : new Date(claim.expiresAt),
  }))
  await tx.sql`
    insert into claims (organization_id, id, resource_id, during, segment_position, group_position, hold_id,
                        appointment_id, expires_at)
    select ${tx.organizationId}::uuid, id, resource_id, tstzrange(starts_at, ends_at), segment_position, group_position,
           hold_id, appointment_id, expires_at
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r (
      id uuid, resource_id uuid, starts_at timestamptz, ends_at timestamptz, segment_position smallint,
      group_position smallint, hold_id uuid, appointment_id uuid, expires_at timestamptz)`
}

export function deltasOf(decision: Won) {
  if (decision.state === 'BOOK_HOLD') {
    const { claims, booked } = decision
    const kept = claims.map((claim) => ({ ...claim, appointmentId: booked.appointmentId, expiresAt: null }))
    return claimDeltas({ removed: claims, added: kept })
  }
  return claimDeltas({ removed: decision.dead, added: decision.claims.map(({ claim }) => claim) })
}

async function writeHoldStatuses(tx: Tx, won: Won[]): Promise<void> {
  const statuses = won.flatMap((decision): [string, string][] =>
    decision.state === 'BOOK_HOLD'
      ? [[decision.request.holdId, 'BOOKED']]
      : decision.state === 'HOLD'
        ? decision.replaced.map((hold) => [hold.id, hold.expiresAt <= decision.hold.createdAt ? 'EXPIRED' : 'RELEASED'])
        : [],
  )
  if (statuses.length === 0) return
  // Compared as text: by their ids, and never by an index of all active holds, which is short only until it is read.
  const written = await tx.sql<{ status: string }[]>`
    update holds h set status = s.status
    from unnest(${statuses.map(([id]) => id)}::uuid[], ${statuses.map(([, status]) => status)}::text[]::hold_status[]) as s (id, status)
    where h.organization_id = ${tx.organizationId} and h.id = s.id and h.status::text = 'ACTIVE'
    returning h.status`
  // Without the locks a hold can end between the read and here; nobody may get an appointment for it.
  const isBooked = (status: string) => status === 'BOOKED'
  if (written.filter((row) => isBooked(row.status)).length < statuses.filter(([, status]) => isBooked(status)).length) {
    throw new OutdatedAttempt()
  }
}

async function insertHolds(tx: Tx, won: Won[]): Promise<void> {
  const rows = won.flatMap((decision) =>
    decision.state === 'HOLD'
      ? [
          {
            id: decision.hold.id,
            service_id: decision.hold.serviceId,
            starts_at: new Date(decision.hold.startsAt),
            ends_at: new Date(decision.hold.endsAt),
            segments: decision.hold.segments,
            expires_at: new Date(decision.hold.expiresAt),
            extendable_until: new Date(decision.hold.extendableUntil),
            session_key: decision.hold.sessionKey,
            caller: decision.hold.caller,
            network: decision.hold.network,
            customer_id: decision.request.customerId,
            created_at: new Date(decision.hold.createdAt),
          },
        ]
      : [],
  )
  if (rows.length === 0) return
  await tx.sql`
    insert into holds (organization_id, id, status, service_id, starts_at, ends_at, segments, expires_at, extendable_until,
                       session_key, caller, network, customer_id, created_at)
    select ${tx.organizationId}::uuid, id, 'ACTIVE', service_id, starts_at, ends_at, segments, expires_at, extendable_until,
           session_key, caller, network, customer_id, created_at
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r (
      id uuid, service_id uuid, starts_at timestamptz, ends_at timestamptz, segments jsonb, expires_at timestamptz,
      extendable_until timestamptz, session_key text, caller text, network text, customer_id uuid, created_at timestamptz)`
}

// Sorted by phone: two batches that bring the same numbers in different orders wait for each other, but never in a ring.
async function insertCustomers(tx: Tx, won: Won[]): Promise<void> {
  const rows = won
    .flatMap((decision) =>
      decision.state !== 'HOLD' && decision.request.booking.guest
        ? [{ id: decision.booked.newCustomerId, ...decision.request.booking.guest }]
        : [],
    )
    .sort((a, b) => ((a.phone ?? '') < (b.phone ?? '') ? -1 : 1))
  if (rows.length === 0) return
  await tx.sql`
    insert into customers (organization_id, id, name, phone, email)
    select ${tx.organizationId}::uuid, id, name, phone, email
    from unnest(${rows.map((row) => row.id)}::uuid[], ${rows.map((row) => row.name)}::text[],
                ${rows.map((row) => row.phone)}::text[], ${rows.map((row) => row.email)}::text[]) as c (id, name, phone, email)
    on conflict (organization_id, phone) where phone is not null do nothing`
}

async function bookHeldClaims(tx: Tx, won: Won[]): Promise<void> {
  const booked = won.filter((decision) => decision.state === 'BOOK_HOLD')
  if (booked.length === 0) return
  const kept = await tx.sql`
    update claims c set appointment_id = b.appointment_id, expires_at = null
    from unnest(${booked.map((decision) => decision.request.holdId)}::uuid[],
                ${booked.map((decision) => decision.booked.appointmentId)}::uuid[]) as b (hold_id, appointment_id)
    where c.organization_id = ${tx.organizationId} and c.hold_id = b.hold_id and c.active`
  if (kept.count !== booked.reduce((sum, { claims }) => sum + claims.length, 0)) throw new OutdatedAttempt()
}

async function insertAppointments(tx: Tx, won: Won[], now: Instant): Promise<CustomerIds> {
  const rows = won.flatMap((decision) => {
    if (decision.state === 'HOLD') return []
    const { request, booked } = decision
    return [
      {
        id: booked.appointmentId,
        service_id: request.offer.service.id,
        customer_id: request.booking.customerId,
        new_customer_id: booked.newCustomerId,
        guest: request.booking.guest,
        phone: request.booking.guest?.phone ?? null,
        starts_at: new Date(booked.startsAt),
        ends_at: new Date(booked.endsAt),
        segments: booked.segments,
        notes: request.booking.notes,
        origin: request.caller.origin,
        actor: request.caller.actor,
        changed_by: request.caller.id,
        hold_id: decision.state === 'BOOK_HOLD' ? decision.request.holdId : null,
      },
    ]
  })
  if (rows.length === 0) return new Map()
  const inserted = await tx.sql<{ id: string; customerId: string; xid: string }[]>`
    with booking as materialized (
      select r.*, coalesce(r.customer_id,
        (select c.id from customers c where c.organization_id = ${tx.organizationId} and c.phone = r.phone),
        r.new_customer_id) as for_customer
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r (
        id uuid, service_id uuid, customer_id uuid, new_customer_id uuid, guest jsonb, phone text, starts_at timestamptz,
        ends_at timestamptz, segments jsonb, notes text, origin origin, actor text, changed_by text, hold_id uuid)
    ), appointment as (
      insert into appointments (organization_id, id, status, version, service_id, customer_id, guest, starts_at, ends_at,
                                segments, notes, origin, hold_id, created_at, updated_at)
      select ${tx.organizationId}::uuid, id, 'CONFIRMED', 1, service_id, for_customer, nullif(guest, 'null'), starts_at, ends_at,
             segments, notes, origin, hold_id, ${now}::timestamptz, ${now}::timestamptz
      from booking
      returning id, customer_id
    ), event as (
      insert into appointment_events (organization_id, appointment_id, version, kind, at, actor, origin, starts_at)
      select ${tx.organizationId}::uuid, id, 1, 'BOOKED', ${now}::timestamptz, actor, origin, starts_at from booking
    ), changed as (select id, service_id, changed_by from booking),
    ${requestedSyncs(tx)}
    select id, customer_id as "customerId", (select count(*) from requested) as synced from appointment`
  return new Map(inserted.map((row) => [row.id, row.customerId]))
}

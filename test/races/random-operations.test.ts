import { describe, expect, it } from 'vitest'
import { inSnapshot, type Tx } from '../../src/db/transaction.ts'
import { findAvailability } from '../../src/domain/availability/availability.ts'
import { loadAppointments, loadHistories } from '../../src/domain/bookings/appointments.ts'
import { loadServices, WEEKDAYS } from '../../src/domain/catalogue/definitions.ts'
import type { Claim, ClaimedSegment, Interval, ResourceKind, ResourceState } from '../../src/domain/vocabulary/types.ts'
import { expectIntact } from '../support/database-checks.ts'
import { openDoors } from '../support/lanes.ts'
import { ALWAYS_OPEN, hourAhead, openSalon, type Salon, segment } from '../support/salon.ts'
import { oracleSlots } from '../support/slot-oracle.ts'
import { runStorm, type StormRecord, type StormWorld } from '../support/storm.ts'
import { addResource, addService } from '../support/tenant.ts'

const seconds = Number(process.env.STORM_SECONDS ?? 3)
const seed = Number(process.env.STORM_SEED ?? Math.floor(Math.random() * 1_000_000))
const minute = 60_000

describe.each([{ advisoryLocks: true }, { advisoryLocks: false }])(
  'with $advisoryLocks for advisory locks',
  (options) => {
    it(`random operations leave what their answers say (seed ${seed})`, {
      timeout: (seconds + 60) * 1000,
    }, async () => {
      await using salon = await openSalon({ people: 4 })
      await using doors = openDoors(salon, options)
      const serviceIds = await addServices(salon)
      const world: StormWorld = { doors, serviceIds, people: salon.people }
      const record = await runStorm(world, { seed, seconds, clients: 24 })
      expect(record.faults).toEqual([])
      await expectIntact(salon.db)
      await expectAcknowledged(salon, record)
      for (const serviceId of serviceIds) {
        await inSnapshot(salon.db, salon.organizationId, (tx) => expectAvailabilityOfModel(tx, serviceId))
      }
      if (process.env.STORM_SECONDS) console.info(JSON.stringify({ seed, ...options, ...record.counts }))
    })
  },
)

async function addServices(salon: Salon): Promise<string[]> {
  const room = await addResource(salon, { kind: 'ROOM', name: 'Room', weeklyHours: ALWAYS_OPEN })
  const staff = { kind: 'STAFF' as const, candidateIds: salon.people }
  const groups = { candidateIds: [], resourceGroups: [{ kind: 'ROOM' as const, candidateIds: [room.id] }, staff] }
  const inRoom = await addService(salon, [segment({ ...groups, durationMinutes: 45, bufferAfterMinutes: 15 })])
  const perm = await addService(salon, [
    segment({ candidateIds: salon.people.slice(1), bufferBeforeMinutes: 10 }),
    segment({ candidateIds: [], resourceGroups: [] }),
    segment({ candidateIds: salon.people, sameStaffAsPrevious: true }),
    segment({ candidateIds: salon.people.toReversed(), durationMinutes: 15 }),
  ])
  return [salon.cutId, inRoom.id, perm.id]
}

/** Everything that was answered is there: the version that was acknowledged, or the history that led on from it. */
async function expectAcknowledged(salon: Salon, { acknowledged }: StormRecord): Promise<void> {
  const ids = [...acknowledged.keys()]
  expect(ids.length).toBeGreaterThan(0)
  const [stored, histories] = await salon.read((tx) => Promise.all([loadAppointments(tx, ids), loadHistories(tx, ids)]))
  for (const [id, versions] of acknowledged) {
    const appointment = stored.get(id)
    const history = histories.get(id) ?? []
    for (const [version, answer] of versions) {
      expect(history[version - 1]).toMatchObject({ version })
      if (version === appointment?.version) expect(appointment).toMatchObject(answer)
    }
    // Nothing happened that nobody was told of.
    expect([...versions.keys()].sort((a, b) => a - b)).toEqual(history.map(({ version }) => version))
  }
  const unknown = await salon.db.sql<{ id: string }[]>`select id from appointments where not id = any(${ids}::uuid[])`
  expect(unknown).toHaveLength(0)
}

/** The query beside the naive oracle, over schedules read row by row and claims worked out from what was booked and is held. */
async function expectAvailabilityOfModel(tx: Tx, serviceId: string): Promise<void> {
  const from = hourAhead(0)
  const to = from + 20 * 60 * minute
  const { slots, position } = await findAvailability(tx, { serviceId, from, to, resourceIds: null })
  const { now } = position
  const service = (await loadServices(tx, [serviceId])).get(serviceId)
  if (!service) throw new Error('The service is gone.')
  const resources = await readModel(tx, now)
  const expected = oracleSlots({ service, resources, from, to, now })
  const answered = slots.map(({ startsAt, segments }) => ({
    startsAt,
    candidates: segments.map(({ candidateIds }) => [...candidateIds].sort()),
  }))
  expect(answered).toEqual(expected)
  await expectClaimsOfModel(tx, resources, now)
}

async function readModel(tx: Tx, now: number): Promise<Map<string, ResourceState>> {
  const resources = await tx.sql<{ id: string; kind: ResourceKind; name: string; active: boolean }[]>`
    select id, kind, name, active from resources`
  const hours = await tx.sql<{ resourceId: string; weekday: number; opensAt: number; closesAt: number }[]>`
    select resource_id as "resourceId", weekday, opens_at_minute as "opensAt", closes_at_minute as "closesAt" from weekly_hours`
  const timeOff = await tx.sql<(Interval & { resourceId: string })[]>`
    select resource_id as "resourceId", lower(during) as start, upper(during) as "end" from time_off`
  const owners = await tx.sql<{ segments: ClaimedSegment[]; expiresAt: number | null }[]>`
    select segments, null::timestamptz as "expiresAt" from appointments where status <> 'CANCELLED'
    union all select segments, expires_at from holds where status = 'ACTIVE'`
  const states = new Map<string, ResourceState>()
  for (const { id, kind, name, active } of resources) {
    const schedule = {
      ...{ resourceId: id, kind, name, active, timeZone: 'Europe/Berlin', dateOverrides: [], scheduleVersion: 0 },
      weeklyHours: hours
        .filter(({ resourceId }) => resourceId === id)
        .map((row) => ({ ...row, weekday: WEEKDAYS[row.weekday - 1] as (typeof WEEKDAYS)[0] })),
      timeOff: timeOff.filter(({ resourceId }) => resourceId === id).map((row) => ({ ...row, id: '', reason: null })),
    }
    states.set(id, { schedule, claims: [], busy: [] })
  }
  for (const { segments, expiresAt } of owners) {
    if (expiresAt !== null && expiresAt <= now) continue
    for (const { resourceIds, startsAt, endsAt, bufferBeforeMinutes, bufferAfterMinutes } of segments) {
      for (const resourceId of resourceIds) {
        const [start, end] = [startsAt - bufferBeforeMinutes * minute, endsAt + bufferAfterMinutes * minute]
        const claim: Claim = { id: '', resourceId, start, end, holdId: null, appointmentId: null, expiresAt }
        states.get(resourceId)?.claims.push(claim)
      }
    }
  }
  return states
}

/** The live claims cover exactly what was booked and is held, buffers included. */
async function expectClaimsOfModel(tx: Tx, model: Map<string, ResourceState>, now: number): Promise<void> {
  const claims = await tx.sql<(Interval & { resourceId: string })[]>`
    select resource_id as "resourceId", lower(during) as start, upper(during) as "end" from claims
    where active and (expires_at is null or expires_at > ${now}::timestamptz)`
  for (const [id, state] of model) {
    expect(merged(claims.filter(({ resourceId }) => resourceId === id))).toEqual(merged(state.claims))
  }
}

function merged(intervals: Interval[]): Interval[] {
  const union: Interval[] = []
  for (const { start, end } of intervals.toSorted((a, b) => a.start - b.start)) {
    const last = union.at(-1)
    if (last && start <= last.end) last.end = Math.max(last.end, end)
    else union.push({ start, end })
  }
  return union
}

// Each hot statement on a filled and analysed database: what it reads follows what it answers, not the past nor the neighbours.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asSystem, type Tx } from '../../src/db/transaction.ts'
import { findOverlapped } from '../../src/domain/availability/busy-intervals.ts'
import { readLastServed } from '../../src/domain/availability/fairness.ts'
import { loadTaken } from '../../src/domain/availability/resource-states.ts'
import {
  type AppointmentRange,
  listAppointments,
  listAppointmentsOf,
} from '../../src/domain/bookings/appointment-lists.ts'
import { loadHeldClaims } from '../../src/domain/bookings/held-claims.ts'
import { listSessionHolds } from '../../src/domain/bookings/session-holds.ts'
import { loadSchedules } from '../../src/domain/catalogue/definitions.ts'
import { loadTimeOffBetween, loadTimeOffConflicts } from '../../src/domain/catalogue/time-off.ts'
import { loadDateOverrides } from '../../src/domain/catalogue/working-schedules.ts'
import { compareOverlaps } from '../../src/domain/outside/calendars/calendar-conflicts.ts'
import { listCustomers } from '../../src/domain/people/customer-list.ts'
import { dayNumber, readDays } from '../../src/realtime/day-reading.ts'
import { type FilledSalon, openFilledSalon } from '../support/filled-database.ts'
import { explainStatements, type ReadPlan } from '../support/plans.ts'
import { addResource } from '../support/tenant.ts'

const HOUR = 3_600_000
const PEOPLE = 6
const APPOINTMENTS = 4000
const FILLED = [
  'appointments',
  'appointment_events',
  'claims',
  'customers',
  'holds',
  'busy_intervals',
  'resource_days',
  'time_off',
  'date_overrides',
]

let salon: FilledSalon
beforeAll(async () => {
  salon = await openFilledSalon({ people: PEOPLE, appointments: APPOINTMENTS, neighbours: 1 })
})
afterAll(() => salon?.[Symbol.asyncDispose]())

/** At this hour there is an appointment of everybody. */
function hour(ahead: number): number {
  return Math.floor(Date.now() / HOUR) * HOUR + ahead * HOUR
}

/** What it may read of all tables together: the filled ones have 24,000 rows of this organization and as many of the neighbour. */
const statements: Record<string, { most: number; read: (tx: Tx) => Promise<unknown> }> = {
  'what is taken in a day': {
    most: 120,
    read: (tx) => loadTaken(tx, { resourceIds: [salon.busiest], window: { start: hour(0), end: hour(24) } }),
  },
  'who served last': {
    most: 10,
    read: (tx) => readLastServed(tx, [{ resourceId: salon.busiest, before: hour(0) }]),
  },
  'a schedule with its overrides and time off': {
    most: 300,
    read: (tx) => loadSchedules(tx, [salon.busiest]),
  },
  'time off of a week': {
    most: 150,
    read: (tx) => loadTimeOffBetween(tx, { resourceIds: [salon.busiest], from: hour(-24), to: hour(24 * 6) }),
  },
  'date overrides of a week': {
    most: 20,
    read: (tx) => loadDateOverrides(tx, { resourceIds: [salon.busiest], from: '2020-01-01', to: '2020-01-07' }),
  },
  'the appointments under a time off': {
    most: 250,
    read: async (tx) => {
      const [row] = await salon.db.sql<{ id: string }[]>`
        select id from time_off where resource_id = ${salon.busiest} and ends_at > now() order by ends_at limit 1`
      return loadTimeOffConflicts(tx, [String(row?.id)])
    },
  },
  'the appointments of a resource, the first page': {
    most: 4000,
    read: (tx) => listAppointments(tx, { filter: { resourceId: salon.busiest }, first: 20 }),
  },
  'the appointments of a resource that has none': {
    most: 10,
    read: (tx) => listAppointments(tx, { filter: { resourceId: randomUUID() }, first: 20 }),
  },
  'the appointments of a resource, from now': {
    most: 4000,
    read: (tx) => listAppointments(tx, { filter: { resourceId: salon.busiest, from: hour(0) }, first: 20 }),
  },
  'the appointments of a resource, the last page before now': {
    most: 4000,
    read: (tx) => listAppointments(tx, { filter: { resourceId: salon.busiest, to: hour(0) }, last: 20 }),
  },
  'all appointments of a day': {
    most: 200,
    read: (tx) => listAppointments(tx, { filter: { from: hour(0), to: hour(24) }, first: 100 }),
  },
  'the appointments of customers': {
    most: 60,
    read: async (tx) => {
      const rows = await salon.db.sql<{ id: string }[]>`
        select id from customers where organization_id = ${salon.organizationId} limit 3`
      return listAppointmentsOf(tx, { customerIds: rows.map(({ id }) => id), first: 5 })
    },
  },
  'customers by name, a page': { most: 60, read: (tx) => listCustomers(tx, { first: 50 }) },
  'what overlaps a busy interval': {
    most: 250,
    read: (tx) => findOverlapped(tx, { resourceIds: [salon.busiest], startsAt: hour(5), endsAt: hour(6) }),
  },
  'the holds of a session': {
    most: 10,
    read: (tx) => listSessionHolds(tx, { caller: salon.caller, sessionKey: 'session 7' }),
  },
  'a hold with its claims': {
    most: 10,
    read: async (tx) => {
      const [row] = await salon.db.sql<{ id: string }[]>`
        select id from holds where organization_id = ${salon.organizationId} limit 1`
      return loadHeldClaims(tx, { ...salon.caller, id: 'key:past' }, String(row?.id))
    },
  },
}

test.for(Object.entries(statements))('%s', async ([, { most, read }]) => {
  const plans = await salon.read((tx) => explainStatements(tx, read))
  expect(plans).not.toEqual([])
  expect(plans.flatMap(({ scanned }) => scanned).filter((table) => FILLED.includes(table))).toEqual([])
  expect(plans.reduce((sum, { rowsRead }) => sum + rowsRead, 0)).toBeLessThanOrEqual(most)
})

test('the days that a live view needs', async () => {
  const today = dayNumber(Date.now())
  const run = { organizationId: salon.organizationId, subjectId: salon.busiest, firstDay: today, lastDay: today + 1 }
  const plans = await asSystem(salon.db, (tx) => explainStatements(tx, (seen) => readDays(seen, [run])), {
    snapshot: true,
  })
  expect(plans.flatMap(({ scanned }) => scanned).filter((table) => FILLED.includes(table))).toEqual([])
  expect(plans.reduce((sum, { rowsRead }) => sum + rowsRead, 0)).toBeLessThanOrEqual(500)
})

test('the overlaps with an outside calendar', async () => {
  let plans: ReadPlan[] = []
  const integrationId = randomUUID()
  const compared = salon.write(async (tx) => {
    await tx.sql`
      insert into integrations (organization_id, id, provider, location_id, settings, secrets, version)
      values (${tx.organizationId}, ${integrationId}, 'CALCOM', ${salon.locationId}, '{}', '{}', 1)`
    // Of what is to come a few are left: each of them is compared, and none of the past.
    await tx.sql`delete from busy_intervals where organization_id = ${tx.organizationId} and starts_at > now() + interval '10 hours'`
    plans = await explainStatements(tx, (seen) => compareOverlaps(seen, { integrationId, source: 'calendar' }))
    throw new Error('Nothing of this is kept.')
  })
  await expect(compared).rejects.toThrow('Nothing of this is kept.')
  expect(plans.flatMap(({ scanned }) => scanned).filter((table) => FILLED.includes(table))).toEqual([])
  expect(plans.reduce((sum, { rowsRead }) => sum + rowsRead, 0)).toBeLessThanOrEqual(1200)
})

test.for([true, false])(
  'the pages of a resource, forward: %s, are all of its appointments, each once',
  async (forward) => {
    const expected = await salon.db.sql<{ id: string }[]>`
    select id from appointments where organization_id = ${salon.organizationId}
      and segments @> ${JSON.stringify([{ resourceIds: [salon.busiest] }])}::text::jsonb order by starts_at, id`
    const ids: string[] = []
    let edge: { startsAt: number; id: string } | null = null
    for (let hasMore = true; hasMore; ) {
      const range: AppointmentRange = forward ? { first: 700, after: edge } : { last: 700, before: edge }
      const page = await salon.read((tx) => listAppointments(tx, { filter: { resourceId: salon.busiest }, ...range }))
      ids.splice(forward ? ids.length : 0, 0, ...page.rows.map(({ id }) => id))
      const isInner = edge !== null
      expect(forward ? page.hasPreviousPage : page.hasNextPage).toBe(isInner)
      hasMore = forward ? page.hasNextPage : page.hasPreviousPage
      edge = (forward ? page.rows.at(-1) : page.rows[0]) ?? null
    }
    expect(ids).toEqual(expected.map(({ id }) => id))
  },
)

test('an appointment is found by whom it needs days after its start', async () => {
  const { id: resourceId } = await addResource(salon, { name: 'Late' })
  const startsAt = hour(100)
  const [appointment] = await salon.db.sql<{ id: string }[]>`
    with copied as (
      insert into appointments (organization_id, id, status, version, service_id, customer_id, starts_at, ends_at, segments, origin)
      select organization_id, gen_random_uuid(), 'CONFIRMED', 1, service_id, customer_id, ${new Date(startsAt)}::timestamptz,
        ${new Date(startsAt)}::timestamptz + interval '7 days', ${JSON.stringify([{ resourceIds: [resourceId] }])}::text::jsonb, 'API'
      from appointments where organization_id = ${salon.organizationId} limit 1 returning id
    )
    insert into claims (organization_id, id, resource_id, during, segment_position, group_position, appointment_id)
    select ${salon.organizationId}, gen_random_uuid(), ${resourceId}, tstzrange(${new Date(startsAt)}::timestamptz + interval '164 hours',
      ${new Date(startsAt)}::timestamptz + interval '168 hours'), 1, 0, id from copied returning appointment_id as id`
  for (const bounds of [{ from: startsAt, to: startsAt + HOUR }, {}]) {
    const page = await salon.read((tx) => listAppointments(tx, { filter: { resourceId, ...bounds }, first: 5 }))
    expect(page.rows.map(({ id }) => id)).toEqual([appointment?.id])
  }
})

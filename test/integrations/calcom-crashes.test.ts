import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { StoredAppointment } from '../../src/domain/bookings/appointments.ts'
import { createCalendars } from '../../src/integrations/calcom/calendars.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { cancel, move } from '../support/appointment-changes.ts'
import { type CalcomGateway, CUT_TYPE, openCalcomGateway } from '../support/calcom-gateway.ts'
import { QUICK } from '../support/calcom-rules.ts'
import { startProcess } from '../support/child-processes.ts'
import { expectIntact } from '../support/database-checks.ts'
import type { Quirk } from '../support/fake-calcom.ts'
import { REPOSITORY } from '../support/run-command.ts'
import { book, hourAhead } from '../support/salon.ts'
import { until } from '../support/until.ts'

const HOUR = 3_600_000
const HASTENED = './test/support/hasten-imports.ts'

let gateway: CalcomGateway
beforeAll(async () => {
  gateway = await openCalcomGateway({ people: 1, jobs: false })
})
afterAll(async () => {
  await expectIntact(gateway.db)
  await gateway[Symbol.asyncDispose]()
})

let hours = 0
function next() {
  hours += 4
  return hourAhead(hours)
}

async function startVictim() {
  const child = startProcess(
    'calcom process',
    process.execPath,
    ['--import', HASTENED, 'test/support/calcom-process.ts'],
    {
      cwd: REPOSITORY,
      environment: { PATH: process.env.PATH, DATABASE_URL: gateway.url },
    },
  )
  await until(() => child.stdout().includes('\n'), { deadlineMs: 60_000, what: 'The start of the process' })
  return { url: child.stdout().trim(), kill: () => child[Symbol.asyncDispose]() }
}

/** Holds locks until it is disposed, so that whoever needs them stands still at that statement. */
async function holdLocks(...statements: string[]) {
  const sql = postgres(gateway.url, { max: 1 })
  await sql.unsafe('begin')
  for (const statement of statements) await sql.unsafe(statement)
  return {
    reached: () =>
      until(
        async () => {
          const [row] = await gateway.db.sql<[{ waiting: number }]>`
            select count(*)::int as waiting from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'`
          return row.waiting > 0
        },
        { deadlineMs: 30_000, what: 'Somebody to wait for the lock' },
      ),
    release: async () => {
      await sql.unsafe('rollback')
      await sql.end()
    },
  }
}

const activeOf = (id: string) =>
  gateway.calcom.active().filter(({ metadata }) => metadata.slotwireAppointmentId === `appointment_${id}`)

type Change = 'create' | 'reschedule' | 'cancel'

/** An appointment that waits for its job: to be made, moved or called off there. */
async function waitingFor(change: Change): Promise<StoredAppointment | Awaited<ReturnType<typeof bookOne>>> {
  const appointment = await bookOne()
  if (change === 'create') return appointment
  {
    await using _jobs = gateway.startJobs()
    await gateway.settled(appointment.id)
  }
  return change === 'reschedule'
    ? move(gateway, appointment, appointment.startsAt + HOUR)
    : cancel(gateway, appointment)
}

async function bookOne() {
  return (await book(gateway, next())).appointment
}

async function expectDoneOnce(change: Change, appointment: { id: string; startsAt: number }, before: number) {
  await using _jobs = gateway.startJobs()
  await gateway.settled(appointment.id)
  const active = activeOf(appointment.id)
  if (change === 'cancel') expect(active).toEqual([])
  else expect(active.map(({ start }) => start)).toEqual([appointment.startsAt])
  expect(gateway.calcom.counts[change]).toBe(before + 1)
  const twin = await gateway.twinOf(appointment.id)
  if (change !== 'cancel') expect(twin.externalId).toBe(active[0]?.uid)
}

const CHANGES = ['create', 'reschedule', 'cancel'] as const
const RECOVERIES = ['delivery', 'poll'] as const

/** Each step once, of one change or another; `CRASHES=all` crosses them all and takes minutes. */
function some<T>(all: readonly T[], step: number): readonly T[] {
  return process.env.CRASHES === 'all' ? all : [all[step % all.length] as T]
}

describe('a gateway that is killed', () => {
  it.each(some(CHANGES, 1))('during %s while the request is on its way, and never arrives', (change) =>
    killedWhileAsking(change, { kind: 'hang', done: false }),
  )

  it.each(some(CHANGES, 0))('during %s when it was done over there and the answer is on its way', (change) =>
    killedWhileAsking(change, { kind: 'hang', done: true }),
  )

  async function killedWhileAsking(change: Change, quirk: { kind: 'hang'; done: boolean }) {
    const appointment = await waitingFor(change)
    const before = gateway.calcom.counts[change]
    const reached = Promise.withResolvers<void>()
    gateway.calcom.quirk(change, { ...quirk, reached: reached.resolve })
    const victim = await startVictim()
    await reached.promise
    await victim.kill()
    await expectDoneOnce(change, appointment, before)
  }

  it.each(some(CHANGES, 2))('during %s before it has taken the job up', async (change) => {
    const appointment = await waitingFor(change)
    const before = gateway.calcom.counts[change]
    const locks = await holdLocks(`select from external_bookings where appointment_id = '${appointment.id}' for update`)
    const victim = await startVictim()
    await locks.reached()
    await victim.kill()
    await locks.release()
    await expectDoneOnce(change, appointment, before)
  })

  it.each(some(CHANGES, 1))('during %s when it has the answer and has not written it down', async (change) => {
    const appointment = await waitingFor(change)
    const before = gateway.calcom.counts[change]
    const reached = Promise.withResolvers<void>()
    const proceed = Promise.withResolvers<void>()
    const quirk: Quirk = { kind: 'barrier', at: 'after', reached: reached.resolve, proceed: proceed.promise }
    gateway.calcom.quirk(change, quirk)
    const victim = await startVictim()
    await reached.promise
    const locks = await holdLocks('lock table external_ids in exclusive mode')
    proceed.resolve()
    await locks.reached()
    await victim.kill()
    await locks.release()
    await expectDoneOnce(change, appointment, before)
  })

  it.each(some(CHANGES, 0))('during %s when it has written the answer down and not ended the job', async (change) => {
    const appointment = await waitingFor(change)
    const before = gateway.calcom.counts[change]
    const locks = await holdLocks('lock table calendar_conflicts in exclusive mode')
    const victim = await startVictim()
    await locks.reached()
    await victim.kill()
    await locks.release()
    await expectDoneOnce(change, appointment, before)
  })
})

describe('a gateway that is killed while it applies a webhook', () => {
  const tables = ['inbox', 'customers', 'claims', 'appointments', 'external_ids', 'external_bookings', 'resource_days']
  it.each(tables.map((table, step) => ({ table, step })))(
    'at $table has applied nothing, and the booking is found once, by another delivery or by the poll',
    async ({ table, step }) => {
      for (const recovery of some(RECOVERIES, step)) {
        const booking = gateway.calcom.book({ start: next(), eventTypeId: CUT_TYPE })
        const payload = gateway.calcom.payload('BOOKING_CREATED', booking)
        const victim = await startVictim()
        const locks = await holdLocks(`lock table ${table} in exclusive mode`)
        const path = new URL(gateway.webhookUrl).pathname
        const lost = gateway.calcom.send(`${victim.url}${path}`, payload).catch(() => 'lost')
        await locks.reached()
        await victim.kill()
        await locks.release()
        expect(await lost).toBe('lost')
        await until(async () => {
          const rows = await gateway.db.sql`
            select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
          return rows.length === 0
        })
        const taken = () => gateway.db.sql`
          select starts_at from claims where active and starts_at = ${new Date(booking.start)}`
        expect(await taken()).toEqual([])
        if (recovery === 'delivery') await gateway.calcom.send(gateway.webhookUrl, payload)
        else await calendars().reconcile(gateway)
        expect(await taken()).toHaveLength(1)
        await gateway.calcom.send(gateway.webhookUrl, payload)
        await calendars().reconcile(gateway)
        expect(await taken()).toHaveLength(1)
      }
    },
  )
})

function calendars() {
  const rules = { timeoutMs: 5000, allowsPrivate: true, circuit: QUICK.circuit, pollEveryMs: 0 }
  return createCalendars({ db: gateway.db, logger: createLogger('silent'), rules })
}

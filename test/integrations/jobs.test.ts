import { afterAll, beforeAll, expect, it } from 'vitest'
import { inTransaction } from '../../src/db/transaction.ts'
import { startJobs } from '../../src/integrations/jobs/runner.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { cancel, move } from '../support/appointment-changes.ts'
import { type CalcomGateway, openCalcomGateway } from '../support/calcom-gateway.ts'
import { book, hourAhead, openSalon, type Salon } from '../support/salon.ts'
import { until } from '../support/until.ts'

let salon: Salon
let gateway: CalcomGateway
beforeAll(async () => {
  salon = await openSalon({ people: 1 })
  gateway = await openCalcomGateway({ people: 1, jobs: false })
})
afterAll(async () => {
  await salon[Symbol.asyncDispose]()
  await gateway[Symbol.asyncDispose]()
})

const logger = createLogger('silent')
const jobsOf = ({ db }: Pick<Salon, 'db'>) => db.sql`select key, attempts, run_at from graphile_worker.jobs`

it('an organization without a calendar enqueues nothing', async () => {
  const { appointment } = await book(salon, hourAhead(1))
  await cancel(salon, appointment)
  expect(await jobsOf(salon)).toEqual([])
  expect(await salon.db.sql`select from external_bookings`).toEqual([])
})

it('a booking and its job are committed together, or neither is', async () => {
  await gateway.db.sql.unsafe(`
    create function fail() returns trigger language plpgsql as $$ begin raise 'no'; end $$;
    create constraint trigger fail after insert on appointments deferrable initially deferred
      for each row execute function fail();`)
  await expect(book(gateway, hourAhead(1))).rejects.toThrow()
  expect(await jobsOf(gateway)).toEqual([])
  await gateway.db.sql.unsafe('drop trigger fail on appointments')
})

it('an appointment has one waiting job however often it changes', async () => {
  const { appointment } = await book(gateway, hourAhead(1))
  const moved = await move(gateway, appointment, hourAhead(2))
  await move(gateway, moved, hourAhead(3))
  expect(await jobsOf(gateway)).toHaveLength(1)
  {
    // Two gateways at once: one of them does it.
    await using _one = gateway.startJobs()
    await using _two = gateway.startJobs()
    await gateway.settled(appointment.id)
  }
  expect(gateway.calcom.counts).toMatchObject({ create: 1, reschedule: 0 })
  expect(gateway.calcom.active().map(({ start }) => start)).toEqual([hourAhead(3)])
})

it('jobs go on after PostgreSQL has dropped every connection', async () => {
  const ran: unknown[] = []
  const tasks = {
    probe: async (payload: unknown) => {
      ran.push(payload)
    },
  }
  await using _jobs = startJobs({ url: salon.url, db: salon.db, tasks, logger, deadAfterMs: 1500 })
  const enqueue = (name: string) =>
    inTransaction(salon.db, salon.organizationId, (tx) =>
      tx.sql`select slotwire_enqueue_job('probe', ${JSON.stringify(name)}::json, ${name})`.then(() => {}),
    )
  await enqueue('before')
  await until(() => ran.includes('before'))
  for (let round = 0; round < 3; round++) {
    await salon.db.sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`
    await until(() =>
      enqueue(`after ${round}`).then(
        () => true,
        () => false,
      ),
    )
    await until(() => ran.includes(`after ${round}`), { deadlineMs: 30_000 })
  }
  // Whose end could not be written down runs again.
  await until(async () => (await jobsOf(salon)).length === 0, { deadlineMs: 30_000 })
})

it('closing waits for the job that runs', async () => {
  const began = Promise.withResolvers<void>()
  const proceed = Promise.withResolvers<void>()
  let ended = false
  const tasks = {
    slow: async () => {
      began.resolve()
      await proceed.promise
      ended = true
    },
  }
  const jobs = startJobs({ url: salon.url, db: salon.db, tasks, logger })
  await salon.write((tx) => tx.sql`select slotwire_enqueue_job('slow', '{}'::json, 'slow')`.then(() => {}))
  await began.promise
  const closing = jobs[Symbol.asyncDispose]()
  proceed.resolve()
  await closing
  expect(ended).toBe(true)
  expect(await jobsOf(salon)).toEqual([])
})

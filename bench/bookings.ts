// Bookings per second: ours over HTTP, the same claim by pgbench, by PostGraphile, and naive transactions on a hot day.

import { fileURLToPath } from 'node:url'
import type { HttpJob } from './load/http-load.ts'
import { type BenchDatabase, openBenchDatabase } from './support/database.ts'
import { findFreePort } from './support/free-port.ts'
import { startGateway } from './support/gateway.ts'
import { type HttpLoad, startHttpLoad } from './support/http-load.ts'
import { runPgbench } from './support/pgbench.ts'
import { startNode } from './support/processes.ts'
import type { Report } from './support/report.ts'
import { openRivalFunction } from './support/rival-function.ts'
import type { Spread } from './support/slots.ts'
import { median } from './support/statistics.ts'

const CLIENTS = 32
const ROUNDS = 3
const WARM_UP_SECONDS = 1
const SECONDS = 4
/** Far more than any contestant books in one go. */
const SLOTS_A_RUN = 200_000

const BOOK_APPOINTMENT = `mutation Book($input: BookAppointmentInput!) {
  bookAppointment(input: $input) { __typename ... on BookedAppointment { appointment { id version startsAt endsAt } } }
}`
const POSTGRAPHILE_BOOK =
  'mutation Book($input: BookInput!) { book(input: $input) { result { rowId version startsAt endsAt } } }'

interface Contest {
  database: BenchDatabase
  load: HttpLoad
  gatewayPort: number
  postgraphilePort: number
  firstAt: number
  nextBase: number
}

/**
 * Nothing is pinned: each contestant has the whole machine, PostgreSQL and the load included. The contestants take turns,
 * round by round, and the medians are compared.
 */
export async function measureBookings(): Promise<Report> {
  await using database = await openBenchDatabase()
  await openRivalFunction(database.sql)
  await using load = await startHttpLoad({ core: null })
  await using gateway = await startGateway({ databaseUrl: database.url })
  const postgraphilePort = await findFreePort()
  await using postgraphile = startNode({
    file: fileURLToPath(new URL('servers/postgraphile.ts', import.meta.url)),
    parameters: [database.url, postgraphilePort, CLIENTS],
  })
  await postgraphile.receive('ready')
  const firstAt = Math.ceil(Date.now() / 86_400_000 + 1) * 86_400_000
  const contest = { database, load, gatewayPort: gateway.port, postgraphilePort, firstAt, nextBase: 0 }

  const rates: Record<'ours' | 'pgbench' | 'postgraphile' | 'oursHot' | 'naiveHot', number[]> = {
    ours: [],
    pgbench: [],
    postgraphile: [],
    oursHot: [],
    naiveHot: [],
  }
  // Those whose hot code has to be compiled first; not counted.
  await measureOurs(contest, 'spread')
  await measurePostgraphile(contest)
  for (let round = 0; round < ROUNDS; round++) {
    rates.pgbench.push(await measurePgbench(contest, 'book.sql', 'spread'))
    rates.ours.push(await measureOurs(contest, 'spread'))
    rates.postgraphile.push(await measurePostgraphile(contest))
    rates.naiveHot.push(await measurePgbench(contest, 'book-naively.sql', 'hot'))
    rates.oursHot.push(await measureOurs(contest, 'hot'))
  }
  const ours = median(rates.ours)
  const spread = `mutations/s, ${CLIENTS} connections, 2,000 resources`
  return {
    rows: [
      {
        part: 'bookings',
        measured: `bookAppointment over HTTP, ${spread}`,
        value: ours,
        against: 'pgbench, one prepared statement',
        denominator: median(rates.pgbench),
        target: { atLeast: 0.75 },
      },
      {
        part: 'bookings',
        measured: `bookAppointment over HTTP, ${spread}`,
        value: ours,
        against: 'PostGraphile 5, the same statement as a mutation',
        denominator: median(rates.postgraphile),
        target: { atLeast: 2.5 },
      },
      {
        part: 'bookings',
        measured: `bookAppointment over HTTP, mutations/s, ${CLIENTS} connections, one resource-day`,
        value: median(rates.oursHot),
        against: `${CLIENTS} clients of naive transactions (pgbench)`,
        denominator: median(rates.naiveHot),
        target: { atLeast: 5 },
      },
    ],
    notes: [
      'bookings: nothing is pinned; gateway, rivals, load and PostgreSQL (embedded 18, fsync on, defaults of `npm start`) share the cores.',
      `bookings: medians of ${ROUNDS} rounds in turn (${SECONDS} s each): ${Object.entries(rates)
        .map(([name, values]) => `${name} ${values.map((value) => Math.round(value)).join(' / ')}`)
        .join('; ')}.`,
    ],
  }
}

function measurePgbench(contest: Contest, script: string, spread: Spread): Promise<number> {
  const { database, firstAt } = contest
  const base = takeSlots(contest)
  return runPgbench({ databaseUrl: database.url, script, spread, clients: CLIENTS, seconds: SECONDS, base, firstAt })
}

function measureOurs(contest: Contest, spread: Spread): Promise<number> {
  const slot = { serviceId: 'service_$serviceId', startsAt: '$startsAt', resourceIds: ['resource_$resourceId'] }
  const variables = { input: { slot, customer: { name: '$name', phone: '$phone' } } }
  return measureHttp(contest, {
    port: contest.gatewayPort,
    headers: { authorization: `Bearer ${contest.database.secretKey}` },
    body: { query: BOOK_APPOINTMENT, variables },
    expect: '"BookedAppointment"',
    spread,
  })
}

function measurePostgraphile(contest: Contest): Promise<number> {
  const input = {
    serviceId: '$serviceId',
    resourceId: '$resourceId',
    startsAt: '$startsAt',
    name: '$name',
    phone: '$phone',
  }
  return measureHttp(contest, {
    port: contest.postgraphilePort,
    headers: {},
    body: { query: POSTGRAPHILE_BOOK, variables: { input } },
    expect: '"rowId"',
    spread: 'spread',
  })
}

async function measureHttp(
  contest: Contest,
  { body, spread, ...job }: Pick<HttpJob, 'port' | 'headers' | 'expect'> & { body: object; spread: Spread },
): Promise<number> {
  const base = takeSlots(contest)
  const template = JSON.stringify(body)
  const { perSecond } = await contest.load.run({
    ...job,
    path: '/graphql',
    connections: CLIENTS,
    requests: { kind: 'bookings', template, spread, base, firstAt: contest.firstAt },
    warmUpMs: WARM_UP_SECONDS * 1000,
    measureMs: SECONDS * 1000,
  })
  return perSecond
}

function takeSlots(contest: Contest): number {
  const base = contest.nextBase
  contest.nextBase += SLOTS_A_RUN
  return base
}

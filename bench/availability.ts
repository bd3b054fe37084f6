// How long the availability query takes over HTTP, against the bare SQL that fetches the same rows.

import { fileURLToPath } from 'node:url'
import { type AvailabilityCase, seedAvailability } from './support/availability-catalogue.ts'
import { openBenchDatabase } from './support/database.ts'
import { startGateway } from './support/gateway.ts'
import { startHttpLoad } from './support/http-load.ts'
import { LOAD_CORE, pinFamily, SERVER_CORE, startNode } from './support/processes.ts'
import type { Report, Row } from './support/report.ts'
import { median } from './support/statistics.ts'

const ROUNDS = 3
const WARM_UP_MS = 1000
const MEASURE_MS = 1500

const SELECTIONS = {
  'startsAt endsAt': 'slots { startsAt endsAt } cursor',
  'with candidates': 'slots { startsAt endsAt segments { name startsAt endsAt candidates { id } } } cursor',
}

/** The gateway and the bare client have SERVER_CORE each in turn; PostgreSQL and the load are on the other. */
export async function measureAvailability(): Promise<Report> {
  await using database = await openBenchDatabase()
  const cases = await seedAvailability(database.sql)
  await using gateway = await startGateway({ databaseUrl: database.url, core: SERVER_CORE })
  await using load = await startHttpLoad()
  const file = fileURLToPath(new URL('load/bare-availability.ts', import.meta.url))
  await using bare = startNode({ file, parameters: [database.url], core: SERVER_CORE })
  await bare.receive('ready')
  pinFamily(database.pid, LOAD_CORE)

  const measureBare = async (one: AvailabilityCase): Promise<number> => {
    bare.send({ bare: one, measureMs: MEASURE_MS })
    return (await bare.receive<{ medianMs: number }>('medianMs')).medianMs
  }
  const measureOurs = async (one: AvailabilityCase, selection: string): Promise<number> => {
    const { p50Ms } = await load.run({
      port: gateway.port,
      path: '/graphql',
      connections: 1,
      headers: { accept: 'application/json', authorization: `Bearer ${database.secretKey}` },
      requests: { kind: 'constant', body: formatQuery(one, selection) },
      expect: '"cursor"',
      warmUpMs: WARM_UP_MS,
      measureMs: MEASURE_MS,
    })
    return p50Ms
  }

  const rows: Row[] = []
  for (const one of cases) {
    const bareTimes: number[] = []
    const ourTimes = Object.fromEntries(Object.keys(SELECTIONS).map((name): [string, number[]] => [name, []]))
    for (let round = 0; round < ROUNDS; round++) {
      bareTimes.push(await measureBare(one))
      for (const [name, selection] of Object.entries(SELECTIONS)) {
        ourTimes[name]?.push(await measureOurs(one, selection))
      }
    }
    for (const [name, times] of Object.entries(ourTimes)) {
      rows.push({
        part: 'availability',
        measured: `availability over HTTP, median ms, ${one.name}, ${name}`,
        value: median(times),
        against: 'bare SQL of the same rows, median ms',
        denominator: median(bareTimes),
        target: { atMost: 3 },
      })
    }
  }
  return {
    rows,
    notes: ['availability: 30 % of the half-hours from nine to five are taken; one connection, no cache.'],
  }
}

function formatQuery({ serviceId, from, to }: AvailabilityCase, selection: string): string {
  return JSON.stringify({
    query: `query Free($input: AvailabilityInput!) { availability(input: $input) { ${selection} } }`,
    variables: {
      input: { serviceId: `service_${serviceId}`, from: new Date(from).toISOString(), to: new Date(to).toISOString() },
    },
  })
}

// What ten years and ten thousand people cost: the same requests to a young database and to an old and large one.

import { openBenchDatabase } from './support/database.ts'
import { startGateway } from './support/gateway.ts'
import { growDatabase } from './support/grown-database.ts'
import { type HttpLoad, startHttpLoad } from './support/http-load.ts'
import { LOAD_CORE, SERVER_CORE } from './support/processes.ts'
import { announce, type Report, type Row } from './support/report.ts'
import { HOT_SERVICE, resourceUuid, serviceUuid } from './support/slots.ts'
import { median } from './support/statistics.ts'

const APPOINTMENTS = Number(process.env.BENCH_GROWTH_APPOINTMENTS ?? 1_000_000)
const PEOPLE = Number(process.env.BENCH_GROWTH_PEOPLE ?? 10_000)
const ROUNDS = 5
const WARM_UP_MS = 500
const MEASURE_MS = 1500
const LIVE_CHANGES = 30
/** Far enough apart that no round of a kind takes the slots of another. */
const SLOTS_PER_ROUND = 100_000

const SLOT = { serviceId: 'service_$serviceId', startsAt: '$startsAt', resourceIds: ['resource_$resourceId'] }
const BOOK = `mutation ($input: BookAppointmentInput!) { bookAppointment(input: $input) { __typename ... on Error { message } } }`
const HOLD = `mutation ($input: HoldSlotInput!) { holdSlot(input: $input) { __typename ... on Error { message } } }`
const FREE = 'availability(input: $input) { slots { startsAt } cursor }'
const LIST = `query ($filter: AppointmentFilter) { appointments(filter: $filter, first: 50) { edges { node { id startsAt } } } }`

interface Side {
  port: number
  headers: Record<string, string>
  /** The next slots that nobody has taken, and a midnight far away. */
  base: number
  firstAt: number
}

type Measure = (side: Side, load: HttpLoad) => Promise<number>

export async function measureGrowth(): Promise<Report> {
  await using young = await openBenchDatabase()
  await using old = await openBenchDatabase()
  await growDatabase(old.sql, { appointments: APPOINTMENTS, people: PEOPLE })
  await using youngGateway = await startGateway({ databaseUrl: young.url, core: SERVER_CORE })
  await using oldGateway = await startGateway({ databaseUrl: old.url, core: SERVER_CORE })
  await using load = await startHttpLoad({ core: LOAD_CORE })
  const firstAt = Math.ceil(Date.now() / 86_400_000 + 2) * 86_400_000
  const sides = [
    { port: youngGateway.port, headers: bearer(young.secretKey), base: 0, firstAt },
    { port: oldGateway.port, headers: bearer(old.secretKey), base: 0, firstAt },
  ] as const
  const rows: Row[] = []
  for (const [name, measure] of Object.entries(measures(firstAt))) {
    const times: [number[], number[]] = [[], []]
    for (let round = 0; round < ROUNDS; round++) {
      for (const index of [0, 1] as const) times[index].push(await measure(sides[index], load))
    }
    rows.push(
      ...announce([
        {
          part: 'growth',
          measured: `${name}, median ms, ${APPOINTMENTS.toLocaleString('en')} appointments more, ${PEOPLE.toLocaleString('en')} people`,
          value: median(times[1]),
          against: 'the same with 60,000 appointments and 2,000 people',
          denominator: median(times[0]),
          target: { atMost: 1.3 },
        },
      ]),
    )
  }
  return {
    rows,
    notes: ['growth: one connection; both databases and gateways are up all the time and are asked in turns.'],
  }
}

function measures(firstAt: number): Record<string, Measure> {
  const instant = (days: number) => new Date(firstAt + days * 86_400_000).toISOString()
  const constant =
    (query: string, variables: object, expect: string): Measure =>
    async ({ port, headers }, load) => {
      const requests = { kind: 'constant', body: JSON.stringify({ query, variables }) } as const
      return (await load.run({ ...job(port, headers), requests, expect })).p50Ms
    }
  const claiming =
    (query: string, input: object, expect: string): Measure =>
    async (side, load) => {
      const template = JSON.stringify({ query, variables: { input } })
      const requests = { kind: 'bookings', template, spread: 'spread', base: side.base, firstAt: side.firstAt } as const
      side.base += SLOTS_PER_ROUND
      return (await load.run({ ...job(side.port, side.headers), requests, expect })).p50Ms
    }
  const week = { serviceId: `service_${serviceUuid(7)}`, from: instant(0), to: instant(7) }
  const day = { from: instant(0), to: instant(1) }
  const resourceId = `resource_${resourceUuid(11)}`
  return {
    bookAppointment: claiming(
      BOOK,
      { slot: SLOT, customer: { name: '$name', phone: '$phone' } },
      '"BookedAppointment"',
    ),
    holdSlot: claiming(HOLD, { slot: SLOT, sessionKey: '$name' }, '"Hold"'),
    'availability, 20 people × 7 days': constant(
      `query ($input: AvailabilityInput!) { ${FREE} }`,
      { input: week },
      '"cursor"',
    ),
    'appointments of a day': constant(LIST, { filter: day }, '"edges"'),
    'appointments of a person': constant(LIST, { filter: { resourceId } }, '"edges"'),
    'a live change': measureLiveChange,
  }
}

/** From the request that books until the event arrives, in one process: the way a visitor sees it. */
async function measureLiveChange(side: Side): Promise<number> {
  const url = `http://127.0.0.1:${side.port}/graphql`
  const startsAt = side.firstAt + 300 * 86_400_000
  const serviceId = `service_${serviceUuid(HOT_SERVICE)}`
  const input = {
    serviceId,
    from: new Date(startsAt).toISOString(),
    to: new Date(startsAt + 86_400_000).toISOString(),
  }
  const query = 'subscription ($input: AvailabilityInput!) { availability(input: $input) { __typename } }'
  const headers = { ...side.headers, 'content-type': 'application/json' }
  const leaving = new AbortController()
  const stream = await fetch(url, {
    method: 'POST',
    headers: { ...headers, accept: 'text/event-stream' },
    body: JSON.stringify({ query, variables: { input } }),
    signal: leaving.signal,
  })
  const events = readEvents(stream)
  await events.next()
  const times: number[] = []
  for (let change = 0; change < LIVE_CHANGES; change++) {
    const slot = { serviceId, startsAt: new Date(startsAt + liveSlot++ * 60_000).toISOString() }
    const variables = { input: { slot, customer: { name: 'Live' } } }
    const sentAt = performance.now()
    const booking = fetch(url, { method: 'POST', headers, body: JSON.stringify({ query: BOOK, variables }) })
    await events.next()
    times.push(performance.now() - sentAt)
    await (await booking).text()
  }
  leaving.abort()
  return median(times)
}

let liveSlot = 0

async function* readEvents({ body }: Response): AsyncGenerator<string> {
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of body as ReadableStream<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true })
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const event = text.slice(0, end)
      text = text.slice(end + 2)
      if (event.includes('data: {')) yield event
    }
  }
}

function job(port: number, headers: Record<string, string>) {
  return { port, headers, path: '/graphql', connections: 1, warmUpMs: WARM_UP_MS, measureMs: MEASURE_MS }
}

function bearer(key: string): Record<string, string> {
  return { authorization: `Bearer ${key}` }
}

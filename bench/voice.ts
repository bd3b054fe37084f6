// A hundred telephone calls at once for the same hour: how long the functions of the voice agent take.

import { randomBytes } from 'node:crypto'
import { setTimeout as talk } from 'node:timers/promises'
import { openDatabase } from '../src/db/client.ts'
import { loadDemo } from '../src/embedded/demo.ts'
import { createFakeRetell, type FakeCall, type FakeRetell, type FunctionReply } from '../test/support/fake-retell.ts'
import { openBenchDatabase } from './support/database.ts'
import { type Gateway, startGateway } from './support/gateway.ts'
import type { Report } from './support/report.ts'
import { percentile } from './support/statistics.ts'

const CALLS = 100
/** Until the hot code is compiled; these are not counted. */
const WARM_UP_ROUNDS = 6
const ROUNDS = 5
/** Of the tool calls, so many arrive twice at once, and so many again after their answer. */
const REPEATED = 0.2
const TALK_MS = 500
const LIMIT_MS = 150
const SERVICE = 'Haarschnitt'

interface Taken {
  name: string
  ms: number
}

/** Nothing is pinned: gateway, PostgreSQL and the far side share the cores. */
export async function measureVoice(): Promise<Report> {
  await using database = await openBenchDatabase()
  const salon = await (async () => {
    await using db = openDatabase({ url: database.url, poolSize: 2 })
    return loadDemo(db)
  })()
  await using gateway = await startGateway({ databaseUrl: database.url })
  const retell = await connectRetell(gateway, salon.secretKey)
  const taken: Taken[] = []
  let promised = 0
  let refused = 0
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
    const date = nextWednesday(round)
    if (round === WARM_UP_ROUNDS) taken.length = 0
    const conversations = Array.from({ length: CALLS }, (_, index) => converse(retell, taken, { index, date, round }))
    const results = await Promise.all(conversations)
    promised += results.filter((result) => result !== 'nothing was free').length
    refused += results.filter((result) => result === 'refused').length
  }
  const millis = (name?: string) => taken.filter((one) => name === undefined || one.name === name).map(({ ms }) => ms)
  const describe = (name: string) =>
    `${name} ${percentile(millis(name), 0.5).toFixed(0)} / ${percentile(millis(name), 0.95).toFixed(0)}`
  return {
    rows: [
      {
        part: 'voice',
        measured: `a function of the voice agent, p95 ms, ${CALLS} calls at once for one hour`,
        value: percentile(millis(), 0.95),
        against: 'the limit, ms',
        denominator: LIMIT_MS,
        target: { atMost: 1 },
      },
      {
        part: 'voice',
        measured: 'callers who were told that a time is held, and were refused it',
        value: refused,
        against: 'all who were told so',
        denominator: promised,
        target: { atMost: 0 },
      },
    ],
    notes: [
      `voice: check, hold (or the nearest time), ${TALK_MS / 1000} s of talk, book; ${REPEATED * 100} % of the tool calls arrive twice at once, as many again later. p50 / p95 ms: ${[
        ...new Set(taken.map(({ name }) => name)),
      ]
        .map(describe)
        .join(', ')}.`,
    ],
  }
}

type Outcome = 'booked' | 'refused' | 'nothing was free'

async function converse(
  retell: FakeRetell,
  taken: Taken[],
  { index, date, round }: { index: number; date: string; round: number },
): Promise<Outcome> {
  const call = retell.call({ from: `+49170${7_000_000 + round * 1000 + index}` })
  const invoke = async (name: string, args: object): Promise<FunctionReply> => {
    const options = { toolCallId: `tool_${taken.length}_${index}_${Math.random()}` }
    const [reply] = await Promise.all([
      timed(taken, call, name, args, options),
      Math.random() < REPEATED ? timed(taken, call, name, args, options) : null,
    ])
    if (Math.random() < REPEATED) await timed(taken, call, name, args, options)
    return reply
  }
  const wish = { service: SERVICE, date, time: '14:00' }
  await invoke('check_availability', wish)
  // Few can have the hour itself: the others are kept the nearest time that is left.
  const held = await invoke('hold_slot', { ...wish, hold_alternative: true })
  if (!held.body.success) return 'nothing was free'
  await talk(TALK_MS)
  const booked = await invoke('book_appointment', { name: `Caller ${index}` })
  return booked.body.outcome === 'BOOKED' ? 'booked' : 'refused'
}

async function timed(
  taken: Taken[],
  call: FakeCall,
  name: string,
  args: object,
  options: { toolCallId: string },
): Promise<FunctionReply> {
  const startedAt = performance.now()
  const reply = await call.invoke(name, args, options)
  taken.push({ name, ms: performance.now() - startedAt })
  return reply
}

async function connectRetell({ port }: Gateway, secretKey: string): Promise<FakeRetell> {
  const url = `http://127.0.0.1:${port}`
  const ask = async (query: string, variables: object = {}) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${secretKey}` },
      body: JSON.stringify({ query, variables }),
    })
    return ((await response.json()) as { data: Record<string, unknown> }).data
  }
  const { organization, services } = (await ask('{ organization { locations { id } } services { id name } }')) as {
    organization: { locations: { id: string }[] }
    services: { id: string; name: string }[]
  }
  const webhookKey = randomBytes(24).toString('base64url')
  const serviceId = services.find(({ name }) => name === 'Haircut')?.id
  const input = {
    locationId: organization.locations[0]?.id,
    apiKey: webhookKey,
    language: 'DE',
    serviceNames: [{ spoken: SERVICE, serviceId }],
  }
  const { connectRetell: connected } = (await ask(
    'mutation ($input: ConnectRetellInput!) { connectRetell(input: $input) { ... on Integration { id } } }',
    { input },
  )) as { connectRetell: { id: string } }
  return createFakeRetell({ url, integrationId: connected.id.replace('integration_', ''), webhookKey })
}

/** A week further for each round: every round finds a free week. */
function nextWednesday(weeks: number): string {
  const today = Temporal.Now.plainDateISO('Europe/Berlin')
  const ahead = (3 - today.dayOfWeek + 7) % 7
  return today.add({ days: ahead + 7 * (weeks + 1) }).toString()
}

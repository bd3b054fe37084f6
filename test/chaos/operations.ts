// Random bookings and changes over GraphQL, from several clients at once, through whichever gateway answers.

import { requestGraphql } from '../support/graphql-request.ts'
import type { Random } from '../support/seeded-random.ts'
import type { Answer } from '../support/two-gateways.ts'

export interface Operations {
  /** How many were answered, or failed. */
  count: () => number
  /** Names of the members of the result unions, and codes of errors, with their number. */
  outcomes: Record<string, number>
  /** Ends when the operations under way are answered. */
  pause: () => Promise<void>
  resume: () => void
}

interface OperationsInput {
  addressOf: () => string
  key: string
  services: string[]
  resources: string[]
  /** The starts that are wished for. */
  from: number
  days: number
  clients: number
  random: Random
}

const QUARTER = 15 * 60_000
const FIELDS = '__typename ... on Error { code message }'
const MUTATIONS = {
  hold: `mutation ($input: HoldSlotInput!) { it: holdSlot(input: $input) { ${FIELDS} ... on Hold { id } } }`,
  release: `mutation ($input: ReleaseHoldInput!) { it: releaseHold(input: $input) { ${FIELDS} } }`,
  book: `mutation ($input: BookAppointmentInput!) {
    it: bookAppointment(input: $input) { ${FIELDS} ... on BookedAppointment { appointment { id version } } } }`,
  move: `mutation ($input: RescheduleAppointmentInput!) {
    it: rescheduleAppointment(input: $input) { ${FIELDS} ... on Appointment { id version } } }`,
  cancel: `mutation ($input: CancelAppointmentInput!) { it: cancelAppointment(input: $input) { ${FIELDS} } }`,
  hours: `mutation ($input: SetWeeklyHoursInput!) { it: setWeeklyHours(input: $input) { ${FIELDS} } }`,
} as const

type Name = keyof typeof MUTATIONS
const DRAWN: Name[] = ['hold', 'hold', 'hold', 'release', 'book', 'book', 'book', 'move', 'move', 'cancel']

export interface Mutation {
  name: Name
  input: Record<string, unknown>
}

export async function mutate(address: string, key: string, { name, input }: Mutation): Promise<Answer | string> {
  const { data, errors } = await requestGraphql<{ it: Answer }>(address, {
    query: MUTATIONS[name],
    variables: { input },
    key,
  })
  return data?.it ?? String(errors[0]?.extensions?.code)
}

export function startOperations(input: OperationsInput): Operations {
  const { random, services } = input
  const holds: string[] = []
  const appointments: { id: string; version: number }[] = []
  const outcomes: Record<string, number> = {}
  const working = new Set<Promise<void>>()
  let isRunning = false

  const startsAt = () => new Date(input.from + random.below(input.days * 96) * QUARTER).toISOString()
  const slot = () => ({ serviceId: random.pick(services), startsAt: startsAt() })
  const taken = <T>(list: T[]): T | undefined => list.splice(random.below(list.length), 1)[0]

  const draw = (): Mutation => {
    const name = random.chance(0.01) ? 'hours' : random.pick(DRAWN)
    const holdId = name === 'release' ? taken(holds) : undefined
    if (holdId !== undefined) return { name: 'release', input: { holdId } }
    const known = name === 'move' || name === 'cancel' ? taken(appointments) : undefined
    if (known) {
      const change = { appointmentId: known.id, expectedVersion: known.version }
      return { name, input: name === 'move' ? { ...change, startsAt: startsAt() } : change }
    }
    if (name === 'hours') return { name, input: hours(random, input.resources) }
    if (name === 'hold') return { name, input: { slot: slot(), ttlSeconds: random.chance(0.5) ? 1 : 60 } }
    return { name: 'book', input: { slot: slot(), customer: { name: 'Ada' } } }
  }
  const step = async () => {
    const answer = await mutate(input.addressOf(), input.key, draw()).catch(describeFailure)
    const outcome = typeof answer === 'string' ? answer : answer.__typename
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    if (typeof answer === 'string') return
    if (answer.__typename === 'Hold') holds.push(String(answer.id))
    const made = answer.__typename === 'BookedAppointment' ? answer.appointment : answer
    if (answer.__typename === 'BookedAppointment' || answer.__typename === 'Appointment') {
      const { id, version } = made as { id?: string; version?: number }
      if (id !== undefined && version !== undefined) appointments.push({ id, version })
    }
  }
  const work = async () => {
    while (isRunning) {
      await step()
      await new Promise(setImmediate)
    }
  }
  return {
    outcomes,
    count: () => Object.values(outcomes).reduce((sum, times) => sum + times, 0),
    resume() {
      isRunning = true
      for (let index = working.size; index < input.clients; index++) {
        const running: Promise<void> = work().finally(() => working.delete(running))
        working.add(running)
      }
    },
    async pause() {
      isRunning = false
      await Promise.all(working)
    },
  }
}

function describeFailure(error: Error): string {
  const cause = error.cause instanceof Error ? error.cause : error
  return `no answer: ${'code' in cause ? cause.code : cause.message}`
}

/** Guessed versions: most of these are refused, some are not. */
function hours(random: Random, resources: string[]): Record<string, unknown> {
  const weekdays = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY']
  const opensAt = random.pick(['07:30', '08:00', '09:00'])
  return {
    resourceId: random.pick(resources),
    expectedVersion: 1 + random.below(4),
    weeklyHours: weekdays.map((weekday) => ({ weekday, opensAt, closesAt: '18:00' })),
  }
}

// Functions of a call are started and finished as sets: each is recorded as if it were alone.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openDatabase } from '../../../../src/db/client.ts'
import { inTransaction } from '../../../../src/db/transaction.ts'
import { createBookingLane } from '../../../../src/domain/claims/booking-lane.ts'
import { AnsweredBefore } from '../../../../src/domain/claims/claiming.ts'
import {
  type ClaimingFunction,
  createFunctionRecords,
  type FunctionRecords,
  type FunctionToStart,
} from '../../../../src/domain/outside/calls/call-functions.ts'
import { announceCall } from '../../../../src/domain/outside/calls/calls.ts'
import { book, hourAhead, openSalon, type Salon } from '../../../support/salon.ts'

let salon: Salon
let records: FunctionRecords
const integrationId = randomUUID()

beforeAll(async () => {
  salon = await openSalon({ people: 1 })
  records = createFunctionRecords(salon.db)
  await salon.db.sql`
    insert into integrations (organization_id, id, provider, location_id, settings, secrets, version)
    select organization_id, ${integrationId}, 'RETELL', id, '{}', '{}', 1 from locations
    where organization_id = ${salon.organizationId} limit 1`
})
afterAll(() => salon[Symbol.asyncDispose]())

function invocation(providerCallId: string, key: string, given: Partial<FunctionToStart> = {}): FunctionToStart {
  return {
    integrationId,
    providerCallId,
    key,
    function: 'hold_slot',
    arguments: { time: '14:00' },
    isToolCall: true,
    report: () => ({ integrationId, providerCallId, status: null, reference: null, facts: {} }),
    ...given,
  }
}

const start = (input: FunctionToStart) => records.start(salon.organizationId, input)
const finish = (input: FunctionToStart, answer: Record<string, unknown>) =>
  records.finish(salon.organizationId, { ...input, answer, appointmentId: null })

it('one call is reported once, however many of its functions start together', async () => {
  const together = ['one', 'two', 'three'].map((key) => invocation('call_together', key))
  const started = await Promise.all(together.map(start))
  expect(started.map(({ answer }) => answer)).toEqual([null, null, null])
  expect(await salon.db.sql`select status from calls where provider_call_id = 'call_together'`).toEqual([
    { status: 'ONGOING' },
  ])
})

it('calls that are first heard of together keep what was told of each', async () => {
  await salon.db.sql`
    insert into customers (organization_id, id, name, phone) values (${salon.organizationId}, ${randomUUID()}, 'Ada', '+4915112345678')`
  const numbers = ['+4915112345678', '+4915187654321', undefined]
  const facts = (index: number) => ({ agentId: `agent ${index}`, fromNumber: numbers[index], metadata: index || null })
  await Promise.all(
    numbers.map((_, index) => {
      const providerCallId = `call_crowd_${index}`
      const report = () => ({ integrationId, providerCallId, status: null, reference: null, facts: facts(index) })
      return start(invocation(providerCallId, 'tool:1', { report }))
    }),
  )
  const told = await salon.db.sql`
    select agent_id, from_number, metadata::text, (select name from customers where customers.id = customer_id)
    from calls where provider_call_id like 'call_crowd_%' order by provider_call_id`
  expect(told).toEqual([
    { agent_id: 'agent 0', from_number: numbers[0], metadata: 'null', name: 'Ada' },
    { agent_id: 'agent 1', from_number: numbers[1], metadata: '1', name: null },
    { agent_id: 'agent 2', from_number: null, metadata: '2', name: null },
  ])
})

it('of two calls that claim to be the one that was announced, one is', async () => {
  const reference = await inTransaction(salon.db, salon.organizationId, async (tx) => {
    const announced = { integrationId, facts: { agentId: 'announced' }, providerCallId: null, customerId: null }
    return (await announceCall(tx, announced)).id
  })
  const claim = (providerCallId: string) => {
    const report = () => ({ integrationId, providerCallId, status: null, reference, facts: {} })
    return start(invocation(providerCallId, 'tool:1', { report }))
  }
  await Promise.all([claim('call_first'), claim('call_second')])
  const calls = await salon.db.sql`
    select id, agent_id from calls where provider_call_id in ('call_first', 'call_second') order by provider_call_id`
  expect(calls).toMatchObject([{ id: reference, agent_id: 'announced' }, { agent_id: null }])
})

it('each gets its own answer back, and one that starts twice keeps its first instant', async () => {
  const [one, two] = [invocation('call_a', 'tool:1'), invocation('call_b', 'tool:1')]
  const [first, twin, other] = await Promise.all([start(one), start(one), start(two)])
  expect(twin).toEqual(first)
  await Promise.all([finish(one, { of: 'a' }), finish(two, { of: 'b' })])
  expect(await Promise.all([start(two), start(one)])).toEqual([
    { startedAt: other.startedAt, answer: { of: 'b' } },
    { startedAt: first.startedAt, answer: { of: 'a' } },
  ])
})

it('the first answer stays, also where two of one set answer the same function', async () => {
  const input = invocation('call_c', 'tool:1')
  await start(input)
  expect(await Promise.all([finish(input, { of: 'first' }), finish(input, { of: 'second' })])).toEqual([
    { of: 'first' },
    { of: 'first' },
  ])
  expect(await finish(input, { of: 'third' })).toEqual({ of: 'first' })
})

it('arguments that led to a refusal are tried again, a tool call never is', async () => {
  const words = invocation('call_d', 'arguments:1', { isToolCall: false })
  const tool = invocation('call_d', 'tool:1')
  const [before] = await Promise.all([start(words), start(tool)])
  await Promise.all([finish(words, { success: false }), finish(tool, { success: false })])
  const [again, known] = await Promise.all([start(words), start(tool)])
  expect(again.answer).toBeNull()
  expect(again.startedAt).toBeGreaterThan(before.startedAt)
  expect(known.answer).toEqual({ success: false })
})

it('of one function that two gateways start and finish at once there is one start and one answer', async () => {
  await using otherDatabase = openDatabase({ url: salon.url })
  const gateways = [records, createFunctionRecords(otherDatabase)]
  const functions = Array.from({ length: 20 }, (_, index) => invocation(`call_raced_${index % 10}`, `tool:${index}`))
  const starts = await Promise.all(
    gateways.map((gateway) => Promise.all(functions.map((input) => gateway.start(salon.organizationId, input)))),
  )
  expect(starts[1]).toEqual(starts[0])
  const answers = await Promise.all(
    gateways.map((gateway, of) =>
      Promise.all(
        functions.map((input) =>
          gateway.finish(salon.organizationId, { ...input, answer: { of }, appointmentId: null }),
        ),
      ),
    ),
  )
  expect(answers[1]).toEqual(answers[0])
  const [{ calls } = { calls: 0 }] = await salon.db.sql<{ calls: number }[]>`
    select count(*)::int as calls from calls where provider_call_id like 'call_raced_%'`
  expect(calls).toBe(10)
})

it('a tool call that claims is done once, although two gateways understand it differently at once', async () => {
  await using otherDatabase = openDatabase({ url: salon.url })
  await using otherLane = createBookingLane(otherDatabase)
  for (let round = 0; round < 10; round++) {
    // "Tomorrow", on both sides of midnight: nothing else that is locked is the same.
    const attempts = [salon.lane, otherLane].map((lane, day) => {
      const inCall: ClaimingFunction = {
        ...invocation('call_midnight', `tool:${round}`, { function: 'book_appointment' }),
        answerTo: (won) => ({
          answer: { of: day },
          appointmentId: won.state === 'BOOK' ? won.booked.appointmentId : null,
        }),
        recorded: () => {},
      }
      return book({ ...salon, lane }, hourAhead(24 * day + round), {}, { inCall })
    })
    const settled = await Promise.allSettled(attempts)
    const refused = settled.filter((attempt) => attempt.status === 'rejected')
    expect(refused.map(({ reason }) => reason)).toEqual([expect.any(AnsweredBefore)])
    const winner = settled.findIndex(({ status }) => status === 'fulfilled')
    expect(refused[0]?.reason.answer).toEqual({ of: winner })
  }
})

it('two claims of one tool call in one transaction are one', async () => {
  const inCall: ClaimingFunction = {
    ...invocation('call_twins', 'tool:1', { function: 'book_appointment' }),
    answerTo: (won) => ({ answer: { state: won.state }, appointmentId: null }),
    recorded: () => {},
  }
  const settled = await Promise.allSettled([48, 72].map((hours) => book(salon, hourAhead(hours), {}, { inCall })))
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
})

it('what cannot be stored fails alone', async () => {
  const settled = await Promise.allSettled([
    start(invocation('call_e', 'tool:1')),
    start(invocation('call_e', 'tool:2', { arguments: { name: 'not \0 text' } })),
    start(invocation('call_e', 'tool:3')),
  ])
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
})

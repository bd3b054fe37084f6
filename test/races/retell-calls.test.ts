import { setTimeout as talk } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FakeCall, FakeRetell, FunctionReply } from '../support/fake-retell.ts'
import { openRetellGateway, type RetellGateway } from '../support/retell-gateway.ts'
import { countOverlaps } from '../support/salon.ts'

const CALLS = 100
const REPEATED = 0.2

let gateway: RetellGateway
let twin: Awaited<ReturnType<RetellGateway['openTwin']>>
beforeAll(async () => {
  gateway = await openRetellGateway({ people: 8 })
  twin = await gateway.openTwin()
})
afterAll(async () => {
  await twin[Symbol.asyncDispose]()
  await gateway[Symbol.asyncDispose]()
})

const date = Temporal.Now.plainDateISO('Europe/Berlin').add({ days: 7 }).toString()
const time = '14:00'

/** A fifth of the tool calls arrive twice at once, a fifth again later: as retries, at either gateway. */
async function invoke(call: FakeCall, other: FakeCall, name: string, args: object): Promise<FunctionReply> {
  const options = { toolCallId: `tool_${name}_${call.callId}` }
  const [reply, duplicate] = await Promise.all([
    call.invoke(name, args, options),
    Math.random() < REPEATED ? other.invoke(name, args, options) : null,
  ])
  const late = Math.random() < REPEATED ? await other.invoke(name, args, options) : null
  // What only looks tells what is free when it looks.
  if (name !== 'check_availability') {
    for (const repeated of [duplicate, late]) if (repeated) expect(repeated.body).toEqual(reply.body)
  }
  return reply
}

/** The same call as the other gateway hears of it. */
function throughTwin(retell: FakeRetell, call: FakeCall): FakeCall {
  const other = retell.call()
  Object.assign(other.object, call.object)
  return other
}

async function converse(index: number): Promise<{ promised: boolean; booked: boolean }> {
  const from = `+49170${String(7_000_000 + index)}`
  const call = gateway.retell.call({ from })
  const other = throughTwin(twin.retell, call)
  await invoke(call, other, 'check_availability', { date, time })
  let held = await invoke(call, other, 'hold_slot', { date, time })
  const [alternative] = (held.body.alternatives as { startsAt: string }[] | undefined) ?? []
  if (!held.body.success && alternative) held = await call.invoke('hold_slot', { date: alternative.startsAt })
  if (!held.body.success) return { promised: false, booked: false }
  // The caller spells the name: the one pause that is part of what is tested.
  await talk(100)
  const booked = await invoke(call, other, 'book_appointment', { name: `Caller ${index}` })
  await gateway.retell.event('call_ended', call.object)
  return { promised: true, booked: booked.body.outcome === 'BOOKED' }
}

describe('a hundred calls for the same hour', () => {
  it('refuse nobody who was told that the time is held', async () => {
    const results = await Promise.all(Array.from({ length: CALLS }, (_, index) => converse(index)))
    const promised = results.filter((result) => result.promised)
    expect(promised.length).toBeGreaterThanOrEqual(8)
    expect(promised.filter(({ booked }) => !booked)).toHaveLength(0)
    const [row] = await gateway.db.sql`
      select count(*)::int as appointments, count(distinct customer_id)::int as customers from appointments`
    expect(row).toEqual({ appointments: promised.length, customers: promised.length })
    expect(await countOverlaps(gateway.db)).toBe(0)
  }, 120_000)
})

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { prune } from '../../src/db/pruning.ts'
import { inTransaction } from '../../src/db/transaction.ts'
import { connectRetell } from '../../src/domain/outside/calls/voice-agents.ts'
import { disconnectIntegration } from '../../src/domain/outside/integrations.ts'
import { signAsRetell } from '../../src/integrations/retell/signature.ts'
import { createFakeRetell } from '../support/fake-retell.ts'
import { connection, openRetellGateway, type RetellGateway, WEBHOOK_KEY } from '../support/retell-gateway.ts'
import { addTenant } from '../support/tenant.ts'
import { until } from '../support/until.ts'

interface Counted {
  received: { event: string; outcome: string }[]
  signatures: string[]
}

let gateway: RetellGateway
const counted: Counted = { received: [], signatures: [] }
beforeAll(async () => {
  gateway = await openRetellGateway({
    observer: {
      received: ({ event, outcome }) => counted.received.push({ event, outcome }),
      signatureRefused: ({ reason }) => counted.signatures.push(reason),
      functionAnswered: () => {},
    },
  })
})
afterAll(() => gateway[Symbol.asyncDispose]())
beforeEach(() => {
  counted.received.length = 0
  counted.signatures.length = 0
})

function newCall(facts: Record<string, unknown> = {}): Record<string, unknown> & { call_id: string } {
  return {
    call_id: `call_${randomUUID()}`,
    call_type: 'phone_call',
    call_status: 'registered',
    direction: 'inbound',
    from_number: '+491701234567',
    to_number: '+493012345',
    ...facts,
  }
}

async function readCall(callId: string) {
  const rows = await gateway.db.sql`select * from calls where provider_call_id = ${callId}`
  expect(rows.length).toBeLessThanOrEqual(1)
  return rows[0]
}

describe('an event', () => {
  it('moves the call forward and is acknowledged', async () => {
    const call = newCall({ start_timestamp: 1_795_000_000_000 })
    expect((await gateway.retell.event('call_started', call)).status).toBe(204)
    expect(await readCall(call.call_id)).toMatchObject({ status: 'ONGOING', started_at: 1_795_000_000_000 })
    await gateway.retell.event('call_ended', { ...call, end_timestamp: 1_795_000_060_000, duration_ms: 59_123 })
    expect(await readCall(call.call_id)).toMatchObject({ status: 'ENDED', ended_at: 1_795_000_060_000 })
    await gateway.retell.event('call_analyzed', { ...call, call_analysis: { user_sentiment: 'Positive' } })
    expect(await readCall(call.call_id)).toMatchObject({
      status: 'ANALYZED',
      analysis: { user_sentiment: 'Positive' },
      ended_at: 1_795_000_060_000,
    })
  })

  it('counts once, however often and at once it comes', async () => {
    const call = newCall()
    const replies = await Promise.all(Array.from({ length: 8 }, () => gateway.retell.event('call_ended', call)))
    expect(replies.map(({ status }) => status)).toEqual(Array(8).fill(204))
    const [row] = await gateway.db.sql`select * from inbox where key = ${`call_ended:${call.call_id}`}`
    expect(row).toMatchObject({ deliveries: 8, outcome: 'APPLIED' })
    expect(counted.received.filter(({ outcome }) => outcome === 'processed')).toHaveLength(1)
    expect(counted.received.filter(({ outcome }) => outcome === 'duplicate')).toHaveLength(7)
  })

  it('counts once though the retry is signed afresh and written differently', async () => {
    const call = newCall()
    await gateway.retell.event('call_ended', call)
    const raw = JSON.stringify({ call, event: 'call_ended' }, null, 2)
    const signature = signAsRetell(raw, WEBHOOK_KEY, Date.now() - 1000)
    expect((await gateway.retell.send('events', null, { raw, signature })).status).toBe(204)
    expect(counted.received.map(({ outcome }) => outcome)).toEqual(['processed', 'duplicate'])
  })

  it('of a call that never connected makes the call: there is no call_started', async () => {
    const call = newCall({ disconnection_reason: 'dial_no_answer', call_status: 'not_connected' })
    await gateway.retell.event('call_ended', call)
    expect(await readCall(call.call_id)).toMatchObject({ status: 'ENDED', disconnection_reason: 'dial_no_answer' })
  })

  it('that comes late fills gaps and reopens nothing', async () => {
    const call = newCall()
    await gateway.retell.event('call_ended', { ...call, agent_id: 'agent_2', end_timestamp: 1_795_000_060_000 })
    await gateway.retell.event('call_started', { ...call, agent_id: 'agent_1', start_timestamp: 1_795_000_000_000 })
    expect(await readCall(call.call_id)).toMatchObject({
      status: 'ENDED',
      agent_id: 'agent_2',
      started_at: 1_795_000_000_000,
      ended_at: 1_795_000_060_000,
    })
  })

  it('call_analyzed before call_ended stays analyzed', async () => {
    const call = newCall()
    await gateway.retell.event('call_analyzed', { ...call, call_analysis: { call_summary: 'short' } })
    await gateway.retell.event('call_ended', { ...call, duration_ms: 5 })
    expect(await readCall(call.call_id)).toMatchObject({ status: 'ANALYZED', analysis: { call_summary: 'short' } })
  })

  it('says its state by its name, not by call_status', async () => {
    const call = newCall({ call_status: 'ongoing' })
    await gateway.retell.event('call_ended', call)
    expect(await readCall(call.call_id)).toMatchObject({ status: 'ENDED' })
  })

  it('keeps the duration that was told beside the times that do not agree with it', async () => {
    const call = newCall({ start_timestamp: 1_795_000_000_000, end_timestamp: 1_795_000_060_000, duration_ms: 10_000 })
    await gateway.retell.event('call_ended', call)
    const row = await readCall(call.call_id)
    expect(Number(row?.duration_ms)).toBe(10_000)
    expect(Number(row?.ended_at) - Number(row?.started_at)).toBe(60_000)
  })

  it('without metadata takes none away; with null it says that there is none', async () => {
    const call = newCall()
    await gateway.retell.event('call_started', { ...call, metadata: { table: 7 } })
    await gateway.retell.event('call_ended', call)
    expect(await readCall(call.call_id)).toMatchObject({ metadata: { table: 7 } })
    await gateway.retell.event('call_analyzed', { ...call, metadata: null })
    const [row] = await gateway.db.sql`
      select metadata = 'null' as told, dynamic_variables is null as untold from calls where provider_call_id = ${call.call_id}`
    expect(row).toEqual({ told: true, untold: true })
  })

  it('of a web call has no numbers and no direction', async () => {
    const { from_number, to_number, direction, ...call } = newCall({ call_type: 'web_call', access_token: 'secret' })
    expect([from_number, to_number, direction]).not.toContain(undefined)
    await gateway.retell.event('call_started', call)
    const row = await readCall(call.call_id)
    expect(row).toMatchObject({ from_number: null, customer_id: null, status: 'ONGOING' })
    expect(JSON.stringify(row)).not.toContain('secret')
  })

  it('keeps reasons and fields that nobody knows yet', async () => {
    const call = newCall({ disconnection_reason: 'error_of_next_year', latency_of_next_year: { p50: 1 } })
    await gateway.retell.event('call_ended', call)
    const row = await readCall(call.call_id)
    expect(row).toMatchObject({ disconnection_reason: 'error_of_next_year' })
    expect(row?.details).toMatchObject({ latency_of_next_year: { p50: 1 } })
  })

  it('with text that PostgreSQL cannot keep is kept without it', async () => {
    const call = newCall()
    const raw = `{"event":"call_ended","call":${JSON.stringify(call).slice(0, -1)},"transcript":"a\\u0000b \\ud800 c","x":{"\\u0000k":"\\u0000"}}}`
    expect((await gateway.retell.send('events', null, { raw })).status).toBe(204)
    expect((await readCall(call.call_id))?.transcript).toBe('ab \ufffd c')
  })

  it('transcript_updated keeps the newest, whatever the order, and is never a duplicate', async () => {
    const call = newCall()
    const items = [{ role: 'agent' }, { role: 'user' }, { role: 'a role of next year' }]
    const update = (count: number) =>
      gateway.retell.event('transcript_updated', call, { transcript_with_tool_calls: items.slice(0, count) })
    await update(1)
    await update(3)
    await update(2)
    const row = await readCall(call.call_id)
    expect(row?.transcript_items).toHaveLength(3)
    expect(counted.received.every(({ outcome }) => outcome === 'processed')).toBe(true)
  })

  it('of a transfer counts once for each transfer of the call', async () => {
    const call = newCall({ start_timestamp: 1 })
    const to = (number: string) => ({ transfer_destination: { type: 'phone', number }, transfer_option: 'cold' })
    await gateway.retell.event('transfer_started', call, to('+491'))
    await gateway.retell.event('transfer_started', call, to('+491'))
    await gateway.retell.event('transfer_started', call, to('+492'))
    await gateway.retell.event('transfer_ended', call, to('+492'))
    const row = await readCall(call.call_id)
    expect(row?.transfers.map((transfer: { event: string }) => transfer.event)).toEqual([
      'transfer_started',
      'transfer_started',
      'transfer_ended',
    ])
    expect(row?.transfers[0]).toMatchObject({ destination: { number: '+491' }, option: 'cold' })
  })

  it.each(['chat_started', 'chat_ended', 'chat_analyzed'])('%s is acknowledged', async (event) => {
    const reply = await gateway.retell.send('events', { event, chat: { chat_id: 'chat_1' } })
    expect(reply.status).toBe(204)
    expect(counted.received).toEqual([{ event, outcome: 'ignored' }])
  })

  it('that nobody knows yet is acknowledged, counted and kept', async () => {
    const reply = await gateway.retell.send('events', { event: 'call_teleported', call: newCall(), more: 1 })
    expect(reply.status).toBe(204)
    expect(counted.received).toEqual([{ event: 'other', outcome: 'ignored' }])
    const [row] = await gateway.db.sql`select outcome, body from inbox where event = 'call_teleported'`
    expect(row).toMatchObject({ outcome: 'IGNORED' })
  })

  it('that names no call is refused for good', async () => {
    expect((await gateway.retell.send('events', { event: 'call_ended' })).status).toBe(400)
    expect((await gateway.retell.send('events', { event: 'call_ended', call: {} })).status).toBe(400)
    expect((await gateway.retell.send('events', { call: newCall() })).status).toBe(400)
    expect((await gateway.retell.send('events', null, { raw: 'no json' })).status).toBe(400)
    expect((await gateway.retell.send('events', null, { raw: '[]' })).status).toBe(400)
  })

  it('releases what the conversation still holds when it ends', async () => {
    const call = gateway.retell.call()
    await call.invoke('hold_slot', { date: 'übermorgen', time: '10 Uhr' })
    await gateway.retell.event('call_ended', call.object)
    const rows = await gateway.db.sql`select status from holds where session_key = ${call.callId}`
    expect(rows).toEqual([{ status: 'RELEASED' }])
  })
})

describe('a delivery', () => {
  it('that is not signed by the configured key changes nothing', async () => {
    const call = newCall()
    const raw = JSON.stringify({ event: 'call_ended', call })
    for (const signature of ['', 'v=1,d=00', signAsRetell(raw, 'another key', Date.now())]) {
      expect((await gateway.retell.send('events', null, { raw, signature })).status).toBe(401)
    }
    const old = signAsRetell(raw, WEBHOOK_KEY, Date.now() - 301_000)
    const future = signAsRetell(raw, WEBHOOK_KEY, Date.now() + 310_000)
    expect((await gateway.retell.send('events', null, { raw, signature: old })).status).toBe(401)
    expect((await gateway.retell.send('events', null, { raw, signature: future })).status).toBe(401)
    expect(counted.signatures).toEqual(['missing', 'malformed', 'mismatch', 'expired', 'expired'])
    expect(await readCall(call.call_id)).toBeUndefined()
  })

  it('belongs to the organization of its address and to no other', async () => {
    const other = await addTenant(gateway.db)
    const integration = await inTransaction(gateway.db, other.organizationId, (tx) =>
      connectRetell(tx, connection(other, { connection: { apiKey: 'key of the other one' } })),
    )
    const call = newCall()
    const stranger = createFakeRetell({ url: gateway.url, integrationId: integration.id, webhookKey: WEBHOOK_KEY })
    expect((await stranger.event('call_ended', call)).status).toBe(401)
    const genuine = createFakeRetell({
      url: gateway.url,
      integrationId: integration.id,
      webhookKey: 'key of the other one',
    })
    expect((await genuine.event('call_ended', call)).status).toBe(204)
    expect((await gateway.retell.event('call_ended', call)).status).toBe(204)
    const rows = await gateway.db.sql`
      select organization_id from calls where provider_call_id = ${call.call_id} order by created_at`
    expect(rows.map((row) => row.organization_id)).toEqual([other.organizationId, gateway.organizationId])
  })

  it('to an unknown or disconnected integration is refused: there is no default', async () => {
    for (const integrationId of [randomUUID(), 'default', '1']) {
      const lost = createFakeRetell({ url: gateway.url, integrationId, webhookKey: WEBHOOK_KEY })
      expect((await lost.event('call_ended', newCall())).status).toBe(404)
    }
    const other = await addTenant(gateway.db)
    const { id } = await other.write((tx) => connectRetell(tx, connection(other)))
    const leaving = createFakeRetell({ url: gateway.url, integrationId: id, webhookKey: WEBHOOK_KEY })
    expect((await leaving.event('call_ended', newCall())).status).toBe(204)
    await other.write((tx) => disconnectIntegration(tx, { integrationId: id }))
    await until(async () => (await leaving.event('call_ended', newCall())).status === 404, { deadlineMs: 3000 })
  })

  it('by GET is refused: only a body is signed', async () => {
    const signature = signAsRetell('', WEBHOOK_KEY, Date.now())
    const url = `${gateway.url}/webhooks/retell/integration_${gateway.integrationId}/functions/list_services?date=x`
    const response = await fetch(url, { headers: { 'x-retell-signature': signature } })
    expect(response.status).toBe(405)
  })

  it('whose effect fails is as if it had never come, and its retry is applied', async () => {
    const call = newCall()
    await gateway.db.sql.unsafe(`
      create function refuse_call() returns trigger language plpgsql as $$ begin raise 'the database is full'; end $$;
      create trigger refuse_call before insert on calls for each row execute function refuse_call();`)
    expect((await gateway.retell.event('call_ended', call)).status).toBe(503)
    expect(await gateway.db.sql`select from inbox where key = ${`call_ended:${call.call_id}`}`).toHaveLength(0)
    await gateway.db.sql.unsafe('drop trigger refuse_call on calls')
    expect((await gateway.retell.event('call_ended', call)).status).toBe(204)
    expect(await readCall(call.call_id)).toMatchObject({ status: 'ENDED' })
  })

  it('that cannot be recorded has no effect either', async () => {
    const call = newCall()
    await gateway.db.sql.unsafe(`
      create function refuse_inbox() returns trigger language plpgsql as $$ begin raise 'the database is full'; end $$;
      create trigger refuse_inbox before update on inbox for each row execute function refuse_inbox();`)
    expect((await gateway.retell.event('call_ended', call)).status).toBe(503)
    await gateway.db.sql.unsafe('drop trigger refuse_inbox on inbox')
    expect(await readCall(call.call_id)).toBeUndefined()
  })
})

describe('the inbound hook', () => {
  interface Inbound {
    dynamic_variables: Record<string, unknown>
    metadata: { slotwire_call_id: string }
  }

  async function ring(numbers: Record<string, unknown>, beside: Record<string, unknown> = {}): Promise<Inbound> {
    const { status, body } = await gateway.retell.send('inbound', {
      event: 'call_inbound',
      call_inbound: numbers,
      ...beside,
    })
    expect(status).toBe(200)
    expect(Object.keys(body)).toEqual(['call_inbound'])
    return body.call_inbound as Inbound
  }

  it('answers strings only, beside our reference, in call_inbound', async () => {
    const answer = await ring({ from_number: '+491709990001', to_number: '+493012345' }, { event_timestamp: 1 })
    expect(Object.values(answer.dynamic_variables).every((value) => typeof value === 'string')).toBe(true)
    expect(answer.dynamic_variables).toMatchObject({ customer_known: 'false', time_zone: 'Europe/Berlin' })
    expect(answer.metadata.slotwire_call_id).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('ties the call that follows by our reference', async () => {
    const call = await gateway.retell.ring({ from: '+491709990002' })
    await gateway.retell.event('call_started', call.object)
    const rows = await gateway.db
      .sql`select id, status, provider_call_id from calls where from_number = '+491709990002'`
    expect(rows).toMatchObject([{ status: 'ONGOING', provider_call_id: call.callId }])
  })

  it('lets no call take the reference of another', async () => {
    const first = await gateway.retell.ring({ from: '+491709990003' })
    await gateway.retell.event('call_started', first.object)
    const second = newCall({ metadata: first.object.metadata })
    await gateway.retell.event('call_started', second)
    expect((await readCall(first.callId))?.id).not.toBe((await readCall(second.call_id))?.id)
  })

  it('ties no call by likeness of numbers alone', async () => {
    await gateway.retell.ring({ from: '+491709990004' })
    const call = newCall({ from_number: '+491709990004' })
    await gateway.retell.event('call_started', call)
    const rows = await gateway.db.sql`select status from calls where from_number = '+491709990004' order by created_at`
    expect(rows).toEqual([{ status: 'ANNOUNCED' }, { status: 'ONGOING' }])
  })

  it('gives a retry the reference of the first delivery, with a call id or the time of the event', async () => {
    const numbers = { from_number: '+491709990005', to_number: '+493012345' }
    const first = await ring(numbers, { event_timestamp: 5 })
    expect((await ring(numbers, { event_timestamp: 5 })).metadata).toEqual(first.metadata)
    expect((await ring(numbers, { event_timestamp: 6 })).metadata).not.toEqual(first.metadata)
    const named = await ring({ ...numbers, call_id: 'call_named' })
    expect((await ring({ ...numbers, call_id: 'call_named' }, { event_timestamp: 9 })).metadata).toEqual(named.metadata)
    await gateway.retell.event('call_started', newCall({ call_id: 'call_named' }))
    expect((await readCall('call_named'))?.id).toBe(named.metadata.slotwire_call_id)
  })

  it('takes the older body, without a time, an agent and headers', async () => {
    const { status } = await gateway.retell.send('inbound', {
      event: 'call_inbound',
      call_inbound: { from_number: '+491709990006', to_number: '+493012345' },
    })
    expect(status).toBe(200)
  })

  it('greets whom the carrier names, and nobody else', async () => {
    const booking = gateway.retell.call({ from: '+491709990007' })
    await booking.invoke('book_appointment', { name: 'Ada Lovelace', date: 'übermorgen', time: '8:00' })
    const known = await ring({ from_number: '+491709990007' })
    expect(known.dynamic_variables).toMatchObject({ customer_known: 'true', customer_name: 'Ada Lovelace' })
    const national = await ring({ from_number: '01709990007' })
    expect(national.dynamic_variables).toMatchObject({ customer_known: 'false' })
  })

  it.each(['anonymous', 'Anonymous', '', 'unknown', '+266696687', null, undefined, 42])(
    'looks nobody up by %j',
    async (from_number) => {
      await gateway.db.sql`
        insert into customers (organization_id, id, name, phone)
        values (${gateway.organizationId}, ${randomUUID()}, 'Nobody', ${String(from_number)}) on conflict do nothing`
      const answer = await ring({ from_number })
      expect(answer.dynamic_variables).toMatchObject({ customer_known: 'false', customer_name: '' })
    },
  )

  it('lets the call go on when the gateway cannot answer', async () => {
    await gateway.db.sql`alter table calls rename to calls_elsewhere`
    const { status, body } = await gateway.retell.send('inbound', {
      event: 'call_inbound',
      event_timestamp: 77,
      call_inbound: {},
    })
    await gateway.db.sql`alter table calls_elsewhere rename to calls`
    expect({ status, body }).toEqual({ status: 200, body: { call_inbound: {} } })
  })

  it('answers its twin for text messages', async () => {
    const reply = await gateway.retell.send('inbound', {
      event: 'chat_inbound',
      chat_inbound: { from_number: '+4917' },
    })
    expect(reply).toEqual({ status: 200, body: { chat_inbound: {} } })
  })
})

it('what was received is forgotten after a month, but for what could not be applied', async () => {
  const call = newCall()
  await gateway.retell.event('call_started', call)
  await gateway.retell.call({}).invoke('list_services', {})
  const { sql } = gateway.db
  const counts = async () => {
    const [row] = await sql<[{ inbox: number; functions: number }]>`
      select (select count(*)::int from inbox) as inbox, (select count(*)::int from call_functions) as functions`
    return row
  }
  const before = await counts()
  await Promise.all((['inbox', 'callFunctions'] as const).map((name) => prune(gateway.db, name)))
  expect(await counts()).toEqual(before)
  await sql`update inbox set received_at = now() - interval '31 days', last_received_at = now() - interval '31 days'`
  await sql`update inbox set outcome = 'FAILED' where body like ${`%${call.call_id}%`}`
  await sql`update call_functions set started_at = now() - interval '31 days'`
  await Promise.all((['inbox', 'callFunctions'] as const).map((name) => prune(gateway.db, name)))
  expect(await counts()).toEqual({ inbox: 1, functions: 0 })
})

it('where transcripts are kept for 0 days, what was said is stored nowhere', async () => {
  await using silent = await openRetellGateway({ keepsTranscripts: false })
  const said = 'my secret illness'
  const transcript_object = [{ role: 'user', content: said }]
  const call = newCall({ transcript: said, transcript_object, recording_url: `https://recordings.example/${said}` })
  await silent.retell.event('call_started', call)
  await silent.retell.event('transcript_updated', call, { transcript_with_tool_calls: transcript_object })
  await silent.retell.call({ metadata: { transcript: said } }).invoke('release_slot', {})
  await silent.retell.event('call_ended', call)
  await silent.retell.event('chat_ended', {}, { chat: { chat_id: 'chat', transcript: said } })
  for (const table of ['calls', 'inbox', 'call_functions']) {
    const rows = await silent.db.sql`select t::text as row from ${silent.db.sql(table)} t`
    expect(JSON.stringify(rows), table).not.toContain(said)
  }
})
